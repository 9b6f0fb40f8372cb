import { z } from 'zod';

/**
 * What a key may do. `jobs`: submit and read jobs; `audit`: read audit events; `admin`: everything, for all tenants.
 */
export const scopeSchema = z.enum(['jobs', 'audit', 'admin']);
export type Scope = z.infer<typeof scopeSchema>;
export const scopes = scopeSchema.options;

const tenantRule = '1 to 64 letters, digits, "-" and "_"';
export const tenantSchema = z.string().regex(/^[\w-]{1,64}$/, { error: `must be ${tenantRule}` });

/** An invalid list of keys. The message names rules and positions but never the entry, which may be a secret. */
export class KeyEntryError extends Error {
  override readonly name = 'KeyEntryError';
}

/** One entry of `API_KEYS`. It never contains the key itself. */
export interface KeyEntry {
  id: string;
  tenant: string;
  scopes: Scope[];
  /** SHA-256 of the key. */
  hash: Buffer;
}

/** `<id>:<tenant>:<scope>+<scope>:<SHA-256 of the key in hexadecimal>` */
export function writeKeyEntry({ id, tenant, scopes, hash }: KeyEntry): string {
  return [id, tenant, scopes.join('+'), hash.toString('hex')].join(':');
}

/**
 * Reads entries that are separated by commas or line breaks; `#` begins a comment.
 * @throws {KeyEntryError} that gives the position of the faulty entry and not its text, which may be a secret
 */
export function readKeyEntries(text: string): KeyEntry[] {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/#.*$/, ''));
  const written = lines.flatMap((line) => line.split(',')).map((entry) => entry.trim());
  const entries = written
    .filter((entry) => entry !== '')
    .map((entry, at) => readEntry(entry, at + 1));
  const ids = new Set(entries.map(({ id }) => id));
  if (ids.size < entries.length) throw new KeyEntryError('has two entries with the same id');
  return entries;
}

const entryRule = '<id>:<tenant>:<scopes>:<SHA-256>, as pnpm keygen api prints it';

function readEntry(entry: string, position: number): KeyEntry {
  const [id = '', tenant = '', scopeList = '', hash = '', ...more] = entry.split(':');
  const parsed = z.array(scopeSchema).min(1).safeParse(scopeList.split('+'));
  if (!/^[0-9A-Za-z]{12}$/.test(id) || more.length > 0 || !/^[0-9a-f]{64}$/i.test(hash))
    throw new KeyEntryError(`entry ${position} must be ${entryRule}`);
  if (!tenantSchema.safeParse(tenant).success)
    throw new KeyEntryError(`entry ${position}: the tenant must be ${tenantRule}`);
  if (!parsed.success)
    throw new KeyEntryError(
      `entry ${position}: the scopes must be one or more of ${scopes.join(', ')}, joined by "+"`,
    );
  return { id, tenant, scopes: [...new Set(parsed.data)], hash: Buffer.from(hash, 'hex') };
}
