import type { Redis } from 'ioredis';
import type { JobType, Priority } from '@promptq/shared/contracts';
import { scorePerPriority, minBatchPriority } from '@promptq/shared/queues';
import { luaScript, type RedisKeys } from '@promptq/shared/redis';

const bandOf: Record<Priority, number> = { high: 0, normal: 1, low: 2 };
/** As many tags as each class of priority has: the bands lie one behind the other. */
export const bandWidth = Math.floor((minBatchPriority - 1) / Object.keys(bandOf).length);

/**
 * The priorities of groups of jobs, in their order. In each band virtual time is the smallest tag that waits, and
 * never goes back; a job's tag is one step after virtual time or after its tenant's last tag, whichever is later. Of
 * each group of jobs the first tag is returned: the others follow a step apart.
 * When nothing waits, virtual time is the largest tag that was given: the job that has it was started or is about to be
 * added. A band that is half used up begins anew then. At its end all tags are the last one: first in, first out.
 */
const tagScript = luaScript(
  'promptqFairTags',
  `
local width, per_priority = tonumber(ARGV[1]), tonumber(ARGV[2])
local score = function(priority) return string.format('%.0f', priority * per_priority) end
local now, firsts = {}, {}
for at = 3, #ARGV, 4 do
  local band, tenant, step, jobs = tonumber(ARGV[at]), ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local tags, first = KEYS[2 + band], band * width + 1
  if not now[band] then
    local head = redis.call('ZRANGE', KEYS[1], score(first), '(' .. score(first + width), 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
    local before = redis.call('HMGET', tags, ':now', ':largest')
    local largest = tonumber(before[2] or 0)
    if head[2] then
      now[band] = math.max(tonumber(before[1] or 0), math.floor(tonumber(head[2]) / per_priority) - first)
      redis.call('HSET', tags, ':now', now[band])
    elseif largest > width / 2 then
      redis.call('DEL', tags)
      now[band] = 0
    else
      now[band] = largest
    end
  end
  local known = redis.call('HMGET', tags, tenant, ':largest')
  local tag = math.max(now[band], tonumber(known[1] or 0)) + step
  local last = math.min(tag + (jobs - 1) * step, width - 1)
  redis.call('HSET', tags, tenant, last, ':largest', math.max(last, tonumber(known[2] or 0)))
  firsts[#firsts + 1] = first + tag
end
return firsts
`,
);

/** Jobs of one tenant in one class of priority that arrive together: a busy tenant costs Redis no more than a quiet one. */
interface Group extends Arrival {
  /** Their places among all arrivals. */
  places: number[];
}

export interface Arrival {
  tenant: string;
  priority: Priority;
  /** How far its tag is behind the one before: a tenant of twice the weight takes half the step. */
  step: number;
}

/** The BullMQ priorities of jobs that are about to be added to the queue of this type, in their order. */
export async function fairTags(
  redis: Redis,
  keys: RedisKeys,
  type: JobType,
  arrivals: readonly Arrival[],
): Promise<number[]> {
  const groups = groupsOf(arrivals);
  const firsts = (await tagScript(
    redis,
    [keys.prioritized(type), ...Object.values(bandOf).map((band) => keys.fairTags(type, band))],
    [
      bandWidth,
      scorePerPriority,
      ...groups.flatMap(({ tenant, priority, step, places }) => [
        bandOf[priority],
        tenant,
        step,
        places.length,
      ]),
    ],
  )) as number[];
  const priorities: number[] = [];
  groups.forEach(({ priority, step, places }, at) => {
    const last = (bandOf[priority] + 1) * bandWidth;
    places.forEach((place, n) => {
      priorities[place] = Math.min((firsts[at] as number) + n * step, last);
    });
  });
  return priorities;
}

function groupsOf(arrivals: readonly Arrival[]): Group[] {
  const groups = new Map<string, Group>();
  arrivals.forEach((arrival, place) => {
    const name = `${arrival.priority} ${arrival.tenant}`;
    const group = groups.get(name);
    if (group) group.places.push(place);
    else groups.set(name, { ...arrival, places: [place] });
  });
  return [...groups.values()];
}
