import { logFault, type Logger } from '../logging/index.ts';

/**
 * Releases a resource.
 * @param endsAtMs when the process exits at the latest, in milliseconds since 1970; give up before
 */
export type Undo = (endsAtMs: number) => unknown;

export interface Runner {
  /** Aborted when the process begins to stop, before anything is released. The process is not ready any longer. */
  readonly stopping: AbortSignal;
  /** Registers the undo of a resource. Call it right after the resource is created. */
  onStop(name: string, undo: Undo): void;
  /** Stops the process after a fatal error. */
  fail(error: unknown): void;
}

/**
 * Runs a service: opens it, waits for SIGTERM or SIGINT, then releases its resources in reverse order within the grace
 * period. A second signal ends the process immediately. An error in one undo is logged and does not stop the others.
 * Exit code: 0 after a clean stop; 1 if the service could not be opened, an error stopped the process, the grace period
 * ended or a second signal came.
 */
export async function run(
  options: { log: Logger; graceSeconds: number },
  open: (runner: Runner) => Promise<void>,
): Promise<never> {
  const { log, graceSeconds } = options;
  const undos: { name: string; undo: Undo }[] = [];
  const stop = new AbortController();
  const stopped = Promise.withResolvers<void>();
  let exitCode = 0;

  const requestStop = (reason: string) => {
    if (stop.signal.aborted) return;
    log.info({ reason, graceSeconds }, 'stopping');
    stop.abort(new Error(reason));
    stopped.resolve();
  };
  const fail = (error: unknown) => {
    exitCode = 1;
    logFault(log, error, 'stopping because of an error');
    requestStop('error');
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (stop.signal.aborted) {
      log.warn({ signal }, 'second signal: exiting now');
      process.exit(1);
    }
    requestStop(signal);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.on('uncaughtException', fail);
  // An unhandled rejection affects at most one job. It is logged, and the other jobs continue.
  process.on('unhandledRejection', (reason) =>
    logFault(log, reason, 'unhandled promise rejection'),
  );

  try {
    const opened = open({
      stopping: stop.signal,
      onStop: (name, undo) => undos.push({ name, undo }),
      fail,
    });
    // A signal also stops a service that is still opening, for example one that waits for Redis.
    await Promise.race([opened.then(() => stopped.promise), stopped.promise]);
  } catch (error) {
    if (!stop.signal.aborted) {
      exitCode = 1;
      // The operator needs the message, and at this point it cannot contain a prompt.
      log.fatal(
        { reason: error instanceof Error ? error.message : String(error) },
        'could not start',
      );
      requestStop('could not start');
    }
  }

  const endsAtMs = Date.now() + graceSeconds * 1_000;
  const clean = await undoAll(undos, endsAtMs, log);
  log.info({ clean }, 'stopped');
  process.exit(clean ? exitCode : 1);
}

async function undoAll(
  undos: { name: string; undo: Undo }[],
  endsAtMs: number,
  log: Logger,
): Promise<boolean> {
  let clean = true;
  for (const { name, undo } of undos.toReversed()) {
    const outOfTime = Promise.withResolvers<'out of time'>();
    const timer = setTimeout(
      () => outOfTime.resolve('out of time'),
      Math.max(0, endsAtMs - Date.now()),
    );
    try {
      const undone = Promise.resolve(undo(endsAtMs)).then(() => 'undone' as const);
      if ((await Promise.race([undone, outOfTime.promise])) === 'out of time') {
        clean = false;
        log.error({ resource: name }, 'out of time: the resource was not released');
      }
    } catch (error) {
      clean = false;
      logFault(log, error, 'could not release a resource', { resource: name });
    } finally {
      clearTimeout(timer);
    }
  }
  return clean;
}
