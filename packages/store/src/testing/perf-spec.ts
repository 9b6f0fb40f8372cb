import { withDefaults, type JobSpec } from '@promptq/shared/jobs';
export const chatSpec = (): JobSpec => ({
  type: 'chat',
  data: withDefaults({
    input: { message: 'Say hello to the world, please. '.repeat(10), model: 'gpt-4o-mini' },
  } as any),
  maxAttempts: 3,
  delaySeconds: 0,
});
