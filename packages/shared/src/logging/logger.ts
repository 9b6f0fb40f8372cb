import { hostname } from 'node:os';
import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger } from 'pino';

/** Paths where a logged object could hold a secret. Their values are redacted at every level. */
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
 * The same log without redaction, for the frequent lines that cannot hold a secret (one per request and attempt).
 * Redaction would cost more than the rest of such a line.
 */
export function withoutRedaction(log: Logger): Logger {
  return log.child({}, { redact: [] });
}

/** Lines are buffered up to this time or size, because a write costs more than formatting a line. */
const maxWaitMs = 50;
const maxBufferedBytes = 12 * 1024;

/** Only a killed process loses its buffered lines. Every other exit writes them. */
function standardOutput(): DestinationStream {
  const output = pino.destination({
    sync: false,
    minLength: maxBufferedBytes,
    periodicFlush: maxWaitMs,
  });
  process.on('exit', () => output.flushSync());
  return output;
}
