import { QueueEvents } from 'bullmq';
import { getRequest, openConnection, postRequest } from '../harness/connection.ts';
import { alternate, percentile } from '../harness/rounds.ts';
import { startStack, type Stack } from '../harness/stack.ts';
import { diy, promptq } from '../harness/subject.ts';
import { submissionBody } from '../harness/submit.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { atMost, toRow } from '../report/row.ts';
import type { Scenario, ScenarioContext } from './scenario.ts';

interface Latencies {
  p50Ms: number;
  p99Ms: number;
  /** Responses that came before the audit event of their job. */
  early: number;
}

/** One job after the other, each from its submission until the client knows its result. */
export const idleLatency: Scenario = {
  names: ['idle-latency'],
  seconds: 40,
  measure: async (context) => {
    const { environment, sizes } = context;
    const stack = await startStack(environment, promptq());
    const events = await openCompletedEvents(context, await startStack(environment, diy));
    try {
      await measureWaitingGets(context, stack);
      await events.measure();
      const results = await alternate(
        { promptq: () => measureWaitingGets(context, stack), diy: () => events.measure() },
        context,
      );
      const early = results.promptq.reduce((sum, round) => sum + round.early, 0);
      const note =
        early === 0
          ? ''
          : `${early} of ${results.promptq.length * sizes.latencyJobs} responses came before the audit event; their time ends with it`;
      const row = (name: string, latencyOf: (latencies: Latencies) => number, required?: number) =>
        toRow({
          name,
          unit: 'ms',
          ours: results.promptq.map(latencyOf),
          diy: results.diy.map(latencyOf),
          target: atMost(1, { required }),
          note,
        });
      return [
        row('idle-latency-p50', ({ p50Ms }) => p50Ms, 1),
        row('idle-latency-p99', ({ p99Ms }) => p99Ms),
      ];
    } finally {
      await events.close();
    }
  },
};

/** promptq: `POST`, then `GET ?wait=20`, which is answered when the job is finished. */
async function measureWaitingGets({ sizes }: ScenarioContext, stack: Stack): Promise<Latencies> {
  const request = postRequest(stack.subject.submitPath, submissionBody);
  const connection = await openConnection(stack.port);
  const latenciesMs: number[] = [];
  let early = 0;
  for (let n = 0; n < sizes.latencyJobs; n += 1) {
    const startedAt = performance.now();
    const accepted = JSON.parse((await connection.send(request)).body) as { id: string };
    const response = await connection.send(getRequest(`/v1/jobs/${accepted.id}?wait=20`));
    let endedAt = performance.now();
    const { status } = JSON.parse(response.body) as { status: string };
    if (status !== 'completed') throw new Error(`a waiting GET was answered with status ${status}`);
    // A job without its audit event is not finished.
    const isAudited = async () => (await stack.countFinished()) === n + 1;
    if (!(await isAudited())) {
      early += 1;
      await waitUntil('the audit event is written', isAudited, 1);
      endedAt = performance.now();
    }
    latenciesMs.push(endedAt - startedAt);
  }
  connection.close();
  await stack.clear();
  return toLatencies(latenciesMs, early);
}

/** DIY: `POST`, then BullMQ's event `completed`, which comes before the audit entry. */
async function openCompletedEvents({ environment, sizes }: ScenarioContext, stack: Stack) {
  const { keys, submitPath } = stack.subject;
  const events = new QueueEvents(keys.queueName, {
    connection: { url: environment.redisUrl },
    prefix: keys.prefix,
  });
  const completedAt = new Map<string, number>();
  let wakeUp: () => void = () => {};
  events.on('completed', ({ jobId }) => {
    completedAt.set(jobId, performance.now());
    wakeUp();
  });
  await events.waitUntilReady();
  const request = postRequest(submitPath, submissionBody);
  const measure = async (): Promise<Latencies> => {
    const connection = await openConnection(stack.port);
    const latenciesMs: number[] = [];
    for (let n = 0; n < sizes.latencyJobs; n += 1) {
      const startedAt = performance.now();
      const { id } = JSON.parse((await connection.send(request)).body) as { id: string };
      while (!completedAt.has(id)) await new Promise<void>((resolve) => (wakeUp = resolve));
      latenciesMs.push((completedAt.get(id) as number) - startedAt);
    }
    connection.close();
    await stack.waitUntilFinished(sizes.latencyJobs);
    await stack.clear();
    // BullMQ numbers the jobs of an empty queue from 1 again.
    completedAt.clear();
    return toLatencies(latenciesMs, 0);
  };
  return { measure, close: () => events.close() };
}

function toLatencies(ms: number[], early: number): Latencies {
  return { p50Ms: percentile(ms, 0.5), p99Ms: percentile(ms, 0.99), early };
}
