import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import type { JobType } from '../contracts/index.ts';
import type { RedisKeys } from '../redis/index.ts';
import { indexEntry } from './job-index.ts';
import type { JobData } from '../jobs/index.ts';

/**
 * Adds jobs in one transaction (MULTI) whose first step, the guard, may refuse them all. A transaction cannot
 * stop in the middle and BullMQ's script cannot be called from another, but it leaves an id alone under which
 * something is: so a guard that refuses puts placeholders there, and the last step takes them away again.
 * Between the steps nobody else gets a word in.
 *
 * The scripts are sent as text each time: a transaction does not learn that Redis has forgotten a script.
 */
interface Guarded {
  jobs: Job<JobData>[];
  /** Keys that both steps find as `own`. */
  own: string[];
  /** Both steps find these as `args`. */
  args: (string | number)[];
  /** Lua: returns a text to refuse with, or nothing. */
  guard: string;
  /** Lua, unless refused. `all_added` is whether every job is there: Redis can run full in the middle. */
  conclude: string;
}

const placeholder = 'placeholder';

const head = `
local mark, own, jobs, args = KEYS[1], {}, {}, {}
for i = 2, ARGV[1] + 1 do own[i - 1] = KEYS[i] end
for i = ARGV[1] + 2, #KEYS do jobs[#jobs + 1] = KEYS[i] end
for i = 3, ARGV[2] + 2 do args[i - 2] = ARGV[i] end
`;

const guardScript = (guard: string) => `${head}
local function refusal() ${guard} end
local answer = refusal()
if not answer then return '' end
redis.call('SET', mark, 1)
for _, job in ipairs(jobs) do
  if redis.call('EXISTS', job) == 0 then redis.call('HSET', job, '${placeholder}', 1) end
end
return answer
`;

/** The jobs are put into the index before `conclude`: one that is in it and not there is passed over. */
const concludeScript = (conclude: string) => `${head}
if redis.call('DEL', mark) == 1 then
  for _, job in ipairs(jobs) do
    if redis.call('HEXISTS', job, '${placeholder}') == 1 then redis.call('DEL', job) end
  end
  return
end
local all_added = true
for _, job in ipairs(jobs) do
  if redis.call('EXISTS', job) == 0 then all_added = false end
end
for i = ARGV[2] + 3, #ARGV, 3 do
  redis.call('ZADD', '%index%', ARGV[i + 1], ARGV[i + 1])
  redis.call('APPEND', ARGV[i], ARGV[i + 2])
end
${conclude}
`;

type Command = (args: unknown[]) => unknown;

/**
 * @param jobs made with `bullJob`, of queues on this same connection
 * @returns what the guard refused with, or `null` when the jobs were added (again, if they were there)
 * @throws {Error} what Redis answered when it could not do all of it
 */
export async function addGuarded(
  redis: Redis,
  keys: RedisKeys,
  { jobs, own, args, guard, conclude }: Guarded,
): Promise<string | null> {
  const names = [
    keys.refused,
    ...own,
    ...jobs.map((job) => keys.job(job.name as JobType, job.id as string)),
  ];
  const values = [own.length, args.length, ...args];
  const multi = redis.multi();
  multi.eval(guardScript(guard), names.length, ...names, ...values);
  // BullMQ asks its connection for one of the scripts it has defined there.
  const commands = multi as unknown as Record<string, Command>;
  const transaction = Object.assign(multi, {
    runCommand: (name: string, scriptArgs: unknown[]) => {
      commands[name]?.(scriptArgs);
      return transaction;
    },
  });
  await Promise.all(jobs.map((job) => job.addJob(transaction as never)));
  const last = concludeScript(conclude).replace('%index%', keys.index);
  multi.eval(last, names.length, ...names, ...values, ...indexArguments(keys, jobs));
  const answers = (await multi.exec()) ?? [];
  const fault = answers.find(([error]) => error)?.[0];
  if (fault) {
    // ioredis sends scripts as text once per connection, and does not notice in a transaction that they are gone.
    if (fault.message.startsWith('NOSCRIPT')) redis.disconnect(true);
    throw fault;
  }
  return (answers[0]?.[1] as string) || null;
}

/** For each string of the index its key, its number and what to append. */
function indexArguments(keys: RedisKeys, jobs: Job<JobData>[]): (string | number | Buffer)[] {
  const entries = jobs.map((job) => indexEntry(keys, job.id as string));
  return [...Map.groupBy(entries, ({ bucket }) => bucket)].flatMap(([bucket, members]) => [
    keys.indexBucket(bucket),
    bucket,
    Buffer.concat(members.map(({ member }) => member)),
  ]);
}
