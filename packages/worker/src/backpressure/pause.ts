/** Why a pool pauses: the upstream rate-limited a call, the circuit is open, or the upstream budget is spent. */
export type PauseReason = 'rate_limited' | 'circuit' | 'budget';

/** The pause of a pool: all workers of one type, in all processes. */
export interface PoolPause {
  /**
   * Pauses the pool.
   * @param askedMs the pause that the upstream asked for, or `null`
   * @param reason the default is `rate_limited`
   * @returns the remaining pause in milliseconds
   */
  pause(askedMs: number | null, reason?: PauseReason): Promise<number>;
  /** Whether the pool is paused now. */
  isOn(): Promise<boolean>;
  /** An attempt succeeded: the next pause starts at its minimum again. */
  succeeded(): Promise<void>;
}
