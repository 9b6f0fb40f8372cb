import { setTimeout as sleep } from 'node:timers/promises';

const terminal = new Set(['completed', 'failed', 'cancelled', 'expired']);
const jobTimeoutSeconds = 300;
const auditTimeoutSeconds = 10;
const auditPollMs = 100;
/** Used when the API's headers contain no poll interval. */
const defaultPollMs = 500;

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
 * Submits one chat job and one analysis job over HTTP, waits for both, and prints their results and audit events. For a
 * failed job it prints the error.
 * @throws {Error} when the API fails
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
      title: `an analysis job about ${text.name}`,
      request: { type: 'analysis', input: { text: text.content } },
    },
  ];
  context.say(`\nSubmitting ${samples.map((sample) => sample.title).join(' and ')} ...`);
  await Promise.all(samples.map((sample) => runOne(sample, context)));
}

async function runOne(sample: Sample, context: Context): Promise<void> {
  const startedMs = performance.now();
  const submitted = await request('/v1/jobs', context, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(sample.request),
  });
  const submitMs = performance.now() - startedMs;
  const job = await waitUntilTerminal(submitted, context);
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
  if (audit.length === 0) say(`  audit    no event within ${auditTimeoutSeconds} s`);
}

interface ApiResponse {
  body: unknown;
  pollAfterMs: number;
}

async function waitUntilTerminal(submitted: ApiResponse, context: Context): Promise<Job> {
  const deadline = performance.now() + jobTimeoutSeconds * 1000;
  let response = submitted;
  for (;;) {
    const job = toJob(response.body);
    if (terminal.has(job.status)) return job;
    if (performance.now() > deadline) {
      throw new Error(
        `${job.id} is still ${job.status} after ${jobTimeoutSeconds} s. Follow it with GET ${context.apiUrl}/v1/jobs/${job.id}`,
      );
    }
    await sleep(response.pollAfterMs, undefined, { signal: context.stopping });
    response = await request(`/v1/jobs/${job.id}`, context);
  }
}

/** Waits for the audit event of a finished job. */
async function auditEvents(jobId: string, context: Context): Promise<unknown[]> {
  const deadline = performance.now() + auditTimeoutSeconds * 1000;
  for (;;) {
    const { body } = await request(`/v1/audit?job_id=${encodeURIComponent(jobId)}`, context);
    const { data } = body as { data?: unknown };
    if (!Array.isArray(data))
      throw new Error(`GET /v1/audit did not return a list: ${JSON.stringify(body)}`);
    if (data.length > 0 || performance.now() > deadline) return data;
    await sleep(auditPollMs, undefined, { signal: context.stopping });
  }
}

async function request(
  path: string,
  context: Context,
  init: RequestInit = {},
): Promise<ApiResponse> {
  const response = await fetch(`${context.apiUrl}${path}`, { ...init, signal: context.stopping });
  const text = await response.text();
  if (!response.ok)
    throw new Error(
      `${init.method ?? 'GET'} ${path} answered with status ${response.status}: ${text}`,
    );
  const body: unknown = JSON.parse(text);
  return { body, pollAfterMs: pollAfterMs(response.headers) };
}

function pollAfterMs(headers: Headers): number {
  const ms = Number(headers.get('openai-poll-after-ms') ?? Number.NaN);
  if (Number.isFinite(ms)) return ms;
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : defaultPollMs;
}

function toJob(body: unknown): Job {
  const job = body as Partial<Job> | null;
  if (typeof job?.id !== 'string' || typeof job.status !== 'string') {
    throw new Error(`the API did not return a job: ${JSON.stringify(body)}`);
  }
  return { id: job.id, status: job.status, output: job.output, error: job.error, usage: job.usage };
}
