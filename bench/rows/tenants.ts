import type { Experiment, ExperimentContext } from '../experiment.ts';
import { fire } from '../harness/cannon.ts';
import { inTurns, median } from '../harness/rounds.ts';
import { runPaused } from '../harness/run-paused.ts';
import {
  ours,
  oursWithKeys,
  oursWithoutFairShare,
  queueOf,
  tenantKey,
  type TenantKey,
} from '../harness/side.ts';
import { startStack, type Stack } from '../harness/stack.ts';
import { submission, submit } from '../harness/submit.ts';
import { atLeast, toRow } from '../report/row.ts';

const connections = 50;
/** Jobs of the tenant that comes late. */
const lateJobs = 20;
/** As many of the other tenant's jobs may start before the last of those. */
const mostBefore = 2 * lateJobs;

/** What API keys and the fair share of tenants cost: at the submission, and of the workers' throughput. */
export const tenants: Experiment = {
  names: ['tenants'],
  seconds: 60,
  run: async (context) => {
    const { bed, sizes } = context;
    const [first, late] = [tenantKey('first'), tenantKey('late')];
    const stacks = {
      keys: await startStack(bed, oursWithKeys([first, late], '{keys}')),
      open: await startStack(bed, ours('{open}')),
      unfair: await startStack(bed, oursWithoutFairShare([first], '{unfair}'), { workers: 0 }),
    };
    const throughput = {
      keys: () => twoTenants(context, stacks.keys, late),
      open: () => runPaused(bed, stacks.open, sizes.tenantJobs + lateJobs),
    };
    await throughput.keys();
    await throughput.open();
    const startedBefore: number[] = [];
    const rates = await inTurns(
      {
        keys: async () => {
          const { perSecond, before } = await throughput.keys();
          startedBefore.push(before);
          return perSecond;
        },
        open: throughput.open,
      },
      { ...context, endsAt: performance.now() + (context.endsAt - performance.now()) / 2 },
    );
    for (const stack of Object.values(stacks)) await stack.stopWorkers();
    const accepted = await inTurns(
      {
        keys: () => submissionsOf(context, stacks.keys, 'in fair order'),
        unfair: () => submissionsOf(context, stacks.unfair, 'as they come'),
        open: () => submissionsOf(context, stacks.open, 'as they come'),
      },
      context,
    );
    return [
      toRow({
        name: 'tenants-throughput',
        unit: 'jobs/s',
        ours: rates.keys,
        diy: rates.open,
        against: 'without keys',
        target: atLeast(0.9),
        note: `${lateJobs} jobs of one tenant behind ${sizes.tenantJobs} of another: before its last one, ${median(startedBefore)} of the other's started`,
      }),
      toRow({
        name: 'tenants-submissions',
        unit: 'req/s',
        ours: accepted.keys,
        diy: accepted.unfair,
        against: 'without fair share',
        target: atLeast(0.9),
        note: `with API keys on both sides; without keys ${Math.round(median(accepted.open))} req/s`,
      }),
    ];
  },
};

/** One tenant's many jobs wait, then another's few. @throws {Error} when those have to wait for the many */
async function twoTenants(
  { bed, sizes }: ExperimentContext,
  stack: Stack,
  late: TenantKey,
): Promise<{ perSecond: number; before: number }> {
  const target = { port: stack.port, submitPath: stack.side.submitPath, headers: late.headers };
  let before = 0;
  const perSecond = await runPaused(bed, stack, sizes.tenantJobs, {
    queuing: async () => {
      await submit(target, { jobs: lateJobs, submitters: 1 });
      return lateJobs;
    },
    finished: async () => {
      before = await startedBeforeLast(bed.redis, stack, late.tenant);
    },
  });
  if (before > mostBefore) throw new Error(`${before} jobs of the other tenant started before`);
  return { perSecond, before };
}

/** How many jobs of other tenants were started before the last one of this tenant. */
async function startedBeforeLast(
  redis: ExperimentContext['bed']['redis'],
  stack: Stack,
  tenant: string,
): Promise<number> {
  const queue = queueOf(stack.side, redis);
  const jobs = await queue.getJobs(['completed']);
  await queue.close();
  const isLate = (data: unknown) => (data as { tenant?: string }).tenant === tenant;
  const startedAt = (late: boolean) =>
    jobs.filter(({ data }) => isLate(data) === late).map(({ processedOn = 0 }) => processedOn);
  const last = Math.max(...startedAt(true));
  return startedAt(false).filter((ms) => ms < last).length;
}

/** @throws {Error} when the jobs were not put in the order that is measured */
async function submissionsOf(
  { bed, sizes }: ExperimentContext,
  stack: Stack,
  order: 'in fair order' | 'as they come',
): Promise<number> {
  const { port, side } = stack;
  const requests = [{ method: 'POST' as const, path: side.submitPath, body: submission }];
  const seconds = sizes.submissionSeconds;
  const figures = await fire({ port, connections, seconds, headers: side.headers, requests });
  const hasTags = (await bed.redis.exists(`${side.prefix}:fair:chat:1`)) === 1;
  if (hasTags !== (order === 'in fair order')) throw new Error(`the jobs were not put ${order}`);
  await stack.clear();
  return figures.perSecond;
}
