/**
 * A worker process that does to itself what the upstream's answer says: `die` (SIGKILL) or `block <ms>` (the event
 * loop is blocked). Everything else is the real worker.
 */
import { die } from '#support/die-at.ts';
import { runWorker } from '#support/run-worker.ts';
import { upstreamCall } from '#support/upstream-call.ts';

await runWorker('stub', ({ settings }) => {
  const call = upstreamCall(settings.OPENAI_BASE_URL ?? '', settings.OPENAI_API_KEY ?? '');
  return {
    complete: async (request, options) => {
      const completion = await call(request, options);
      if (completion.text === 'die') die();
      const blockMs = /^block (\d+)$/.exec(completion.text)?.[1];
      if (blockMs !== undefined) {
        const endsAt = Date.now() + Number(blockMs);
        while (Date.now() < endsAt); // A runaway regular expression or a huge JSON text does the same.
      }
      return completion;
    },
  };
});
