import { chat, withEnvironment, type Environment } from '../environment/environment.ts';
import { settleAndCheck } from '../environment/invariants.ts';
import { countFinished } from '../environment/reader.ts';
import type { Row, RowContext, RowResult } from '../row.ts';
import { eventually, largest, round, sleep } from '../wait.ts';

/** Row 4: Redis killed and started again while jobs are submitted, with both ways of syncing its file. */
export const redisRestarts: Row = {
  number: 4,
  name: 'Redis killed and restarted',
  run: async (context) => {
    const [everysec, always] = await Promise.all([
      withFsync('everysec', context),
      withFsync('always', context),
    ]);
    const named = (name: string, { figures }: RowResult) =>
      Object.entries(figures).map(([figure, value]) => [`${name}_${figure}`, value]);
    return {
      figures: Object.fromEntries([...named('everysec', everysec), ...named('always', always)]),
      violations: [...everysec.violations, ...always.violations],
    };
  },
};

function withFsync(fsync: string, { random, isShort }: RowContext): Promise<RowResult> {
  const restarts = isShort ? 3 : 10;
  return withEnvironment({ redisArgs: ['--appendfsync', fsync] }, async (environment) => {
    environment.upstream.answerWith(async () => {
      await sleep(50);
      return 'done';
    });
    for (let n = 0; n < 2; n += 1) await environment.worker();
    const submitter = submitAlways(environment);
    const apiSeconds: number[] = [];
    const workerSeconds: number[] = [];
    const violations: string[] = [];
    for (let restart = 0; restart < restarts; restart += 1) {
      await sleep(random.between(1_000, 2_500));
      await environment.server.kill();
      if ((await submitter.everyoneIsAnswered()) === null)
        violations.push(`${fsync}: submissions were held while Redis was away`);
      await sleep(random.between(300, 2_500));
      await environment.server.restart();
      const resumed = await Promise.all([untilAccepted(environment), untilFinished(environment)]);
      resumed.forEach((seconds, at) => {
        if (seconds === null)
          violations.push(`${fsync}: ${at === 0 ? 'the API' : 'the workers'} did not resume`);
        else (at === 0 ? apiSeconds : workerSeconds).push(seconds);
      });
    }
    const { refusedMs, unanswered, statuses } = await submitter.stop();
    const verdict = await settleAndCheck(environment);
    violations.push(...verdict.violations.map((violation) => `${fsync}: ${violation}`));
    if (unanswered > 0) violations.push(`${fsync}: ${unanswered} submissions had no answer`);
    const odd = [...statuses].filter((status) => status !== 202 && status !== 503);
    if (odd.length > 0) violations.push(`${fsync}: answers ${odd.join()}`);
    if (verdict.figures.failed > 0)
      violations.push(`${fsync}: ${verdict.figures.failed} jobs failed`);
    return {
      violations,
      figures: {
        accepted: verdict.figures.accepted,
        lost: Number(verdict.figures['lost']),
        accepted_without_answer: verdict.reading.states.size - verdict.figures.accepted,
        refused: refusedMs.length,
        slowest_503_ms: Math.round(largest(refusedMs)),
        api_resumed_seconds: largest(apiSeconds),
        workers_resumed_seconds: largest(workerSeconds),
      },
    };
  });
}

/** Waits until another job is accepted. @returns after how many seconds, or `null` when none was */
function untilAccepted(environment: Environment): Promise<number | null> {
  const before = environment.accepted.size;
  return eventually(() => environment.accepted.size > before);
}

/** Waits until another job is finished. @returns after how many seconds, or `null` when none was */
async function untilFinished(environment: Environment): Promise<number | null> {
  const startedAt = performance.now();
  const before = await countFinished(environment.redis, environment.prefix);
  const seconds = await eventually(
    async () => (await countFinished(environment.redis, environment.prefix)) > before,
  );
  return seconds === null ? null : round((performance.now() - startedAt) / 1_000);
}

const submitters = 8;
const pauseMs = 40;

/** Submits all the time, whatever is answered. */
export function submitAlways(environment: Environment) {
  const end = new AbortController();
  let n = 0;
  let unanswered = 0;
  const refusedMs: number[] = [];
  const statuses = new Set<number>();
  const answers: number[] = Array.from({ length: submitters }, () => 0);
  const lane = async (_: unknown, at: number) => {
    while (!end.signal.aborted) {
      n += 1;
      const { status, ms } = await environment.submit(chat(n));
      statuses.add(status);
      answers[at] = (answers[at] ?? 0) + 1;
      if (status === 503) refusedMs.push(ms);
      if (status === 0) unanswered += 1;
      await sleep(pauseMs);
    }
  };
  const lanes = Promise.all(Array.from({ length: submitters }, lane));
  return {
    /**
     * Waits until each submitter was answered twice from now on: the second submission was sent after this call.
     * @returns `null` when a submission is held instead
     */
    everyoneIsAnswered: () => {
      const before = [...answers];
      return eventually(() => answers.every((count, at) => count >= (before[at] ?? 0) + 2));
    },
    stop: async () => {
      end.abort();
      await lanes;
      return { refusedMs, unanswered, statuses };
    },
  };
}
