/**
 * A worker process that the operating system kills at one boundary of a job's life. DIES_AT names the boundary:
 * `before-` or `after-` a `call` to the upstream, a `checkpoint` (the write of a part of an analysis), a `fetch` of a job
 * or a `finish` (the script that makes a job terminal). It dies there for the DIES_ON-th time (default 1).
 */
import { boundaryOf, die, dieAtBoundary } from './die-at.ts';
import { runWorker } from './run-worker.ts';
import { upstreamCall } from './upstream-call.ts';

const boundary = boundaryOf(process.env);

await runWorker('crashing', ({ settings, store }) => {
  dieAtBoundary(store.context.redis, boundary);
  const call = upstreamCall(settings.OPENAI_BASE_URL ?? '', settings.OPENAI_API_KEY ?? '');
  return {
    complete: async (request, options) => {
      const dies = boundary.step === 'call' && boundary.isNow();
      if (dies && boundary.side === 'before') die();
      const completion = await call(request, options);
      if (dies) die();
      return completion;
    },
  };
});
