import type { SubmissionRequest } from '@promptq/client';
import { BadInput } from '../context/errors.ts';

type AnalysisRequest = Extract<SubmissionRequest, { type: 'analysis' }>;

/** The flags of `promptq submit`, as commander parses them. */
export interface SubmitFlags {
  text?: string;
  file?: string;
  jsonBody?: string;
  model?: string;
  temperature?: number;
  maxTokens?: number;
  /** Not checked here: the API validates them. */
  tasks?: AnalysisRequest['input']['tasks'];
  maxConcurrent?: number;
  userId?: string;
  priority?: 'high' | 'normal' | 'low';
  metadata?: Record<string, string>;
  delaySeconds?: number;
  startWithinSeconds?: number;
  timeoutSeconds?: number;
  maxAttempts?: number;
  webhook?: string;
  webhookOutput?: boolean;
  idempotencyKey?: string;
  wait?: boolean;
  stream?: boolean;
  timeout?: number;
}

/** Builds the request from the flags. The API sets the default for each missing member. @throws {BadInput} */
export function toSubmission(
  type: string | undefined,
  text: string,
  flags: SubmitFlags,
): SubmissionRequest {
  if (flags.webhookOutput === true && flags.webhook === undefined)
    throw new BadInput('--webhook-output requires --webhook.');
  const common = {
    user_id: flags.userId,
    priority: flags.priority,
    metadata: flags.metadata,
    delay_seconds: flags.delaySeconds,
    start_within_seconds: flags.startWithinSeconds,
    timeout_seconds: flags.timeoutSeconds,
    max_attempts: flags.maxAttempts,
    webhook:
      flags.webhook === undefined
        ? undefined
        : { url: flags.webhook, include_output: flags.webhookOutput },
  };
  switch (type) {
    case 'chat': {
      rejectFlags(flags, ['tasks', 'maxConcurrent'], 'analysis');
      const { model, temperature, maxTokens, stream } = flags;
      const input = { message: text, model, temperature, max_tokens: maxTokens, stream };
      return { type, input, ...common };
    }
    case 'analysis': {
      rejectFlags(flags, ['temperature', 'maxTokens', 'stream'], 'chat');
      const { model, tasks, maxConcurrent } = flags;
      const input = { text, model, tasks, max_concurrent: maxConcurrent };
      return { type, input, ...common };
    }
    default:
      throw new BadInput(`The type must be chat or analysis, not ${JSON.stringify(type ?? '')}.`);
  }
}

function rejectFlags(flags: SubmitFlags, names: (keyof SubmitFlags)[], type: string): void {
  const found = names.find((name) => flags[name] !== undefined);
  if (found === undefined) return;
  const flag = found.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new BadInput(`--${flag} applies to the type ${type} only.`);
}
