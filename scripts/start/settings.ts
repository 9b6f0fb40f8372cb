/** The settings that `pnpm start` itself reads. The services read and check all others. An empty value counts as not set. */
export interface StartSettings {
  redisUrl: string | undefined;
  openaiApiKey: string | undefined;
  openaiBaseUrl: string | undefined;
  webhookSecret: string | undefined;
  webhookAllowedHosts: string | undefined;
  /** Whether the API requires a key: API_KEYS or API_KEYS_FILE is set. */
  hasApiKeys: boolean;
  /** How long the services may take to stop. A service refuses to start with a malformed value. */
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
    hasApiKeys: read('API_KEYS') !== undefined || read('API_KEYS_FILE') !== undefined,
    graceSeconds: Number(read('SHUTDOWN_GRACE_SECONDS') ?? defaultGraceSeconds),
  };
}
