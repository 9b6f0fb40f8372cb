import pLimit from 'p-limit';
import {
  addUsage,
  noUsage,
  textsOf,
  type AnalysisInput,
  type AnalysisTask,
} from '@promptq/shared/contracts';
import { isRetryable, type Failure } from '@promptq/shared/failure';
import { analysisDataSchema } from '@promptq/shared/jobs';
import { BudgetSpentError } from '../backpressure/within-budget.ts';
import type { AbortCause } from '../attempts/outcome.ts';
import type { AttemptContext, Processor } from '../attempts/run-attempt.ts';
import type { Complete } from '../upstream/complete.ts';
import { FailureError, failureOf } from '../upstream/upstream-failure.ts';
import { analysisOutput } from './analysis-output.ts';
import { analysisTasks } from './analysis-tasks.ts';
import { isRateLimit, isRetryableError, outOfBudget } from './retryable.ts';
import type { Checkpoint, Checkpoints } from './checkpoints.ts';

interface Call {
  step: string;
  text: string;
  task: AnalysisTask;
}

interface Deps {
  complete: Complete;
  openCheckpoints: (jobId: string) => Checkpoints;
}

/**
 * An analysis job makes one call per text and task, at most `max_concurrent` at once. A failed call does not affect the
 * others. Finished calls are stored as checkpoints, so another attempt makes only the missing calls.
 */
export function analysisProcessor({ complete, openCheckpoints }: Deps): Processor {
  return async (data, context) => {
    const { input } = analysisDataSchema.parse(data);
    const checkpoints = openCheckpoints(context.jobId);
    const done =
      context.attemptsStarted > 1 ? await checkpoints.read() : new Map<string, Checkpoint>();
    const doneBefore = done.size;
    const calls = callsOf(input);
    const failures = await callAll(
      calls.filter(({ step }) => !done.has(step)),
      input,
      context,
      async (call) => {
        const checkpoint = await answer(call, input, context, complete);
        done.set(call.step, checkpoint);
        await checkpoints.keep(call.step, checkpoint);
        context.reportProgress({ done: done.size, total: calls.length });
      },
    );
    const isOutOfTime = isTimeout(context.signal);
    if (isOutOfTime || !context.signal.aborted) {
      const error = await outOfBudget({
        failures,
        context,
        checkpoints,
        madeProgress: done.size > doneBefore,
        timedOut: isOutOfTime ? timeout : null,
      });
      if (error) throw error;
    }
    if (!isOutOfTime || !context.isLastAttempt) context.signal.throwIfAborted();

    const retryable = [...failures.values()].filter((error) => isRetryableError(error, context));
    const usages = [...done.values()].flatMap((checkpoint) =>
      'usage' in checkpoint ? [checkpoint.usage] : [],
    );
    if (retryable.length > 0 && !isOutOfTime) throw retryable.find(isRateLimit) ?? retryable[0];
    if (usages.length === 0)
      throw isOutOfTime ? new FailureError(timeout) : errorOf(failures, done);
    return {
      output: analysisOutput(input, (text, task) => {
        const step = stepOf(text, task);
        return done.get(step) ?? { failure: isOutOfTime ? timeout : failureOf(failures.get(step)) };
      }),
      usage: usages.reduce(addUsage, noUsage),
    };
  };
}

const maxAnswerLength = 2_000;
const unusable: Failure = { code: 'upstream_unavailable', upstream: null };
const timeout: Failure = { code: 'timeout', upstream: null };

/** Whether the attempt has timed out. Calls that were not answered by then fail with `timeout`. */
function isTimeout({ aborted, reason }: AbortSignal): boolean {
  return aborted && (reason as AbortCause).kind === 'timeout';
}

/** Names a call within its job. @param text its index */
function stepOf(text: number, task: AnalysisTask): string {
  return `${text}-${task}`;
}

function callsOf(input: AnalysisInput): Call[] {
  return textsOf(input).flatMap((text, index) =>
    input.tasks.map((task) => ({ step: stepOf(index, task), text, task })),
  );
}

/** Makes the calls. @returns the retryable errors by step */
async function callAll(
  calls: Call[],
  input: AnalysisInput,
  { signal, isPatient }: AttemptContext,
  make: (call: Call) => Promise<void>,
): Promise<Map<string, unknown>> {
  const failures = new Map<string, unknown>();
  let isStopped = false;
  const limit = pLimit(input.max_concurrent);
  await limit.map(calls, async (call) => {
    // The pool is about to pause, so calls that have not begun must wait, like every other job.
    if (signal.aborted || isStopped) return;
    try {
      await make(call);
    } catch (error) {
      failures.set(call.step, error);
      isStopped ||= error instanceof BudgetSpentError || (isPatient && isRateLimit(error));
    }
  });
  return failures;
}

/** Makes one call. @returns the answer or a permanent failure. Throws retryable errors. */
async function answer(
  { step, text, task }: Call,
  input: AnalysisInput,
  { jobId, signal }: AttemptContext,
  complete: Complete,
): Promise<Checkpoint> {
  const { instruction, maxTokens } = analysisTasks[task];
  try {
    const completion = await complete(
      {
        model: input.model,
        messages: [
          { role: 'system', content: instruction },
          { role: 'user', content: text },
        ],
        temperature: 0,
        max_tokens: maxTokens,
      },
      { signal, idempotencyKey: `${jobId}-${step}` },
    );
    const said = completion.text.trim();
    // Each task is limited to 50 tokens, so a longer text is not a valid answer, and 3,000 of them would fill the
    // memory.
    if (said.length > maxAnswerLength) throw new FailureError(unusable);
    return { answer: said, usage: completion.usage };
  } catch (error) {
    if (error instanceof BudgetSpentError) throw error;
    const failure = failureOf(error);
    if (isRetryable(failure.code)) throw error;
    return { failure };
  }
}

/** The error that the job fails with: a retryable error if there is one, else a permanent failure. */
function errorOf(failures: Map<string, unknown>, done: Map<string, Checkpoint>): unknown {
  for (const error of failures.values()) return error;
  for (const checkpoint of done.values())
    if ('failure' in checkpoint) return new FailureError(checkpoint.failure);
  return new Error('an analysis without a call passed the schema');
}
