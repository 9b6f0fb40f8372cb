import { createHash } from 'node:crypto';
import type { Request } from 'express';
import { z } from 'zod';
import { Problem } from '../problems/problem.ts';

const maxLength = 255;
/** RFC 8941, section 3.3.3 (strings): visible ASCII and spaces; `"` and `\` are escaped with `\`. */
const quotedPattern = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
const barePattern = /^[\x20-\x7e]+$/;

/** The header for the OpenAPI document. `idempotencyKeyOf` validates it. */
export const keyHeaderSchema = z.object({
  'Idempotency-Key': z.string().optional().meta({
    description:
      'At most 255 printable ASCII characters, bare or in quotes. The same key with the same body returns the same job.',
  }),
});

/**
 * Reads the key of the request; `undefined`: the request has none. The key may be in quotes, as in the draft of the
 * header (draft-ietf-httpapi-idempotency-key-header), or bare, as most clients send it. Both forms are the same key.
 * @throws {Problem} `invalid_request`
 */
export function idempotencyKeyOf(req: Request): string | undefined {
  // Node.js builds `headersDistinct` from all headers, and few requests have a key.
  if (req.headers['idempotency-key'] === undefined) return undefined;
  const given = req.headersDistinct['idempotency-key'] ?? [];
  const [text = ''] = given;
  if (given.length > 1) throw invalid('Send exactly one header.');
  const key = text.startsWith('"')
    ? quotedPattern.exec(text)?.[1]?.replaceAll(/\\(["\\])/g, '$1')
    : barePattern.exec(text)?.[0];
  if (key === undefined || key === '') {
    throw invalid('It must be 1 to 255 printable ASCII characters, bare or in quotes.');
  }
  if (key.length > maxLength) throw invalid(`It is longer than ${maxLength} characters.`);
  return key;
}

/** The digest that identifies a submission with a key. @param kind a job and a batch may have the same key */
export function scopeOf(kind: 'job' | 'batch', tenant: string, key: string): string {
  // In JSON, different pairs of tenant and key never give the same text.
  return createHash('sha256')
    .update(JSON.stringify([kind, tenant, key]))
    .digest('hex')
    .slice(0, 32);
}

/** SHA-256 of canonical JSON: the order of members does not matter. */
export function fingerprintOf(submission: unknown): string {
  return createHash('sha256').update(canonicalJson(submission)).digest('hex');
}

/** JSON with sorted members. The nesting is bounded by check-json.ts. */
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
