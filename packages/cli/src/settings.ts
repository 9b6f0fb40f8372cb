/** The settings from the environment. Flags override them. */
export interface CliSettings {
  /** The address of the API. */
  url: string;
  apiKey: string | undefined;
}

/** Reads the settings. An empty variable counts as not set. */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): CliSettings {
  return {
    url: environment['PROMPTQ_URL'] || 'http://127.0.0.1:3000',
    apiKey: environment['PROMPTQ_API_KEY'] || undefined,
  };
}
