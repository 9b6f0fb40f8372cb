import { z } from 'zod';
import { jobTypes, type JobType } from '@promptq/shared/contracts';
import { readSettingsOrExit, sharedSettings, urlOf, wholeNumber } from '@promptq/shared/settings';
import { gatherTenantSecrets, webhooksQueue } from '@promptq/shared/webhooks';
import { modelBudgets } from './backpressure/model-budgets.ts';

/** What a worker process can serve: the job types, and webhooks. */
const served = [...jobTypes, webhooksQueue] as const;
const typesError = `must be one or more of ${served.join(', ')}, separated by commas`;

const workerTypes = z
  .string()
  .default(served.join(','))
  .transform((list) => [...new Set(list.split(',').map((type) => type.trim()))])
  .pipe(z.array(z.enum(served, { error: typesError })));

const workerSettings = z
  .object({
    ...sharedSettings,
    WORKER_TYPES: workerTypes.meta({
      description:
        'What this process runs: one or more of `chat`, `analysis` and `webhooks`, separated by commas.',
    }),
    WORKER_CONCURRENCY: wholeNumber({ min: 1, max: 10_000, default: 50 }).meta({
      description: 'Jobs of one type that this process runs at once.',
    }),
    HEALTH_PORT: wholeNumber({ min: 0, max: 65_535, default: 0 }).meta({
      description: 'Port of `/healthz`, `/readyz` and `/metrics`. 0: off.',
    }),
    HEALTH_HOST: z
      .string()
      .default('127.0.0.1')
      .meta({ description: 'Address that `HEALTH_PORT` listens on.' }),
    OPENAI_API_KEY: z
      .string()
      .regex(/^[\x21-\x7e]+$/, { error: 'must be visible ASCII without spaces or line breaks' })
      .optional()
      .meta({
        description:
          'API key of the upstream. A worker that runs jobs needs this setting or `OPENAI_BASE_URL`.',
      }),
    OPENAI_BASE_URL: urlOf(['http:', 'https:']).optional().meta({
      description: 'Base URL of an OpenAI-compatible upstream. Without it, the OpenAI API.',
    }),
    UPSTREAM_RPM: modelBudgets.meta({
      description:
        'Calls per minute and model of all workers together: one number for each model, or `<model>:<number>` pairs separated by commas, with `*` for every other model. 0: no limit. Set the same value for all workers.',
    }),
    UPSTREAM_TPM: modelBudgets.meta({
      description: 'Tokens per minute and model of all workers together, in the same form.',
    }),
    UPSTREAM_CIRCUIT_FAILURES: wholeNumber({ min: 0, max: 10_000, default: 0 }).meta({
      description:
        'Failures of the upstream in a row, counted across all workers, that pause the queue. 0: off.',
    }),
    RATE_LIMIT_PATIENCE_SECONDS: wholeNumber({ min: 0, max: 604_800, default: 900 }).meta({
      description:
        'Age in seconds from which a job fails with `upstream_rate_limited` when the upstream answers 429. A younger job goes back to the queue.',
    }),
    AUDIT_TTL_SECONDS: wholeNumber({ min: 60, max: 315_360_000, default: 2_592_000 }).meta({
      description: 'Seconds that an audit event is kept.',
    }),
    WEBHOOK_CONCURRENCY: wholeNumber({ min: 1, max: 10_000, default: 100 }).meta({
      description: 'Webhooks that this process sends at once.',
    }),
    WEBHOOK_HOST_CONCURRENCY: wholeNumber({ min: 1, max: 10_000, default: 10 }).meta({
      description: 'Webhooks that this process sends to one host at once.',
    }),
    DELIVERY_TTL_SECONDS: wholeNumber({ min: 60, max: 31_536_000, default: 604_800 }).meta({
      description: 'Seconds that a delivery is kept after its last try failed, to be sent again.',
    }),
  })
  .refine(
    ({ WORKER_TYPES, OPENAI_API_KEY, OPENAI_BASE_URL }) =>
      OPENAI_API_KEY ?? OPENAI_BASE_URL ?? (WORKER_TYPES && jobTypesOf(WORKER_TYPES).length === 0),
    {
      error:
        'must be set, or OPENAI_BASE_URL if the upstream needs no key: the worker has no upstream to call',
      path: ['OPENAI_API_KEY'],
      // This fault is reported together with the faults of single settings.
      when: () => true,
    },
  )
  .refine(
    ({ WORKER_TYPES, WEBHOOK_SECRET, WEBHOOK_SECRETS_OF_TENANTS }) =>
      WORKER_TYPES?.join() !== webhooksQueue || WEBHOOK_SECRET || WEBHOOK_SECRETS_OF_TENANTS?.size,
    {
      error:
        'must be set, or a WEBHOOK_SECRET_<TENANT>: this worker only sends webhooks, and they must be signed',
      path: ['WEBHOOK_SECRET'],
      when: () => true,
    },
  );

export const workerSettingsSchema = z.preprocess(gatherTenantSecrets, workerSettings);

/** The job types among the given names. */
export function jobTypesOf(served: readonly string[]): JobType[] {
  return jobTypes.filter((type) => served.includes(type));
}

export type WorkerSettings = z.infer<typeof workerSettingsSchema>;

/** Reads the settings of this process. Faulty settings end it with exit code 1. */
export function readWorkerSettings(): WorkerSettings {
  return readSettingsOrExit(workerSettingsSchema, process.env);
}
