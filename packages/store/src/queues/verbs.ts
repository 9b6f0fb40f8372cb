import type { BackendFactory, Queue, RedisQueueBackend } from 'bullmq';
import type { JobType } from '@promptq/shared/contracts';
import type { StoreContext } from '../context.ts';
import { guardVerbs } from '../guard-verbs.ts';
import { countWaiting, hasWaitingJobs } from './count-waiting.ts';
import { isPoolPaused, pausePool, resetPoolPause, type PoolPauseRequest } from './pause-pool.ts';
import { pauseQueue, resumeQueue } from './pause.ts';
import { readQueueState } from './read-state.ts';
import { queueNameOf, type QueueKind } from './registry.ts';
import { wakeWorkers } from './wake.ts';
import { workerHost } from './worker-options.ts';

interface Deps {
  context: StoreContext;
  queueOf: (name: string) => Pick<Queue, 'pause' | 'resume'>;
  backendFactory: BackendFactory<RedisQueueBackend>;
}

/** `store.queues`. */
export function queueVerbs({ context, queueOf, backendFactory }: Deps) {
  return {
    ...guardVerbs({
      readState: (kind: QueueKind) => readQueueState(context, kind),
      pause: (type: JobType) => pauseQueue(queueOf(queueNameOf(type))),
      resume: (type: JobType) => resumeQueue(queueOf(queueNameOf(type))),
      pausePool: (type: JobType, pause: PoolPauseRequest) => pausePool(context, type, pause),
      isPoolPaused: (type: JobType) => isPoolPaused(context, type),
      resetPoolPause: (type: JobType) => resetPoolPause(context, type),
      countWaiting: (type: JobType) => countWaiting(context, type),
      hasWaitingJobs: (kind: QueueKind) => hasWaitingJobs(context, kind),
      wake: (type: JobType) => wakeWorkers(context, type),
    }),
    workerHost: (kind: QueueKind) => workerHost(context, backendFactory, kind),
  };
}
