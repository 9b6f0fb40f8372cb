/**
 * Preloaded into our worker (`--import`) for one comparison: the worker as it is, but its settlement never hears of an
 * event, so that no audit event is written. Nothing else in promptq or BullMQ reads a consumer group.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';

type Command = (...args: unknown[]) => Promise<unknown>;

const commands = Redis.prototype as unknown as { xreadgroup: Command };
commands.xreadgroup = async (...args) => {
  const at = args.indexOf('BLOCK');
  await delay(at < 0 ? 0 : Number(args[at + 1]));
  return null;
};
