import type { Usage } from '@promptq/shared/contracts';

/** What calls to the upstream report about themselves. */
export interface UpstreamObserver {
  /** A call ended. @param status of the answer; `null` without one: no connection, aborted, too large */
  called(status: number | null, ms: number): void;
  /** An answer was used. */
  spent(model: string, usage: Usage): void;
}
