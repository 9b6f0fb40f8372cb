import type { Redis } from 'ioredis';

/** CPU time of the server since its start, in microseconds: its main thread and the threads that write its file. */
export async function redisCpuUs(redis: Redis): Promise<number> {
  const info = await redis.info('cpu');
  return (field(info, 'used_cpu_user') + field(info, 'used_cpu_sys')) * 1e6;
}

/** Bytes that data takes, without the buffers of connections and of the append-only file, which vary. */
export async function redisDataBytes(redis: Redis): Promise<number> {
  const info = await redis.info('memory');
  const buffers = field(info, 'mem_clients_normal') + field(info, 'mem_aof_buffer');
  return field(info, 'used_memory') - buffers;
}

/** Name and version of the server, for example `redis 7.0.15`. */
export async function redisVersion(redis: Redis): Promise<string> {
  const info = await redis.info('server');
  const name = /^server_name:(.+)\r$/m.exec(info)?.[1] ?? 'redis';
  const version = /^(?:valkey|redis)_version:(.+)\r$/m.exec(info)?.[1] ?? 'unknown';
  return `${name} ${version}`;
}

function field(info: string, name: string): number {
  const value = Number(new RegExp(`^${name}:([0-9.]+)\r?$`, 'm').exec(info)?.[1]);
  if (!Number.isFinite(value)) throw new Error(`INFO of this server has no field ${name}`);
  return value;
}
