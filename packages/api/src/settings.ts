import { z } from 'zod';
import { KeyEntryError, readKeyEntries } from '@promptq/shared/api-keys';
import { readSettingsOrExit, sharedSettings, wholeNumber } from '@promptq/shared/settings';
import { gatherTenantSecrets } from '@promptq/shared/webhooks';

const loopback = new Set(['127.0.0.1', '::1', 'localhost']);

const apiKeys = z.string().transform((text, context) => {
  try {
    return readKeyEntries(text);
  } catch (error) {
    if (!(error instanceof KeyEntryError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
});

const weightsError = 'must be <tenant>:<whole number from 1 to 100>, separated by commas';
const tenantWeights = z
  .string()
  .regex(/^[\w-]{1,64}:([1-9]\d?|100)(,[\w-]{1,64}:([1-9]\d?|100))*$/, { error: weightsError })
  .transform(
    (list) =>
      new Map(
        list
          .split(',')
          .map((entry) => entry.split(':') as [string, string])
          .map(([tenant, weight]) => [tenant, Number(weight)]),
      ),
  )
  .default(() => new Map<string, number>());

const trueOrFalse = z
  .enum(['true', 'false'], { error: 'must be true or false' })
  .transform((value) => value === 'true');

const apiSettings = z
  .object({
    ...sharedSettings,
    API_KEYS: apiKeys.optional().meta({
      description:
        'API keys, as `<id>:<tenant>:<scopes>:<SHA-256>` entries separated by commas; the scopes are joined by `+`. Without keys the API listens on 127.0.0.1 only.',
    }),
    API_KEYS_FILE: z.string().optional().meta({
      description:
        'File with the same entries, one per line, `#` for comments. The API reads it again when it changes.',
    }),
    TENANT_WEIGHTS: tenantWeights.meta({
      description:
        'Share of the workers per tenant, as `<tenant>:<weight>` pairs separated by commas (`acme:4,other:2`). The weight of every other tenant is 1; the maximum is 100.',
    }),
    REQUESTS_PER_MINUTE: wholeNumber({ min: 0, max: 1_000_000, default: 0 }).meta({
      description:
        'Requests per minute of one API key, or of all callers together without keys. More are refused with 429 `rate_limited`. 0: no limit.',
    }),
    MAX_WAITING_JOBS: wholeNumber({ min: 1, max: 10_000_000, default: 100_000 }).meta({
      description:
        'Waiting jobs per queue, jobs of batches not counted. More are refused with 429 `queue_full`.',
    }),
    MAX_WAITING_JOBS_PER_TENANT: wholeNumber({ min: 0, max: 10_000_000, default: 0 }).meta({
      description:
        'Unfinished jobs per tenant: queued, delayed or running, jobs of batches not counted. More are refused with 429 `queue_full`. 0: no limit.',
    }),
    API_OPEN: trueOrFalse.default(false).meta({
      description:
        'Without API keys, lets the API listen on other addresses than 127.0.0.1: `true` or `false`.',
    }),
    QUEUE_BOARD: trueOrFalse.default(false).meta({
      description:
        'Serves read-only pages about the queues of all tenants at `/admin/queues`: `true` or `false`.',
    }),
    HOST: z.string().default('127.0.0.1').meta({ description: 'Address that the API listens on.' }),
    PORT: wholeNumber({ min: 0, max: 65_535, default: 3_000 }).meta({
      description: 'Port that the API listens on.',
    }),
    DEFAULT_MODEL: z
      .string()
      .default('gpt-4o-mini')
      .meta({ description: 'Model of a job that does not name one.' }),
    JOB_ATTEMPTS: wholeNumber({ min: 1, max: 10, default: 3 }).meta({
      description: 'Attempts of a job that does not set `max_attempts`.',
    }),
    JOB_TIMEOUT_SECONDS: wholeNumber({ min: 1, max: 7_200, default: 600 }).meta({
      description: 'Seconds that one attempt of a job may take, unless it sets `timeout_seconds`.',
    }),
  })
  .refine(
    ({ HOST, API_KEYS, API_KEYS_FILE, API_OPEN }) =>
      HOST === undefined || loopback.has(HOST) || API_KEYS || API_KEYS_FILE || API_OPEN,
    {
      error:
        'without API keys, HOST must be 127.0.0.1: set API_KEYS or API_KEYS_FILE (pnpm keygen api), or API_OPEN=true if no one else can reach the API',
      path: ['HOST'],
      when: () => true,
    },
  );

export const apiSettingsSchema = z.preprocess(gatherTenantSecrets, apiSettings);

export type ApiSettings = z.infer<typeof apiSettingsSchema>;

/** Reads the settings of this process. Faulty settings end it with exit code 1. */
export function readApiSettings(): ApiSettings {
  return readSettingsOrExit(apiSettingsSchema, process.env);
}
