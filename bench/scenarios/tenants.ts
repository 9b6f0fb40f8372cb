import { drainQueue } from '../harness/drain-queue.ts';
import { findStartTimes } from '../harness/find-start-times.ts';
import { generateLoad } from '../harness/load-generator.ts';
import { alternate, median } from '../harness/rounds.ts';
import { startStack, type Stack } from '../harness/stack.ts';
import { createApiKey, promptq, promptqWithKeys, type ApiKey } from '../harness/subject.ts';
import { submissionBody, submit } from '../harness/submit.ts';
import { atLeast, toRow } from '../report/row.ts';
import type { Scenario, ScenarioContext } from './scenario.ts';

const connections = 50;
/** Jobs of the tenant that submits last. */
const lateJobs = 20;
/** At most this many of the first tenant's jobs may start before the late tenant's last job. */
const maxStartedBefore = 2 * lateJobs;

/** What API keys and fair share between tenants cost: at submission, and in the workers' throughput. */
export const tenants: Scenario = {
  names: ['tenants'],
  seconds: 60,
  measure: async (context) => {
    const { environment, sizes } = context;
    const apiKeys = { first: createApiKey('first'), late: createApiKey('late') };
    const stacks = {
      keys: await startStack(environment, promptqWithKeys([apiKeys.first, apiKeys.late], '{keys}')),
      open: await startStack(environment, promptq('{open}')),
    };
    const drainOpen = () => drainQueue(stacks.open, sizes.tenantJobs + lateJobs);
    await drainTwoTenants(context, stacks.keys, apiKeys);
    await drainOpen();
    const startedBefore: number[] = [];
    const drained = await alternate(
      {
        keys: async () => {
          const result = await drainTwoTenants(context, stacks.keys, apiKeys);
          startedBefore.push(result.startedBefore);
          return result.perSecond;
        },
        open: drainOpen,
      },
      { ...context, endsAt: performance.now() + (context.endsAt - performance.now()) / 2 },
    );
    for (const stack of Object.values(stacks)) await stack.stopWorkers();
    const accepted = await alternate(
      {
        keys: () => measureSubmissions(context, stacks.keys),
        open: () => measureSubmissions(context, stacks.open),
      },
      context,
    );
    return [
      toRow({
        name: 'tenants-throughput',
        unit: 'jobs/s',
        ours: drained.keys,
        diy: drained.open,
        against: 'without keys',
        target: atLeast(0.9),
        note: `${median(startedBefore)} of the ${sizes.tenantJobs} jobs in front start before the last of the ${lateJobs} late ones`,
      }),
      toRow({
        name: 'tenants-submissions',
        unit: 'req/s',
        ours: accepted.keys,
        diy: accepted.open,
        against: 'without keys',
        target: atLeast(0.9),
      }),
    ];
  },
};

/**
 * Drains a queue in which one tenant's many jobs wait in front of another's few.
 * @throws {Error} when the few have to wait for the many
 */
async function drainTwoTenants(
  { sizes }: ScenarioContext,
  stack: Stack,
  apiKeys: { first: ApiKey; late: ApiKey },
): Promise<{ perSecond: number; startedBefore: number }> {
  const { port, subject } = stack;
  let startedBefore = 0;
  const perSecond = await drainQueue(stack, sizes.tenantJobs, {
    addMore: async () => {
      const target = { port, path: subject.submitPath, headers: apiKeys.late.headers };
      await submit(target, { jobs: lateJobs, submitters: 1 });
      return lateJobs;
    },
    whenFinished: async () => {
      const last = Math.max(...(await findStartTimes(port, apiKeys.late.headers)));
      const others = await findStartTimes(port, apiKeys.first.headers);
      startedBefore = others.filter((ms) => ms < last).length;
    },
  });
  if (startedBefore > maxStartedBefore) {
    throw new Error(
      `${startedBefore} jobs of the first tenant started before the last of the late tenant; at most ${maxStartedBefore} may`,
    );
  }
  return { perSecond, startedBefore };
}

async function measureSubmissions({ sizes }: ScenarioContext, stack: Stack): Promise<number> {
  const { port, subject } = stack;
  const { perSecond } = await generateLoad({
    port,
    connections,
    seconds: sizes.submissionSeconds,
    headers: subject.headers,
    requests: [{ method: 'POST', path: subject.submitPath, body: submissionBody }],
  });
  await stack.clear();
  return perSecond;
}
