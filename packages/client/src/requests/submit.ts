import type { Call } from './transport.ts';

export interface SubmitOptions {
  /** The same key with the same body is the same job. Default: a new key for each call. */
  idempotencyKey?: string;
  /** Seconds, up to 60, that the API may hold the answer back until the job has ended (`Prefer: wait=n`). */
  wait?: number;
  /** Called when the key was used before: the answer is what it was used for, as that is now. */
  onReplay?: () => void;
  signal?: AbortSignal;
}

/** Whether the key of a submission was used before. */
export function isReplay(headers: Headers): boolean {
  return headers.get('idempotency-replayed') === 'true';
}

/** The headers that make a submission safe to send twice, and that ask to wait (RFC 7240). */
export function submitHeaders({ idempotencyKey, wait }: SubmitOptions): Record<string, string> {
  return {
    'Idempotency-Key': idempotencyKey ?? crypto.randomUUID(),
    ...(wait === undefined ? {} : { Prefer: `wait=${wait}` }),
  };
}

/** A call that sends a value as JSON, under an Idempotency-Key. */
export function postJson(path: string, value: unknown): Call {
  const text = JSON.stringify(value);
  return { method: 'POST', path, body: () => text, repeatable: true };
}
