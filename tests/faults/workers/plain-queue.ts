export const plainQueue = 'plain';

export interface PlainData {
  message: string;
}

/** Where the processes of the comparison find Redis and the upstream. */
export function plainUrls(environment: NodeJS.ProcessEnv): {
  redisUrl: string;
  upstreamUrl: string;
} {
  const { REDIS_URL, OPENAI_BASE_URL } = environment;
  if (!REDIS_URL || !OPENAI_BASE_URL) throw new Error('REDIS_URL and OPENAI_BASE_URL must be set');
  return { redisUrl: REDIS_URL, upstreamUrl: OPENAI_BASE_URL };
}
