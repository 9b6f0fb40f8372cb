/** Why a pool pauses: the upstream refused a call for its rate, the circuit is open, our own budget is spent. */
export type PauseReason = 'rate_limited' | 'circuit' | 'budget';

/** The pause of a whole pool: all workers of one type, in all processes. */
export interface PoolPause {
  /**
   * Pauses the pool. @param askedMs what the upstream asked for, or `null`
   * @param reason that the upstream refused a call, unless it is another
   * @returns for how many milliseconds it is paused now
   */
  pause(askedMs: number | null, reason?: PauseReason): Promise<number>;
  /** Whether the pool is paused now. */
  isOn(): Promise<boolean>;
  /** An attempt has succeeded: the next pause begins small again. */
  succeeded(): Promise<void>;
}
