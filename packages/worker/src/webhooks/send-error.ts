import { errors } from 'undici';
import type { TryError } from '@promptq/shared/contracts';

/** The address is not allowed for webhooks. No connection was made. */
export class BlockedAddressError extends Error {
  override readonly name = 'BlockedAddressError';
}

/** Error codes of Node.js ("Common system errors"), c-ares, OpenSSL's verification and undici. */
const codes: [pattern: RegExp, error: TryError][] = [
  [/^(UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT)$/, 'connect_timeout'],
  [/^(ENOTFOUND|EAI_\w+|ENODATA|ESERVFAIL)$/, 'dns'],
  [/^ECONNREFUSED$/, 'connection_refused'],
  [/^(ECONNRESET|ECONNABORTED|EPIPE|UND_ERR_SOCKET)$/, 'connection_reset'],
  [/^(UND_ERR_HEADERS_OVERFLOW|UND_ERR_RES_\w+)$/, 'invalid_answer'],
  [
    /^(EPROTO|ERR_TLS_\w+|ERR_SSL_\w+|CERT_\w+|CRL_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|UNABLE_TO_\w+|ERROR_IN_\w+|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH)$/,
    'tls',
  ],
  [/^E[A-Z]+$/, 'network'],
];

const maxCauseDepth = 5;

/** Why a try had no answer; `null`: the error is not from the network, so it is a bug. */
export function sendErrorOf(error: unknown, depth = 0): TryError | null {
  if (!(error instanceof Error) || depth > maxCauseDepth) return null;
  if (error instanceof BlockedAddressError) return 'blocked_address';
  // This error does not always have a code.
  if (error instanceof errors.HTTPParserError) return 'invalid_answer';
  const code = 'code' in error ? String(error.code) : '';
  const found = codes.find(([pattern]) => pattern.test(code));
  return found ? found[1] : sendErrorOf(error.cause, depth + 1);
}
