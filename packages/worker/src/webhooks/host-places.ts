/** How long a try takes when none to this host has ended yet: the tries that run soon tell better. */
const firstGuessMs = 50;
const shortestAwayMs = 50;
const longestAwayMs = 30_000;
/** As many jobs as there are places wait here for so long, so that a place that is left is taken at once. */
const longestWaitMs = 500;
/** Those sent away come back somewhat early: one that finds nobody gone waits, a place that finds nobody is lost. */
const early = 0.7;
/** How much the last try counts in the running mean of durations. */
const weight = 0.2;
/** One that was sent away and has not come back by then is tried by another process. */
const lateMs = 1_000;
/** With so many hosts known, those that nothing is sent to are forgotten. */
const mostKnown = 1_000;

export type Place = { leave(): void } | { comeBackInMs: number };

/** The tries of this process by receiver, so that a slow one takes no more than its places from the others. */
export interface HostPlaces {
  /**
   * A place, perhaps after a short wait, or how long to stay away: about until as many tries as were sent away
   * before have been made.
   */
  take(host: string, jobId: string): Promise<Place>;
}

interface HostState {
  /** The tries that run, with when each was begun. */
  running: Set<{ atMs: number }>;
  waiting: Set<(place: Place) => void>;
  /** Who was sent away, in this order, and until when. */
  away: Map<string, number>;
  meanMs: number;
}

/** At most `places` tries at once for each host. */
export function hostPlaces({
  places,
  now = Date.now,
}: {
  places: number;
  now?: () => number;
}): HostPlaces {
  const hosts = new Map<string, HostState>();
  setInterval(() => {
    for (const [h, st] of hosts)
      process.stdout.write(
        `S ${h} run ${st.running.size} wait ${st.waiting.size} away ${st.away.size} mean ${Math.round(st.meanMs)} try ${Math.round(tryMs(st, now()))}\n`,
      );
  }, 1000).unref();

  const forgetIdle = () => {
    for (const [host, state] of hosts) {
      forgetLate(state, now());
      if (state.running.size === 0 && state.away.size === 0) hosts.delete(host);
    }
  };
  const stateOf = (host: string) => {
    const known = hosts.get(host);
    if (known) return known;
    if (hosts.size >= mostKnown) forgetIdle();
    const state: HostState = {
      running: new Set(),
      waiting: new Set(),
      away: new Map(),
      meanMs: firstGuessMs,
    };
    hosts.set(host, state);
    return state;
  };
  const enter = (state: HostState): Place => {
    const started = { atMs: now() };
    state.running.add(started);
    return {
      leave: () => {
        if (!state.running.delete(started)) return;
        state.meanMs += (now() - started.atMs - state.meanMs) * weight;
        const [next] = state.waiting;
        if (!next) return;
        state.waiting.delete(next);
        next(enter(state));
      },
    };
  };
  const sendAway = (state: HostState, jobId: string): Place => {
    const nowMs = now();
    forgetLate(state, nowMs);
    const everyMs = (tryMs(state, nowMs) / places) * early;
    const asked = Math.ceil((state.away.size + 1) * everyMs);
    const comeBackInMs = Math.min(Math.max(asked, shortestAwayMs), longestAwayMs);
    state.away.set(jobId, nowMs + comeBackInMs);
    return { comeBackInMs };
  };
  return {
    take: async (host, jobId) => {
      const state = stateOf(host);
      state.away.delete(jobId);
      if (state.running.size < places) return enter(state);
      if (state.waiting.size >= places) return sendAway(state, jobId);
      const { promise, resolve } = Promise.withResolvers<Place>();
      state.waiting.add(resolve);
      const timer = setTimeout(() => {
        if (state.waiting.delete(resolve)) resolve(sendAway(state, jobId));
      }, longestWaitMs);
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

function forgetLate({ away }: HostState, nowMs: number): void {
  for (const [jobId, untilMs] of away) {
    if (untilMs + lateMs > nowMs) return;
    away.delete(jobId);
  }
}
