import type { SubmissionRequest } from '@promptq/client';
import { BadInput } from '../bad-input.ts';

type AnalysisRequest = Extract<SubmissionRequest, { type: 'analysis' }>;

/** The flags of `promptq submit`, as commander reads them. */
export interface SubmitFlags {
  text?: string;
  file?: string;
  jsonBody?: string;
  model?: string;
  temperature?: number;
  maxTokens?: number;
  /** As they were typed: the API knows which there are, and says so. */
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

/** The body of the request that flags ask for. What is left out is left to the API. @throws {BadInput} */
export function toSubmission(
  type: string | undefined,
  text: string,
  flags: SubmitFlags,
): SubmissionRequest {
  if (flags.webhookOutput === true && flags.webhook === undefined)
    throw new BadInput('--webhook-output needs --webhook.');
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
      refuse(flags, ['tasks', 'maxConcurrent'], 'an analysis');
      const { model, temperature, maxTokens, stream } = flags;
      const input = { message: text, model, temperature, max_tokens: maxTokens, stream };
      return { type, input, ...common };
    }
    case 'analysis': {
      refuse(flags, ['temperature', 'maxTokens', 'stream'], 'a chat');
      const { model, tasks, maxConcurrent } = flags;
      const input = { text, model, tasks, max_concurrent: maxConcurrent };
      return { type, input, ...common };
    }
    default:
      throw new BadInput(`The type must be chat or analysis, not ${JSON.stringify(type ?? '')}.`);
  }
}

function refuse(flags: SubmitFlags, names: (keyof SubmitFlags)[], of: string): void {
  const found = names.find((name) => flags[name] !== undefined);
  if (found === undefined) return;
  const flag = found.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new BadInput(`--${flag} is a flag of ${of}.`);
}
