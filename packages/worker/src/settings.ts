import { z } from 'zod';
import { jobTypes, type JobType } from '@promptq/shared/contracts';
import { readSettingsOrExit, sharedSettings, urlOf, wholeNumber } from '@promptq/shared/settings';
import { gatherTenantSecrets, webhooksQueue } from '@promptq/shared/webhooks';
import { modelBudgets } from './backpressure/model-budgets.ts';

/** What a worker process can serve: jobs of a type, and webhooks. */
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
    WORKER_TYPES: workerTypes,
    /** The maximum number of concurrent jobs of each type in this process. */
    WORKER_CONCURRENCY: wholeNumber({ min: 1, max: 10_000, default: 50 }),
    /** 0 turns the health endpoint off. */
    HEALTH_PORT: wholeNumber({ min: 0, max: 65_535, default: 0 }),
    HEALTH_HOST: z.string().default('127.0.0.1'),
    OPENAI_API_KEY: z
      .string()
      .regex(/^[\x21-\x7e]+$/, { error: 'must be visible ASCII without spaces or line breaks' })
      .optional(),
    OPENAI_BASE_URL: urlOf(['http:', 'https:']).optional(),
    /** The requests and tokens per minute of each model, across all workers. Empty means no budget. */
    UPSTREAM_RPM: modelBudgets,
    UPSTREAM_TPM: modelBudgets,
    /** The number of consecutive upstream failures, across the pool, that open the circuit. 0 turns it off. */
    UPSTREAM_CIRCUIT_FAILURES: wholeNumber({ min: 0, max: 10_000, default: 0 }),
    /** How old a job may become while the upstream rate-limits it. */
    RATE_LIMIT_PATIENCE_SECONDS: wholeNumber({ min: 0, max: 604_800, default: 900 }),
    AUDIT_TTL_SECONDS: wholeNumber({ min: 60, max: 315_360_000, default: 2_592_000 }),
    /** The maximum number of concurrent webhooks in this process, and of those to one host. */
    WEBHOOK_CONCURRENCY: wholeNumber({ min: 1, max: 10_000, default: 100 }),
    WEBHOOK_HOST_CONCURRENCY: wholeNumber({ min: 1, max: 10_000, default: 10 }),
    /** How long a failed webhook is kept for redelivery. */
    DELIVERY_TTL_SECONDS: wholeNumber({ min: 60, max: 31_536_000, default: 604_800 }),
  })
  .refine(
    ({ WORKER_TYPES, OPENAI_API_KEY, OPENAI_BASE_URL }) =>
      OPENAI_API_KEY ?? OPENAI_BASE_URL ?? (WORKER_TYPES && jobTypesOf(WORKER_TYPES).length === 0),
    {
      error:
        'must be set, or OPENAI_BASE_URL if the upstream needs no key: the worker has no upstream to call',
      path: ['OPENAI_API_KEY'],
      // Reported together with the faults of single settings.
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

/** The types of jobs among what a worker serves. */
export function jobTypesOf(served: readonly string[]): JobType[] {
  return jobTypes.filter((type) => served.includes(type));
}

export type WorkerSettings = z.infer<typeof workerSettingsSchema>;

/** The settings of this process; faulty ones end it with exit code 1. */
export function readWorkerSettings(): WorkerSettings {
  return readSettingsOrExit(workerSettingsSchema, process.env);
}
