/** What `pnpm start` itself reads from the environment; the services read the rest. An empty value is not set. */
export interface StartSettings {
  redisUrl: string | undefined;
  openaiApiKey: string | undefined;
  openaiBaseUrl: string | undefined;
  webhookSecret: string | undefined;
  webhookAllowedHosts: string | undefined;
  /** How long the services may take to stop; they refuse a malformed value themselves. */
  graceSeconds: number;
}

const defaultGraceSeconds = 30;

export function readStartSettings(environment: NodeJS.ProcessEnv): StartSettings {
  const read = (name: string) => (environment[name] === '' ? undefined : environment[name]);
  return {
    redisUrl: read('REDIS_URL'),
    openaiApiKey: read('OPENAI_API_KEY'),
    openaiBaseUrl: read('OPENAI_BASE_URL'),
    webhookSecret: read('WEBHOOK_SECRET'),
    webhookAllowedHosts: read('WEBHOOK_ALLOWED_HOSTS'),
    graceSeconds: Number(read('SHUTDOWN_GRACE_SECONDS') ?? defaultGraceSeconds),
  };
}
