import { errors } from 'undici';
import { expect, test } from 'vitest';
import { BlockedAddressError, sendErrorOf } from './send-error.ts';

const coded = (code: string) => Object.assign(new Error('text'), { code });

test.each([
  [new BlockedAddressError(''), 'blocked_address'],
  [new errors.ConnectTimeoutError(), 'connect_timeout'],
  [coded('ETIMEDOUT'), 'connect_timeout'],
  [coded('ENOTFOUND'), 'dns'],
  [coded('EAI_AGAIN'), 'dns'],
  [coded('ECONNREFUSED'), 'connection_refused'],
  [
    Object.assign(new AggregateError([coded('ECONNREFUSED')]), { code: 'ECONNREFUSED' }),
    'connection_refused',
  ],
  [coded('ECONNRESET'), 'connection_reset'],
  [coded('EPIPE'), 'connection_reset'],
  [new errors.SocketError('other side closed'), 'connection_reset'],
  [coded('DEPTH_ZERO_SELF_SIGNED_CERT'), 'tls'],
  [coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'tls'],
  [coded('CERT_HAS_EXPIRED'), 'tls'],
  [coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'tls'],
  [coded('ERR_SSL_WRONG_VERSION_NUMBER'), 'tls'],
  [coded('EPROTO'), 'tls'],
  [new errors.HeadersOverflowError(), 'invalid_answer'],
  [new errors.HTTPParserError('text'), 'invalid_answer'],
  [coded('EHOSTUNREACH'), 'network'],
  [coded('ENETUNREACH'), 'network'],
  [
    new Error('wrapped', { cause: new Error('again', { cause: coded('ECONNRESET') }) }),
    'connection_reset',
  ],
  [new errors.InvalidArgumentError('ours'), null],
  [new TypeError('ours'), null],
  ['no error', null],
])('%o is %s', (error, expected) => {
  expect(sendErrorOf(error)).toBe(expected);
});

test('an error that is its own cause is not a network error', () => {
  const error = new Error('round');
  error.cause = error;
  expect(sendErrorOf(error)).toBeNull();
});
