import type { Redis } from 'ioredis';

type Run = (
  keyCount: number,
  ...keysAndArguments: (string | number | Buffer)[]
) => Promise<unknown>;

/**
 * A Lua script that is sent once per connection and called by its hash afterwards.
 * @param name unique among the scripts of a process
 */
export function luaScript(name: string, lua: string) {
  return (redis: Redis, keys: string[], args: (string | number | Buffer)[]): Promise<unknown> => {
    // ioredis adds a method under the script's name; its type cannot know the name.
    const scripted = redis as unknown as Record<string, Run | undefined>;
    if (!scripted[name]) redis.defineCommand(name, { lua });
    const run = scripted[name];
    if (!run) throw new Error(`ioredis did not define the script ${name}`);
    return run.call(redis, keys.length, ...keys, ...args);
  };
}
