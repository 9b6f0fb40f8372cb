import type { Redis } from 'ioredis';
import { z } from 'zod';
import { jobSchema } from '@promptq/shared/contracts';
import { readJob, toPublicJob } from '@promptq/shared/queues';
import type { RedisKeys } from '@promptq/shared/redis';
import { fromRedis } from '../http/from-redis.ts';
import { parseQuery } from '../http/parse.ts';
import { Problem } from '../http/problem.ts';
import { answersWith, jobHeaders } from '../http/responses.ts';
import type { Route } from '../http/route.ts';
import type { ApiSettings } from '../settings.ts';
import type { PollHint } from './poll-hint.ts';

const pathSchema = z.object({ id: z.string() });
const querySchema = z.strictObject({
  include: z.enum(['input']).optional().meta({ description: 'Adds the `input` to the job.' }),
});

interface Needs {
  redis: Redis;
  keys: RedisKeys;
  settings: Pick<ApiSettings, 'RESULT_TTL_SECONDS'>;
  pollHint: PollHint;
}

/** `GET /v1/jobs/{id}`: the job, whatever its status. */
export function getJob({ redis, keys, settings, pollHint }: Needs): Route {
  return {
    method: 'get',
    path: '/v1/jobs/{id}',
    operation: {
      operationId: 'getJob',
      summary: 'Poll a job',
      tags: ['jobs'],
      requestParams: { path: pathSchema, query: querySchema },
      responses: answersWith(
        {
          200: {
            description: 'The job.',
            headers: jobHeaders,
            content: { 'application/json': { schema: jobSchema } },
          },
        },
        [400, 404, 503],
      ),
    },
    handle: async (req, res) => {
      const { id } = pathSchema.parse(req.params);
      const { include } = parseQuery(querySchema, req);
      const record = await fromRedis(readJob(redis, keys, id));
      if (!record) throw new Problem('not_found', 'There is no such job, or it is no longer kept.');
      const job = toPublicJob(record, {
        resultTtlSeconds: settings.RESULT_TTL_SECONDS,
        includeInput: include === 'input',
        nowMs: Date.now(),
      });
      res.set({ 'Cache-Control': 'no-store', ...pollHint(job) }).json(job);
    },
  };
}
