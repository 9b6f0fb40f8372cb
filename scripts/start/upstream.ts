import { startStandInModel } from '../stand-in-model.ts';
import type { StartSettings } from './settings.ts';

export interface Upstream {
  /** Settings of the workers. */
  environment: Record<string, string>;
  /** Describes it for the user. */
  description: string;
  isStandIn: boolean;
  stop: () => Promise<void>;
}

/** Returns the upstream of the settings. Without one, starts the stand-in model in this process. */
export async function chooseUpstream(settings: StartSettings): Promise<Upstream> {
  const { openaiApiKey, openaiBaseUrl } = settings;
  if (openaiApiKey === undefined && openaiBaseUrl === undefined) return await standIn();
  return {
    environment: {
      ...(openaiApiKey === undefined ? {} : { OPENAI_API_KEY: openaiApiKey }),
      ...(openaiBaseUrl === undefined ? {} : { OPENAI_BASE_URL: openaiBaseUrl }),
    },
    description: `${openaiBaseUrl ?? 'the OpenAI API'}, ${openaiApiKey === undefined ? 'without a key' : 'with your key'}`,
    isStandIn: false,
    stop: async () => {},
  };
}

async function standIn(): Promise<Upstream> {
  const model = await startStandInModel({ host: '127.0.0.1', port: 0 });
  return {
    environment: { OPENAI_BASE_URL: model.baseUrl, OPENAI_API_KEY: 'stand-in' },
    description: `the stand-in model at ${model.baseUrl}`,
    isStandIn: true,
    stop: model.stop,
  };
}
