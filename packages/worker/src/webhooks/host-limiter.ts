/** The assumed duration of a try before the first one to a host has ended. */
const firstGuessMs = 1_000;
const minAwayMs = 50;
const maxAwayMs = 30_000;
/** How long a try waits in this process for a slot. As many tries as there are slots may wait, so a free slot is used at once. */
const maxWaitMs = 500;
/** How much the last try counts in the running mean of durations. */
const weight = 0.2;
/** One that was called back, or whose time is over, and has not come by then is tried by another process. */
const lateMs = 1_000;
/** With so many hosts known, those that nothing is sent to are forgotten. */
const maxHosts = 1_000;

export type HostSlot = { leave(): void } | { delayMs: number };

/** Limits the concurrent tries per host in this process, so that a slow receiver cannot hold up the others. */
export interface HostLimiter {
  /**
   * A place, perhaps after a short wait, or how long to stay away: about until all that were sent away before have
   * had their try. It may be called back earlier.
   */
  take(host: string, jobId: string): Promise<HostSlot>;
}

interface HostState {
  /** The tries that run, with when each was begun. */
  running: Set<{ atMs: number }>;
  waiting: Set<(slot: HostSlot) => void>;
  /** Who was sent away, in this order, and until when. */
  away: Map<string, number>;
  /** Who was called back, and until when that is waited for. */
  called: Map<string, number>;
  meanMs: number;
}

interface Deps {
  slots: number;
  /** Has a job that was sent away come back now: a guess of when its turn is, is only a guess. */
  callBack: (jobId: string) => void;
  now?: () => number;
}

/** At most `slots` tries at once for each host. */
export function hostLimiter({ slots, callBack, now = Date.now }: Deps): HostLimiter {
  const hosts = new Map<string, HostState>();

  const stateOf = (host: string) => {
    const known = hosts.get(host);
    if (known) return known;
    if (hosts.size >= maxHosts) forgetIdle(hosts, now());
    const state: HostState = {
      running: new Set(),
      waiting: new Set(),
      away: new Map(),
      called: new Map(),
      meanMs: firstGuessMs,
    };
    hosts.set(host, state);
    return state;
  };
  const enter = (state: HostState): HostSlot => {
    const started = { atMs: now() };
    state.running.add(started);
    return {
      leave: () => {
        if (!state.running.delete(started)) return;
        state.meanMs += (now() - started.atMs - state.meanMs) * weight;
        const [next] = state.waiting;
        if (next) {
          state.waiting.delete(next);
          next(enter(state));
        }
        callBackWaiting(state);
      },
    };
  };
  /** Calls as many back as can take a place or wait for one. */
  const callBackWaiting = (state: HostState) => {
    forgetLate(state, now());
    const { running, waiting, away, called } = state;
    for (const [jobId, untilMs] of away) {
      if (running.size + waiting.size + called.size >= 2 * slots) return;
      // When its time is over it comes by itself, or has been taken by another process and may wait for a next try.
      if (untilMs <= now()) continue;
      away.delete(jobId);
      called.set(jobId, now() + lateMs);
      callBack(jobId);
    }
  };
  const sendAway = (state: HostState, jobId: string): HostSlot => {
    const nowMs = now();
    forgetLate(state, nowMs);
    const expectedMs = Math.ceil(((state.away.size + 1) * tryMs(state, nowMs)) / slots);
    const delayMs = Math.min(Math.max(expectedMs, minAwayMs), maxAwayMs);
    state.away.set(jobId, nowMs + delayMs);
    return { delayMs };
  };
  return {
    take: async (host, jobId) => {
      const state = stateOf(host);
      state.away.delete(jobId);
      state.called.delete(jobId);
      if (state.running.size < slots) return enter(state);
      if (state.waiting.size >= slots) return sendAway(state, jobId);
      const { promise, resolve } = Promise.withResolvers<HostSlot>();
      state.waiting.add(resolve);
      const timer = setTimeout(() => {
        if (state.waiting.delete(resolve)) resolve(sendAway(state, jobId));
      }, maxWaitMs);
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** A receiver that has begun to hang shows in the tries that run, long before one of them ends. */
function tryMs({ running, meanMs }: HostState, nowMs: number): number {
  let agesMs = 0;
  for (const { atMs } of running) agesMs += nowMs - atMs;
  return Math.max(meanMs, agesMs / Math.max(running.size, 1));
}

/** Those that were sent away first are first to be late, nearly always; another one is forgotten with them. */
function forgetLate({ away, called }: HostState, nowMs: number): void {
  for (const [jobId, untilMs] of away) {
    if (untilMs + lateMs > nowMs) break;
    away.delete(jobId);
  }
  for (const [jobId, untilMs] of called) {
    if (untilMs > nowMs) break;
    called.delete(jobId);
  }
}

function forgetIdle(hosts: Map<string, HostState>, nowMs: number): void {
  for (const [host, state] of hosts) {
    forgetLate(state, nowMs);
    if (state.running.size + state.away.size + state.called.size === 0) hosts.delete(host);
  }
}
