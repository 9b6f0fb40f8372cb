import type { Redis } from 'ioredis';
import type { StoreKeys } from '../keys.ts';
import { defineScript } from '../scripts/script.ts';

const checkVersion = defineScript(import.meta.url, 'data-version');

/** The version of the data that this code reads and writes. It is raised by a change that older code cannot read. */
const dataVersion = '2';

/** Redis holds data of another version. */
export class DataVersionError extends Error {
  override readonly name = 'DataVersionError';
}

/**
 * Checks that the data in Redis has the version that this process supports. An empty Redis gets this version.
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
    `The data in Redis has version ${found}, but this promptq supports version ${dataVersion} only. ` +
      'Use an empty Redis, another REDIS_PREFIX, or the promptq version that wrote the data.',
  );
}

/** If this key held another type, a job could finish without its audit event. */
async function refuseForeignKey(redis: Redis, auditKey: string): Promise<void> {
  const type = await redis.type(auditKey);
  if (type === 'stream' || type === 'none') return;
  throw new Error(
    `${auditKey} is a ${type}, not a stream of audit events: set another REDIS_PREFIX`,
  );
}
