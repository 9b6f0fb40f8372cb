/**
 * A worker process whose upstream client misbehaves as the job's message says. It stands for faults that our code or
 * a library could have one day.
 */
import { runWorker } from './run-worker.ts';

const misbehave: Record<string, () => unknown> = {
  'throw null': () => {
    throw null;
  },
  'throw undefined': () => {
    throw undefined;
  },
  'throw text': () => {
    throw 'a text';
  },
  'throw a hostile object': () => {
    throw new Proxy({}, { get: () => 'trap', has: () => true });
  },
  'throw an error that pretends': () => {
    throw Object.assign(new Error('bullmq:rateLimitExceeded'), { name: 'WaitingError', stack: 7 });
  },
  'a rejected promise nobody awaits': () => {
    void Promise.reject(new Error('nobody listens'));
  },
  'a huge answer': () => 'x'.repeat(10_000_000),
};

await runWorker('throwing', () => ({
  complete: async (request) => {
    const message = request.messages[0]?.content;
    const text = typeof message === 'string' ? misbehave[message]?.() : undefined;
    return {
      text: typeof text === 'string' ? text : 'fine',
      finishReason: 'stop',
      model: request.model,
      usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
    };
  },
}));
