import type { Redis } from 'ioredis';
import type { StoreKeys } from '../keys.ts';
import { defineScript } from '../scripts/script.ts';

const checkVersion = defineScript(import.meta.url, 'data-version');

/** The version of the data that this code reads and writes. Additions keep it; a change that old code cannot read raises it. */
const dataVersion = '2';

/** Redis holds data of another version. */
export class DataVersionError extends Error {
  override readonly name = 'DataVersionError';
}

/**
 * Checks that the data in Redis is of the version that this process works with; an empty Redis gets it.
 * @throws {DataVersionError} otherwise
 * @throws {Error} when the key of the audit stream holds something else
 */
export async function checkDataVersion(redis: Redis, keys: StoreKeys): Promise<void> {
  await refuseForeignKey(redis, keys.audit);
  const found = String(
    await checkVersion(redis, {
      keys: [keys.version, ...keys.firstVersionKeys],
      control: { version: dataVersion },
    }),
  );
  if (found === dataVersion) return;
  throw new DataVersionError(
    `The data in Redis is of version ${found}, and this promptq works with version ${dataVersion}. ` +
      'Use an empty Redis or another REDIS_PREFIX, or the promptq that wrote the data.',
  );
}

/** A job could finish without its audit event if another kind of value were under this key. */
async function refuseForeignKey(redis: Redis, auditKey: string): Promise<void> {
  const type = await redis.type(auditKey);
  if (type === 'stream' || type === 'none') return;
  throw new Error(
    `${auditKey} is a ${type}, not a stream of audit events: set another REDIS_PREFIX`,
  );
}
