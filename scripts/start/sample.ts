import { setTimeout as sleep } from 'node:timers/promises';

const terminal = new Set(['completed', 'failed', 'cancelled', 'expired']);
const patienceSeconds = 300;
const auditPatienceSeconds = 10;
const auditPollMs = 100;
/** The API names a better one in its headers. */
const pollMs = 500;

interface Sample {
  title: string;
  request: { type: string; input: Record<string, unknown> };
}

interface Job {
  id: string;
  status: string;
  output: unknown;
  error: unknown;
  usage: unknown;
}

interface Context {
  apiUrl: string;
  say: (line: string) => void;
  stopping: AbortSignal;
}

/**
 * Submits one chat job and one analysis job as any client would, waits for both, and prints their results and audit
 * events. A job that fails is printed with its error; only the API itself failing rejects.
 */
export async function runSample(
  text: { name: string; content: string },
  context: Context,
): Promise<void> {
  const samples: Sample[] = [
    {
      title: 'a chat job',
      request: { type: 'chat', input: { message: 'What is a job queue good for?' } },
    },
    {
      title: `an analysis job of ${text.name}`,
      request: { type: 'analysis', input: { text: text.content } },
    },
  ];
  context.say(`\nSubmitting ${samples.map((sample) => sample.title).join(' and ')} ...`);
  await Promise.all(samples.map((sample) => runOne(sample, context)));
}

async function runOne(sample: Sample, context: Context): Promise<void> {
  const startedMs = performance.now();
  const submitted = await ask('/v1/jobs', context, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(sample.request),
  });
  const submitMs = performance.now() - startedMs;
  const job = await untilTerminal(submitted, context);
  const totalMs = performance.now() - startedMs;
  const audit = await auditEvents(job.id, context);
  const { say } = context;
  say('');
  say(`Sample: ${sample.title}`);
  say(
    `  job      ${job.id}, accepted in ${submitMs.toFixed(0)} ms, ${job.status} after ${totalMs.toFixed(0)} ms`,
  );
  if (job.status === 'completed') say(`  output   ${JSON.stringify(job.output)}`);
  else say(`  error    ${JSON.stringify(job.error)}`);
  say(`  usage    ${JSON.stringify(job.usage)}`);
  for (const event of audit) say(`  audit    ${JSON.stringify(event)}`);
  if (audit.length === 0) say(`  audit    no event within ${auditPatienceSeconds} s`);
}

interface Answer {
  body: unknown;
  pollAfterMs: number;
}

async function untilTerminal(submitted: Answer, context: Context): Promise<Job> {
  const deadline = performance.now() + patienceSeconds * 1000;
  let answer = submitted;
  for (;;) {
    const job = jobOf(answer.body);
    if (terminal.has(job.status)) return job;
    if (performance.now() > deadline) {
      throw new Error(
        `${job.id} is still ${job.status} after ${patienceSeconds} s: ask GET ${context.apiUrl}/v1/jobs/${job.id}`,
      );
    }
    await sleep(answer.pollAfterMs, undefined, { signal: context.stopping });
    answer = await ask(`/v1/jobs/${job.id}`, context);
  }
}

/** The audit event is written right after the job ends, by whichever worker settles it. */
async function auditEvents(jobId: string, context: Context): Promise<unknown[]> {
  const deadline = performance.now() + auditPatienceSeconds * 1000;
  for (;;) {
    const { body } = await ask(`/v1/audit?job_id=${encodeURIComponent(jobId)}`, context);
    const { data } = body as { data?: unknown };
    if (!Array.isArray(data)) throw new Error(`the audit is not a list: ${JSON.stringify(body)}`);
    if (data.length > 0 || performance.now() > deadline) return data;
    await sleep(auditPollMs, undefined, { signal: context.stopping });
  }
}

async function ask(path: string, context: Context, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`${context.apiUrl}${path}`, { ...init, signal: context.stopping });
  const text = await response.text();
  if (!response.ok)
    throw new Error(`${init.method ?? 'GET'} ${path} answered ${response.status}: ${text}`);
  const body: unknown = JSON.parse(text);
  return { body, pollAfterMs: pollAfterMs(response.headers) };
}

function pollAfterMs(headers: Headers): number {
  const ms = Number(headers.get('openai-poll-after-ms') ?? Number.NaN);
  if (Number.isFinite(ms)) return ms;
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : pollMs;
}

function jobOf(body: unknown): Job {
  const job = body as Partial<Job> | null;
  if (typeof job?.id !== 'string' || typeof job.status !== 'string') {
    throw new Error(`this is no job: ${JSON.stringify(body)}`);
  }
  return { id: job.id, status: job.status, output: job.output, error: job.error, usage: job.usage };
}
