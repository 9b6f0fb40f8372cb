import { QueueEvents } from 'bullmq';
import type { Experiment, ExperimentContext } from '../experiment.ts';
import { getRequest, openConnection, postRequest } from '../harness/connection.ts';
import { inTurns, percentile } from '../harness/rounds.ts';
import { diy, ours } from '../harness/side.ts';
import { startStack, type Stack } from '../harness/stack.ts';
import { submission } from '../harness/submit.ts';
import { until } from '../harness/until.ts';
import { atMost, notMeasured, toRow } from '../report/row.ts';

interface Latencies {
  p50Ms: number;
  p99Ms: number;
  /** Answers that came before the audit event of their job was written. */
  early: number;
}

const quantiles = [
  { name: 'idle-latency-p50', of: ({ p50Ms }: Latencies) => p50Ms },
  { name: 'idle-latency-p99', of: ({ p99Ms }: Latencies) => p99Ms },
];
const about = { unit: 'ms', target: atMost(1) };

/** One job after the other: from its submission until the client has its end. */
export const idleLatency: Experiment = {
  names: ['idle-latency'],
  seconds: 40,
  run: async (context) => {
    const { bed } = context;
    const stacks = { ours: await startStack(bed, ours()), diy: await startStack(bed, diy) };
    const canWait = await waits(stacks.ours);
    const theirs = await completedEvents(context, stacks.diy);
    try {
      if (!canWait) {
        const figures = await inTurns({ diy: () => theirs.measure() }, context);
        const note = 'not supported by this build: GET /v1/jobs/{id}?wait=n';
        return quantiles.map(({ name, of }) =>
          notMeasured({ ...about, name, note }, figures.diy.map(of)),
        );
      }
      await waitingGets(context, stacks.ours);
      const figures = await inTurns(
        { ours: () => waitingGets(context, stacks.ours), diy: () => theirs.measure() },
        context,
      );
      const early = figures.ours.reduce((sum, round) => sum + round.early, 0);
      const all = figures.ours.length * context.sizes.latencyJobs;
      const note =
        early > 0
          ? `${early} of ${all} answers came before the audit event; they count until it was written`
          : '';
      return quantiles.map(({ name, of }) =>
        toRow({ ...about, name, note, ours: figures.ours.map(of), diy: figures.diy.map(of) }),
      );
    } finally {
      await theirs.close();
    }
  },
};

/** Whether this build knows `?wait=`. */
async function waits({ port }: Stack): Promise<boolean> {
  const connection = await openConnection(port);
  try {
    const { status } = await connection.send(getRequest('/v1/jobs/chat_none?wait=1'));
    // An unknown member of the query is 400; a job that is not there is 404.
    return status === 404;
  } finally {
    connection.close();
  }
}

/** Ours: `POST`, then `GET ?wait=20`, which answers when the job is settled. */
async function waitingGets({ bed, sizes }: ExperimentContext, stack: Stack): Promise<Latencies> {
  const request = postRequest(stack.side.submitPath, submission);
  const connection = await openConnection(stack.port);
  const latenciesMs: number[] = [];
  let early = 0;
  for (let n = 0; n < sizes.latencyJobs; n += 1) {
    const startedAt = performance.now();
    const accepted = JSON.parse((await connection.send(request)).body) as { id: string };
    const answer = await connection.send(getRequest(`/v1/jobs/${accepted.id}?wait=20`));
    let endedAt = performance.now();
    const { status } = JSON.parse(answer.body) as { status: string };
    if (status !== 'completed') throw new Error(`a waiting GET was answered with ${status}`);
    // The job counts as over when it is settled as well.
    const isAudited = async () => (await stack.side.finished(bed.redis)) === n + 1;
    if (!(await isAudited())) {
      early += 1;
      await until('the audit event is written', isAudited, 1);
      endedAt = performance.now();
    }
    latenciesMs.push(endedAt - startedAt);
  }
  connection.close();
  await stack.clear();
  return toLatencies(latenciesMs, early);
}

/** DIY: `POST`, then BullMQ's event that the job is completed, which comes before the audit entry. */
async function completedEvents({ bed, sizes }: ExperimentContext, stack: Stack) {
  const events = new QueueEvents('chat', {
    connection: { url: bed.redisUrl },
    prefix: stack.side.prefix,
  });
  const completedAt = new Map<string, number>();
  let wake: () => void = () => {};
  events.on('completed', ({ jobId }) => {
    completedAt.set(jobId, performance.now());
    wake();
  });
  await events.waitUntilReady();
  const request = postRequest(stack.side.submitPath, submission);
  const measure = async (): Promise<Latencies> => {
    const connection = await openConnection(stack.port);
    const latenciesMs: number[] = [];
    for (let n = 0; n < sizes.latencyJobs; n += 1) {
      const startedAt = performance.now();
      const { id } = JSON.parse((await connection.send(request)).body) as { id: string };
      while (!completedAt.has(id)) await new Promise<void>((resolve) => (wake = resolve));
      latenciesMs.push((completedAt.get(id) as number) - startedAt);
    }
    connection.close();
    await stack.untilFinished(sizes.latencyJobs);
    await stack.clear();
    // Ids begin anew with an empty queue.
    completedAt.clear();
    return toLatencies(latenciesMs, 0);
  };
  await measure();
  return { measure, close: () => events.close() };
}

function toLatencies(ms: number[], early: number): Latencies {
  return { p50Ms: percentile(ms, 0.5), p99Ms: percentile(ms, 0.99), early };
}
