import type { Call } from './call.ts';

/** Options of a submission. */
export interface SubmitOptions {
  /** The same key with the same body returns the same job. Default: a new key for each call. */
  idempotencyKey?: string;
  /** How many seconds, up to 60, the API holds the response until the job has finished (`Prefer: wait=n`). */
  wait?: number;
  /** Called if the key was used before. The response is then the current state of that earlier submission. */
  onReplay?: () => void;
  signal?: AbortSignal;
}

/** Whether the response replays an earlier submission with the same key. */
export function isReplay(headers: Headers): boolean {
  return headers.get('idempotency-replayed') === 'true';
}

/** The headers of a submission: its Idempotency-Key, and `Prefer: wait` (RFC 7240) if the API shall hold the response. */
export function submitHeaders({ idempotencyKey, wait }: SubmitOptions): Record<string, string> {
  return {
    'Idempotency-Key': idempotencyKey ?? crypto.randomUUID(),
    ...(wait === undefined ? {} : { Prefer: `wait=${wait}` }),
  };
}

/** A POST call with a JSON body. The caller adds an Idempotency-Key, so the call is repeatable. */
export function postJson(path: string, value: unknown): Call {
  const text = JSON.stringify(value);
  return { method: 'POST', path, body: () => text, repeatable: true };
}
