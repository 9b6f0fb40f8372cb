import type { Request, RequestHandler } from 'express';
import { defaultTenant } from '@promptq/shared/contracts';
import { scopes, type Scope } from '@promptq/shared/keys';
import { Problem } from '../http/problem.ts';
import type { Caller, Keyring } from './keyring.ts';

declare module 'node:http' {
  interface IncomingMessage {
    /** Who makes the request, see `authorize`. */
    caller?: Caller;
  }
}

/** Until there are keys, all jobs have one owner, who may do everything. */
const everybody: Caller = { tenant: defaultTenant, scopes, keyId: null };

/** Who makes this request. @throws {Error} when its route is not one that asks for a scope */
export function callerOf(req: Request): Caller {
  const { caller } = req;
  if (!caller) throw new Error('this route was not authorized');
  return caller;
}

/**
 * Lets a request through whose key has the scope; `admin` has all.
 * @param keyring `null` when there are no keys: everybody may do everything
 */
export function authorize(keyring: Keyring | null, scope: Scope): RequestHandler {
  return (req, _res, next) => {
    const caller = keyring ? authenticate(keyring, req) : everybody;
    if (!caller.scopes.includes(scope) && !caller.scopes.includes('admin')) {
      throw new Problem('scope_missing', `This key has not the scope "${scope}".`);
    }
    req.caller = caller;
    next();
  };
}

/** RFC 6750, "The OAuth 2.0 Authorization Framework: Bearer Token Usage", sections 2.1 and 3. */
function authenticate(keyring: Keyring, req: Request): Caller {
  const given = req.rawHeaders.filter((name, at) => at % 2 === 0 && isAuthorization(name)).length;
  if (given === 0) {
    throw unauthorized(
      'Send your API key as Authorization: Bearer pq_...',
      'Bearer realm="promptq"',
    );
  }
  // Node.js takes the first of several, a proxy before us may have looked at another.
  const [, key] = /^Bearer +(\S+)$/i.exec(req.get('authorization') ?? '') ?? [];
  const caller = given === 1 && key !== undefined ? keyring.callerOf(key) : null;
  if (!caller) {
    throw unauthorized(
      'This is not a valid API key.',
      'Bearer realm="promptq", error="invalid_token"',
    );
  }
  return caller;
}

const isAuthorization = (name: string) => name.toLowerCase() === 'authorization';

function unauthorized(detail: string, challenge: string): Problem {
  return new Problem('unauthorized', detail, { headers: { 'WWW-Authenticate': challenge } });
}
