/** Where the API is and how to be let in, before any flag. Empty counts as not set. */
export interface CliSettings {
  url: string;
  apiKey: string | undefined;
}

export function readSettings(environment: NodeJS.ProcessEnv = process.env): CliSettings {
  return {
    url: environment['PROMPTQ_URL'] || 'http://127.0.0.1:3000',
    apiKey: environment['PROMPTQ_API_KEY'] || undefined,
  };
}
