import { createHash } from 'node:crypto';
import type { Request } from 'express';
import { z } from 'zod';
import { Problem } from '../problems/problem.ts';

const maxLength = 255;
/** RFC 8941, section 3.3.3 (strings): visible ASCII and spaces; `"` and `\` stand behind a `\`. */
const quotedPattern = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
const barePattern = /^[\x20-\x7e]+$/;

/** How the header is described; the check is `idempotencyKeyOf`. */
export const keyHeaderSchema = z.object({
  'Idempotency-Key': z.string().optional().meta({
    description:
      'At most 255 printable ASCII characters, quoted or bare. The same key with the same body gives the same job.',
  }),
});

/** Identifies a request with an `Idempotency-Key`. */
export interface Idempotency {
  /** Digest of what is submitted, the tenant and the key. */
  scope: string;
  /** Digest of the submission. */
  fingerprint: string;
}

/**
 * The key of the request, `undefined` when it has none. Quoted, as the draft of the header says
 * (draft-ietf-httpapi-idempotency-key-header), or bare, as most clients send it; both are the same key.
 * @throws {Problem} `invalid_request`
 */
export function idempotencyKeyOf(req: Request): string | undefined {
  // `headersDistinct` builds a list of all headers, so it is read only for the few requests with a key.
  if (req.headers['idempotency-key'] === undefined) return undefined;
  const given = req.headersDistinct['idempotency-key'] ?? [];
  const [text = ''] = given;
  if (given.length > 1) throw invalid('Send exactly one.');
  const key = text.startsWith('"')
    ? quotedPattern.exec(text)?.[1]?.replaceAll(/\\(["\\])/g, '$1')
    : barePattern.exec(text)?.[0];
  if (key === undefined || key === '') {
    throw invalid('It must be 1 to 255 printable ASCII characters, bare or in quotes.');
  }
  if (key.length > maxLength) throw invalid(`It is longer than ${maxLength} characters.`);
  return key;
}

/** @param kind what is submitted: a key of a job is none of a batch */
export function scopeOf(kind: 'job' | 'batch', tenant: string, key: string): string {
  // JSON, so that no tenant and key can be put together to those of another.
  return createHash('sha256')
    .update(JSON.stringify([kind, tenant, key]))
    .digest('hex')
    .slice(0, 32);
}

/** SHA-256 of canonical JSON: the order in which a client writes members means nothing. */
export function fingerprintOf(submission: unknown): string {
  return createHash('sha256').update(canonicalJson(submission)).digest('hex');
}

/** JSON with sorted members. The nesting of what was checked is bounded, see check-json.ts. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join()}}`;
}

export function keyReused(): Problem {
  return new Problem(
    'idempotency_key_reused',
    'This Idempotency-Key was already used for a different submission. Use a new key for each submission.',
  );
}

function invalid(why: string): Problem {
  return new Problem('invalid_request', `Invalid Idempotency-Key header. ${why}`, {
    faults: [{ pointer: '', detail: `Idempotency-Key: ${why}` }],
  });
}
