export { checkServer } from './check-server.ts';
export { connectFailingFast, connectPatiently, untilReady } from './connect.ts';
export { hashFields } from './hash-fields.ts';
export { redisKeys, type RedisKeys } from './keys.ts';
export { luaScript } from './script.ts';
