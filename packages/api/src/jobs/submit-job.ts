import type { Response } from 'express';
import { isTerminal, jobSchema, submissionSchema, type PublicJob } from '@promptq/shared/contracts';
import { parseBody } from '../http/parse.ts';
import { answersWith, replayedHeaders } from '../http/responses.ts';
import type { Route } from '../http/route.ts';
import { addJob, type AddNeeds } from './add-job.ts';
import { addKeyedJob } from './add-keyed-job.ts';
import { fingerprintOf, idempotencyKeyOf, keyHeaderSchema, scopeOf } from './idempotency-key.ts';
import type { PollHint } from './poll-hint.ts';
import { onlyTenant } from './tenant.ts';
import { toWanted, type JobDefaults } from './wanted.ts';

interface Needs extends AddNeeds {
  settings: JobDefaults;
  pollHint: PollHint;
}

/** `POST /v1/jobs`: accepts a job. It is in Redis when the answer is sent. */
export function submitJob(needs: Needs): Route {
  const { settings, pollHint } = needs;
  return {
    method: 'post',
    path: '/v1/jobs',
    operation: {
      operationId: 'submitJob',
      summary: 'Submit a job',
      tags: ['jobs'],
      requestParams: { header: keyHeaderSchema },
      requestBody: {
        required: true,
        content: { 'application/json': { schema: submissionSchema } },
      },
      responses: answersWith(
        {
          202: {
            description: 'The job is accepted.',
            headers: replayedHeaders,
            content: { 'application/json': { schema: jobSchema } },
          },
          200: {
            description: 'The job was accepted before, and is finished.',
            headers: replayedHeaders,
            content: { 'application/json': { schema: jobSchema } },
          },
        },
        [400, 413, 415, 422, 503],
      ),
    },
    handle: async (req, res) => {
      const key = idempotencyKeyOf(req);
      const submission = parseBody(submissionSchema, req);
      const wanted = toWanted(submission, settings);
      if (key === undefined) return sendAccepted(res, await addJob(needs, wanted), pollHint);
      const { job, isReplay } = await addKeyedJob(needs, wanted, {
        scope: scopeOf('job', onlyTenant, key),
        fingerprint: fingerprintOf(submission),
      });
      if (isReplay) res.set('Idempotency-Replayed', 'true');
      sendAccepted(res, job, pollHint);
    },
  };
}

/** 202 with the job, where to poll and when; 200 when it is finished, as the job of a replay can be. */
export function sendAccepted(res: Response, job: PublicJob, pollHint: PollHint): void {
  res
    .status(isTerminal(job.status) ? 200 : 202)
    .set({ Location: job.urls.self, 'Cache-Control': 'no-store', ...pollHint(job) })
    .json(job);
}
