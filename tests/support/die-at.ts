import { createHash } from 'node:crypto';
import type { Command, Redis } from 'ioredis';

/** Kills this process, as the operating system does. */
export function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** A moment in the life of a process: before or after a step, for the n-th time. */
export interface Boundary {
  side: string;
  step: string;
  /** Whether this is the n-th time. It counts. */
  isNow: () => boolean;
}

/** The boundary that DIES_AT (`before-finish`) and DIES_ON (1 by default) name. */
export function boundaryOf({ DIES_AT, DIES_ON }: NodeJS.ProcessEnv): Boundary {
  const [side = '', step = ''] = (DIES_AT ?? '').split('-');
  let left = Number(DIES_ON ?? 1);
  return { side, step, isNow: () => (left -= 1) === 0 };
}

/**
 * Kills this process when the connection sends the command of the boundary, or when the command is answered. A step is
 * the name of a script of the store (`add`, `finish`), or `checkpoint`: the write of a part of an analysis.
 */
export function dieAtBoundary(redis: Redis, { side, step, isNow }: Boundary): void {
  const scripts = new Map<string, string>();
  const stepOf = (command: Command): string | null => {
    const args = command.args.map(String);
    if (command.name === 'hset' && args[0]?.includes(':parts:')) return 'checkpoint';
    if (command.name !== 'evalsha') return null;
    return scripts.get(args[0] ?? '')?.replace('promptq:', '') ?? null;
  };
  const define = redis.defineCommand.bind(redis);
  redis.defineCommand = (name, definition) => {
    scripts.set(createHash('sha1').update(definition.lua).digest('hex'), name);
    define(name, definition);
  };
  const send = redis.sendCommand.bind(redis);
  let diesAfterExec = false;
  redis.sendCommand = (command, stream) => {
    if (stepOf(command) === step && isNow()) {
      if (side === 'before') die();
      // The parts are written in a transaction: the answer to its EXEC is the moment after.
      else if (step === 'checkpoint') diesAfterExec = true;
      else command.promise.then(die, die);
    }
    if (diesAfterExec && command.name === 'exec') command.promise.then(die, die);
    return send(command, stream);
  };
}
