import { luaScript } from '@promptq/shared/redis';

/** Only the wish is written: the worker whose turn it is tells the jobs, so that nothing is left half done. */
export const cancelScript = luaScript(
  'promptqCancelBatch',
  `
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('HEXISTS', KEYS[1], 'finished_at') == 1 then return 0 end
return redis.call('HSETNX', KEYS[1], 'cancel_requested_at', ARGV[1])
`,
);
