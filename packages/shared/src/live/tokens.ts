import type { Redis } from 'ioredis';
import { luaScript, type RedisKeys } from '../redis/index.ts';

/**
 * How far the output of a streamed job has come: characters (UTF-16 units, as `String.length` counts them) of
 * the attempt that was the `attempt`th to begin. It is also the id of an entry in the job's stream of tokens,
 * so ids grow, whoever writes them, and a process that lost the job cannot write behind the one that has it.
 */
export interface OutputPosition {
  attempt: number;
  characters: number;
}

/** A piece of the output, with the position of its first character. */
export interface Tokens {
  at: OutputPosition;
  text: string;
}

/** What became of a piece: `gap` means that what it follows on is not there (any more): write all of it again. */
export type Appended = 'appended' | 'gap' | 'superseded';

/**
 * Appends a piece, unless another attempt has begun. Sent twice, because the connection was lost in between, it
 * is there once. A piece that begins with the first character replaces all before it, so the stream always holds
 * the whole output of the attempt that wrote last, and no more. The first attempt begins with an empty stream, as
 * an id can come back when the job that had it is no longer kept.
 */
const appendScript = luaScript(
  'promptqAppendTokens',
  `
local attempt, from, to = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local id = ARGV[1] .. '-' .. ARGV[3]
if attempt == 1 and to == 0 then redis.call('UNLINK', KEYS[1]) end
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local last_attempt, last_to = 0, 0
if last then
  last_attempt, last_to = string.match(last[1], '(%d+)-(%d+)')
  last_attempt, last_to = tonumber(last_attempt), tonumber(last_to)
end
if last_attempt > attempt then return 'superseded' end
if last_attempt == attempt and last_to >= to then return 'appended' end
if from > 0 and (last_attempt < attempt or last_to ~= from) then return 'gap' end
if from == 0 then
  redis.call('XADD', KEYS[1], 'MINID', '=', id, id, 'text', ARGV[4])
else
  redis.call('XADD', KEYS[1], id, 'text', ARGV[4])
end
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('PUBLISH', KEYS[1], id)
return 'appended'
`,
);

/** Appends a piece to what a job has said, and tells whoever listens: one round trip. */
export async function appendTokens(
  redis: Redis,
  keys: RedisKeys,
  jobId: string,
  { at, text }: Tokens,
  ttlSeconds: number,
): Promise<Appended> {
  const answer = await appendScript(
    redis,
    [keys.tokens(jobId)],
    [at.attempt, at.characters, at.characters + text.length, text, ttlSeconds],
  );
  return answer as Appended;
}

/**
 * What was appended after a position, in order, at most `count` pieces. The first may begin before it. An empty
 * piece at 0 says that an attempt has begun.
 */
export async function readTokens(
  redis: Redis,
  keys: RedisKeys,
  jobId: string,
  { attempt, characters }: OutputPosition,
  count: number,
): Promise<Tokens[]> {
  const after = `(${attempt}-${characters}`;
  const entries = await redis.xrange(keys.tokens(jobId), after, '+', 'COUNT', count);
  return entries.map(([id, fields]) => {
    const [entryAttempt, end] = id.split('-').map(Number) as [number, number];
    const text = fields[1] ?? '';
    return { at: { attempt: entryAttempt, characters: end - text.length }, text };
  });
}
