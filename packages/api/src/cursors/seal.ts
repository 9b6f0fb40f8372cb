import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** AES-256-GCM (NIST SP 800-38D): a key of 32 bytes, a nonce of 12, a tag of 16. */
const algorithm = 'aes-256-gcm';
export const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const options = { authTagLength: tagBytes };

/**
 * All positions are padded to this length, so a cursor does not reveal the length of its position. The id of a stream
 * entry has at most 41 characters. With 47, the base64url text has no unused bits, so changing any character makes it
 * invalid.
 */
const positionBytes = 47;
const pattern = /^after_([A-Za-z0-9_-]{100})$/;

/** Whether this is a cursor and not an id. No id begins with `after_`. */
export function isCursor(after: string): boolean {
  return after.startsWith('after_');
}

/**
 * Seals a position as a cursor: `after_` and 100 characters of base64url, which reveal nothing without the key.
 * @param position ASCII without spaces at its end
 * @param tenant the only one that can use the cursor
 * @throws {RangeError} when the position is too long
 */
export function seal(key: Buffer, position: string, tenant: string): string {
  if (Buffer.byteLength(position) > positionBytes) throw new RangeError('the position is too long');
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key, nonce, options).setAAD(associatedData(tenant));
  const sealed = [cipher.update(position.padEnd(positionBytes)), cipher.final()];
  const bytes = Buffer.concat([nonce, ...sealed, cipher.getAuthTag()]);
  return `after_${bytes.toString('base64url')}`;
}

/** The position in a cursor; `null` when it was not sealed with this key for this tenant. */
export function unseal(key: Buffer, cursor: string, tenant: string): string | null {
  const [, encoded] = pattern.exec(cursor) ?? [];
  if (encoded === undefined) return null;
  const bytes = Buffer.from(encoded, 'base64url');
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), options)
    .setAAD(associatedData(tenant))
    .setAuthTag(bytes.subarray(-tagBytes));
  const position = decipher.update(bytes.subarray(nonceBytes, -tagBytes));
  try {
    decipher.final();
  } catch {
    return null; // All lengths are correct, so the tag is wrong.
  }
  return position.toString().trimEnd();
}

function associatedData(tenant: string): Buffer {
  return Buffer.from(JSON.stringify(['audit', tenant]));
}
