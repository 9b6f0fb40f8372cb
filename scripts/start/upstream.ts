import { startStandInModel } from '../stand-in-model.ts';
import type { StartSettings } from './settings.ts';

export interface Upstream {
  /** The worker's settings. */
  environment: Record<string, string>;
  /** One line for people. */
  what: string;
  isStandIn: boolean;
  stop: () => Promise<void>;
}

/** The upstream that the settings name, else the stand-in model, in this process. */
export async function chooseUpstream(settings: StartSettings): Promise<Upstream> {
  const { openaiApiKey, openaiBaseUrl } = settings;
  if (openaiApiKey === undefined && openaiBaseUrl === undefined) return await standIn();
  return {
    environment: {
      ...(openaiApiKey === undefined ? {} : { OPENAI_API_KEY: openaiApiKey }),
      ...(openaiBaseUrl === undefined ? {} : { OPENAI_BASE_URL: openaiBaseUrl }),
    },
    what: `${openaiBaseUrl ?? 'the OpenAI API'}, ${openaiApiKey === undefined ? 'without a key' : 'with your key'}`,
    isStandIn: false,
    stop: async () => {},
  };
}

async function standIn(): Promise<Upstream> {
  const model = await startStandInModel({ host: '127.0.0.1', port: 0 });
  return {
    environment: { OPENAI_BASE_URL: model.baseUrl, OPENAI_API_KEY: 'stand-in' },
    what: `the stand-in model at ${model.baseUrl}`,
    isStandIn: true,
    stop: model.stop,
  };
}
