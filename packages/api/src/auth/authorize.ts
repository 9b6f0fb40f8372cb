import type { Request, RequestHandler } from 'express';
import { defaultTenant } from '@promptq/shared/contracts';
import { scopes, type Scope } from '@promptq/shared/api-keys';
import { Problem } from '../problems/problem.ts';
import type { Caller, Keyring } from './keyring.ts';

declare module 'node:http' {
  interface IncomingMessage {
    /** The caller, see `authorize`. */
    caller?: Caller;
  }
}

/** The caller while there are no API keys: one tenant with all scopes. */
const anonymousCaller: Caller = { tenant: defaultTenant, scopes, keyId: null };

/** The caller of this request. @throws {Error} when the route requires no scope */
export function callerOf(req: Request): Caller {
  const { caller } = req;
  if (!caller) throw new Error('the caller is not known: the route requires no scope');
  return caller;
}

/**
 * How a key is sent. Programs send it as a Bearer token (RFC 6750, "The OAuth 2.0 Authorization Framework: Bearer Token
 * Usage", sections 2.1 and 3). Browsers may also send it as a password with any user name (RFC 7617, "The 'Basic' HTTP
 * Authentication Scheme"), because they cannot send a Bearer token by themselves.
 */
type Sender = 'program' | 'browser';

/**
 * Lets a request through if its key has the scope. The scope `admin` includes all scopes.
 * @param keyring `null` when there are no keys; then every caller has all scopes
 * @param sender use `browser` only where nothing can be changed, because other sites can make a browser send its
 *   password
 */
export function authorize(
  keyring: Keyring | null,
  scope: Scope,
  sender: Sender = 'program',
): RequestHandler {
  return (req, _res, next) => {
    const caller = keyring ? authenticate(keyring, req, sender) : anonymousCaller;
    if (!caller.scopes.includes(scope) && !caller.scopes.includes('admin')) {
      throw new Problem('scope_missing', `This key lacks the scope "${scope}".`);
    }
    req.caller = caller;
    next();
  };
}

function authenticate(keyring: Keyring, req: Request, sender: Sender): Caller {
  const given = req.rawHeaders.filter((name, at) => at % 2 === 0 && isAuthorization(name)).length;
  if (given === 0) throw unauthorized(hints[sender], challenges[sender]);
  // Node.js takes the first of several headers, but a proxy may have checked another one.
  const header = req.get('authorization') ?? '';
  const key =
    given === 1 ? (bearerKey(header) ?? (sender === 'browser' ? basicKey(header) : null)) : null;
  const caller = key === null ? null : keyring.callerOf(key);
  if (!caller) {
    const error = sender === 'program' ? ', error="invalid_token"' : '';
    throw unauthorized('This is not a valid API key.', `${challenges[sender]}${error}`);
  }
  return caller;
}

const hints: Record<Sender, string> = {
  program: 'Send your API key as Authorization: Bearer pq_...',
  browser: 'Send your API key as the password, with any user name.',
};
const challenges: Record<Sender, string> = {
  program: 'Bearer realm="promptq"',
  browser: 'Basic realm="promptq", charset="UTF-8"',
};

function bearerKey(header: string): string | null {
  return /^Bearer +(\S+)$/i.exec(header)?.[1] ?? null;
}

function basicKey(header: string): string | null {
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header)?.[1];
  if (encoded === undefined) return null;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':'); // A user name has none, a password may.
  return colon === -1 ? null : pair.slice(colon + 1);
}

const isAuthorization = (name: string) => name.toLowerCase() === 'authorization';

function unauthorized(detail: string, challenge: string): Problem {
  return new Problem('unauthorized', detail, { headers: { 'WWW-Authenticate': challenge } });
}
