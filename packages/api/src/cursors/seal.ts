import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** The list, and the tenant, that a cursor is good for. */
export interface CursorScope {
  list: 'jobs' | 'audit';
  tenant: string;
}

/** AES-256-GCM (NIST SP 800-38D): a key of 32 bytes, a nonce of 12, a tag of 16. */
const algorithm = 'aes-256-gcm';
export const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const options = { authTagLength: tagBytes };

/**
 * All positions are sealed at one length, or a cursor would tell the type of the job in it. 41 characters are the longest,
 * and with 47 the base64url has no bits to spare: each of its characters counts.
 */
const positionBytes = 47;
const pattern = /^after_([A-Za-z0-9_-]{100})$/;

/** Whether this is to be taken for a cursor and not for an id: no id begins as cursors do. */
export function isCursor(after: string): boolean {
  return after.startsWith('after_');
}

/**
 * A position as a cursor: `after_` and 100 characters of base64url, which tell nothing to whoever has not the key.
 * @param position ASCII without spaces at its end
 * @throws {RangeError} when the position is too long
 */
export function seal(key: Buffer, position: string, scope: CursorScope): string {
  if (Buffer.byteLength(position) > positionBytes) throw new RangeError('the position is too long');
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key, nonce, options).setAAD(boundTo(scope));
  const sealed = [cipher.update(position.padEnd(positionBytes)), cipher.final()];
  const bytes = Buffer.concat([nonce, ...sealed, cipher.getAuthTag()]);
  return `after_${bytes.toString('base64url')}`;
}

/** The position in a cursor; `null` when it was not sealed with this key, for this place. */
export function unseal(key: Buffer, cursor: string, scope: CursorScope): string | null {
  const [, encoded] = pattern.exec(cursor) ?? [];
  if (encoded === undefined) return null;
  const bytes = Buffer.from(encoded, 'base64url');
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), options)
    .setAAD(boundTo(scope))
    .setAuthTag(bytes.subarray(-tagBytes));
  const position = decipher.update(bytes.subarray(nonceBytes, -tagBytes));
  try {
    decipher.final();
  } catch {
    return null; // All lengths are right, so only the tag can be wrong.
  }
  return position.toString().trimEnd();
}

function boundTo({ list, tenant }: CursorScope): Buffer {
  return Buffer.from(JSON.stringify([list, tenant]));
}
