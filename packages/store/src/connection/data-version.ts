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
 * @throws {Error} when the key of the audit stream or of the version has another type
 */
export async function checkDataVersion(redis: Redis, keys: StoreKeys): Promise<void> {
  await refuseForeignKey(redis, keys.audit, 'stream');
  await refuseForeignKey(redis, keys.version, 'string');
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

/** If the audit key had another type, a job could finish without its audit event. */
async function refuseForeignKey(
  redis: Redis,
  key: string,
  expected: 'stream' | 'string',
): Promise<void> {
  const type = await redis.type(key);
  if (type === expected || type === 'none') return;
  throw new Error(`${key} is a ${type}, not a ${expected} of promptq: set another REDIS_PREFIX`);
}
