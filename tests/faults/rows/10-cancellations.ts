import { chat, withEnvironment, promptMark } from '../environment/environment.ts';
import { settleAndCheck } from '../environment/invariants.ts';
import type { Row } from '../row.ts';
import { sendError, type UpstreamCall } from '#support/upstream.ts';
import { each, eventually, largest, percentile, sleep } from '../wait.ts';

/** Row 10: jobs cancelled at random moments: queued, delayed, between attempts, running, finishing, finished. */
export const cancellations: Row = {
  number: 10,
  name: 'jobs cancelled at random moments',
  run: ({ random, isShort }) =>
    withEnvironment({ env: { WORKER_CONCURRENCY: '20' } }, async (environment) => {
      const jobs = isShort ? 200 : 500;
      /** The open call of each prompt, and the time at which the caller closed it. */
      const open = new Map<string, UpstreamCall>();
      const closedAt = new Map<UpstreamCall, number>();
      environment.upstream.answerWith(async (call, res) => {
        const prompt = call.body.messages[0]?.content ?? '';
        if (prompt.includes('flaky')) return sendError(res, 500, null);
        open.set(prompt, call);
        call.disconnected.addEventListener('abort', () => closedAt.set(call, performance.now()));
        // Held calls are never answered. Their jobs can end only because the worker aborts the call.
        if (prompt.includes('held')) return undefined;
        await sleep(random.between(20, 1_500));
        open.delete(prompt);
        return call.disconnected.aborted ? undefined : 'done';
      });
      for (let n = 0; n < 4; n += 1) await environment.worker();

      const plans = Array.from({ length: jobs }, (_, n) => ({
        prompt: random.pick(['flaky', 'held', 'held', '', '']),
        more: random.next() < 0.2 ? { delay_seconds: random.between(1, 60) } : {},
        waitMs: random.between(0, 3_000),
        n,
      }));
      const terminalMs: number[] = [];
      const socketMs: number[] = [];
      const violations: string[] = [];
      const endedAs = new Map<string, number>();
      await each(jobs, 100, async (at) => {
        const plan = plans[at];
        if (!plan) return;
        const { id, status } = await environment.submit(chat(plan.n, plan.prompt, plan.more));
        if (id === null) return void violations.push(`a submission was answered ${status}`);
        await sleep(plan.waitMs);
        const call = open.get(`${promptMark}${plan.n} ${plan.prompt}`);
        const askedAt = performance.now();
        const answer = await environment.request(`/v1/jobs/${id}/cancel`, 'POST');
        if (answer.status !== 200) violations.push(`a cancellation was answered ${answer.status}`);
        let job = answer.body as { status: string; finished_at: string | null };
        await eventually(async () => {
          if (job?.finished_at) return true;
          job = (await environment.request(`/v1/jobs/${id}`)).body as typeof job;
          return Boolean(job?.finished_at);
        });
        if (!job?.finished_at) violations.push(`${id} did not end`);
        terminalMs.push(performance.now() - askedAt);
        endedAs.set(job.status, (endedAs.get(job.status) ?? 0) + 1);
        if (plan.prompt !== 'held') return;
        if (job.status !== 'cancelled') violations.push(`${id} was held and is ${job.status}`);
        // The call may have begun just before the cancellation, so it is looked for again.
        const held = call ?? open.get(`${promptMark}${plan.n} ${plan.prompt}`);
        if (!held) return;
        await eventually(() => closedAt.has(held));
        const closed = closedAt.get(held);
        if (closed === undefined) violations.push(`the socket of ${id} was not closed`);
        else socketMs.push(Math.max(0, closed - askedAt));
      });
      const verdict = await settleAndCheck(environment);
      violations.push(...verdict.violations);
      if (socketMs.length === 0) violations.push('no job was cancelled during its call');
      return {
        violations,
        figures: {
          ...verdict.figures,
          terminal_ms_p50: Math.round(percentile(terminalMs, 0.5)),
          terminal_ms_max: Math.round(largest(terminalMs)),
          sockets_open_at_cancel: socketMs.length,
          socket_closed_ms_max: Math.round(largest(socketMs)),
        },
      };
    }),
};
