import { hostname } from 'node:os';
import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger } from 'pino';

/** Where a secret could stand in what we log; such values are cut out whatever the level. */
const secretPaths = [
  'req.headers.authorization',
  'req.headers.cookie',
  'headers.authorization',
  '*.apiKey',
  '*.authorization',
  '*.password',
];

/**
 * The log of a process: one JSON object per line on standard output.
 * @param destination for tests; standard output otherwise
 */
export function createLogger(
  options: { service: string; level: string },
  destination?: DestinationStream,
): Logger {
  return pino(
    {
      level: options.level,
      base: { service: options.service, pid: process.pid, hostname: hostname() },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: secretPaths, censor: '[redacted]' },
    },
    destination ?? standardOutput(),
  );
}

/**
 * The same log for lines in which no secret has a place, one for each request and each attempt: looking for one costs
 * more than all the rest of such a line.
 */
export function withoutRedaction(log: Logger): Logger {
  return log.child({}, { redact: [] });
}

/** A line waits for so long, or for so many others, before it is written: each write costs more than making its line. */
const maxWaitMs = 50;
const maxBufferedBytes = 12 * 1024;

/** Only a process that is killed loses what it has not written; every other end writes it. */
function standardOutput(): DestinationStream {
  const output = pino.destination({
    sync: false,
    minLength: maxBufferedBytes,
    periodicFlush: maxWaitMs,
  });
  process.on('exit', () => output.flushSync());
  return output;
}
