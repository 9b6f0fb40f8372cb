/** The assumed duration of a try before the first one to a host has ended. */
const firstGuessMs = 1_000;
const minAwayMs = 50;
const maxAwayMs = 30_000;
/**
 * How long a try waits in this process for a slot. As many tries as there are slots may wait, so a free slot is used at
 * once.
 */
const maxWaitMs = 500;
/** The weight of the last try in the running mean of durations. */
const weight = 0.2;
/**
 * A delivery that does not arrive within this time, after it was called back or its delay ended, is sent by another
 * process.
 */
const lateMs = 1_000;
/** Above this number of known hosts, idle ones are forgotten. */
const maxHosts = 1_000;

export type HostSlot = { leave(): void } | { delayMs: number };

/** Limits the concurrent tries per host in this process, so that a slow receiver cannot hold up the others. */
export interface HostLimiter {
  /**
   * Takes a slot, perhaps after a short wait. Without a free slot, it returns a delay: the estimated time until all
   * deliveries that were delayed before have had their try. The delivery may be called back earlier.
   */
  take(host: string, jobId: string): Promise<HostSlot>;
}

interface HostState {
  /** The running tries, with their start times. */
  running: Set<{ atMs: number }>;
  waiting: Set<(slot: HostSlot) => void>;
  /** The deliveries that were delayed, in order, and the end of their delays. */
  away: Map<string, number>;
  /** The deliveries that were called back, and until when they are expected. */
  called: Map<string, number>;
  meanMs: number;
}

interface Deps {
  slots: number;
  /** Makes a delayed delivery available now, because its delay was only an estimate. */
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
  /** Calls back as many deliveries as can take a slot or wait for one. */
  const callBackWaiting = (state: HostState) => {
    forgetLate(state, now());
    const { running, waiting, away, called } = state;
    for (const [jobId, untilMs] of away) {
      if (running.size + waiting.size + called.size >= 2 * slots) return;
      // Its delay has ended: it becomes available by itself, or another process has taken it.
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

/** The expected duration of a try. The running tries show that a receiver hangs, long before one of them ends. */
function tryMs({ running, meanMs }: HostState, nowMs: number): number {
  let agesMs = 0;
  for (const { atMs } of running) agesMs += nowMs - atMs;
  return Math.max(meanMs, agesMs / Math.max(running.size, 1));
}

/**
 * Forgets deliveries that are late. They are nearly always late in the order of the maps, so it stops at the first
 * other one.
 */
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
