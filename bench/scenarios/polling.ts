import type { Environment } from '../harness/environment.ts';
import { generateLoad, type GeneratedLoad } from '../harness/load-generator.ts';
import { alternate, median } from '../harness/rounds.ts';
import { runLoad } from '../harness/run-load.ts';
import { startStack, type Stack } from '../harness/stack.ts';
import { diy, promptq, type Subject } from '../harness/subject.ts';
import { submissionBody } from '../harness/submit.ts';
import { atLeast, toRow } from '../report/row.ts';
import type { Scenario } from './scenario.ts';

const connections = 50;
/** How many different jobs are polled. */
const polledJobs = 500;

/** How fast one API process answers polls while many jobs are in Redis, half of them finished. */
export const polling: Scenario = {
  names: ['polling'],
  seconds: 45,
  measure: async (context) => {
    const { environment, sizes } = context;
    const filled = {
      promptq: await fill(environment, promptq(), sizes.pollingJobs),
      diy: await fill(environment, diy, sizes.pollingJobs),
    };
    // Submissions use a prefix of their own, so that the polled queue does not grow.
    const submitting = await startStack(environment, promptq('{submissions}'), { workers: 0 });
    const measure = async ({ port }: Stack, requests: GeneratedLoad['requests']) => {
      const seconds = sizes.pollingSeconds;
      const { perSecond } = await generateLoad({ port, connections, seconds, requests });
      return perSecond;
    };
    const submit = async () => {
      const path = submitting.subject.submitPath;
      const perSecond = await measure(submitting, [{ method: 'POST', path, body: submissionBody }]);
      await submitting.clear();
      return perSecond;
    };
    const poll = ({ stack, requests }: FilledStack) => measure(stack, requests);
    await submit();
    await poll(filled.promptq);
    await poll(filled.diy);
    const results = await alternate(
      {
        promptq: () => poll(filled.promptq),
        submissions: submit,
        diy: () => poll(filled.diy),
      },
      context,
    );
    return [
      toRow({
        name: 'polling',
        unit: 'req/s',
        ours: results.promptq,
        diy: results.submissions,
        against: 'submissions',
        target: atLeast(1.3),
        note: `${sizes.pollingJobs} jobs in Redis; DIY answers ${Math.round(median(results.diy))} polls/s`,
      }),
    ];
  },
};

interface FilledStack {
  stack: Stack;
  /** Polls of finished and of waiting jobs, half of each. */
  requests: { method: 'GET'; path: string }[];
}

/** Starts a subject and fills its Redis: half of the jobs are finished, half are waiting, and no worker runs. */
async function fill(
  environment: Environment,
  subject: Subject,
  jobs: number,
): Promise<FilledStack> {
  const stack = await startStack(environment, subject);
  await runLoad(environment, stack, 100);
  const half = Math.ceil(jobs / 2);
  const finished = await stack.submit({ jobs: half, submitters: connections });
  await stack.waitUntilFinished(half);
  await stack.stopWorkers();
  const waiting = await stack.submit({ jobs: jobs - half, submitters: connections });
  const polled = [finished, waiting].flatMap((bodies) => bodies.slice(0, polledJobs / 2));
  const requests = polled.map((body) => {
    const { id } = JSON.parse(body) as { id: string };
    return { method: 'GET' as const, path: `${subject.submitPath}/${id}` };
  });
  return { stack, requests };
}
