import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const idLength = 12;
/** 256 bits take 43 digits of base 62. */
const secretLength = 43;
const checksumLength = 6;

const keyPattern = new RegExp(
  `^pq_([0-9A-Za-z]{${idLength}})_([0-9A-Za-z]{${secretLength}})([0-9A-Za-z]{${checksumLength}})$`,
);

/**
 * Makes an API key: `pq_<public id>_<256-bit secret><checksum>`. The checksum shows that a key is mistyped, or that a
 * text only looks like a key, without a lookup.
 * https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
 */
export function newApiKey(): { id: string; key: string } {
  const id = toBase62(randomBytes(16), idLength);
  const body = `pq_${id}_${toBase62(randomBytes(32), secretLength)}`;
  return { id, key: body + checksumOf(body) };
}

/** The public id in a key, or `null` when the text is not a key or is mistyped. */
export function idOfApiKey(key: string): string | null {
  const [, id, , checksum] = keyPattern.exec(key) ?? [];
  if (id === undefined || checksumOf(key.slice(0, -checksumLength)) !== checksum) return null;
  return id;
}

/** The stored form of a key. A secret of 256 random bits needs no slow hash. */
export function hashOfApiKey(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}

/** This runs for every request, so it uses numbers and not `BigInt`. */
function checksumOf(text: string): string {
  let rest = crc32(text);
  let checksum = '';
  for (let n = 0; n < checksumLength; n += 1) {
    checksum = (digits[rest % digits.length] as string) + checksum;
    rest = Math.floor(rest / digits.length);
  }
  return checksum;
}

/** The last `length` digits of the bytes, read as one number in base 62. */
function toBase62(bytes: Buffer, length: number): string {
  let rest = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  while (rest > 0n) {
    text = (digits[Number(rest % 62n)] as string) + text;
    rest /= 62n;
  }
  return text.padStart(length, '0').slice(-length);
}
