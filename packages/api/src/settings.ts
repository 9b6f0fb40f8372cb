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
    /** The API keys: `<id>:<tenant>:<scopes>:<SHA-256>`, separated by commas. */
    API_KEYS: apiKeys.optional(),
    /** A file with API keys, one per line, which is reloaded when it changes. */
    API_KEYS_FILE: z.string().optional(),
    /** The tenants' shares of the workers if not 1: `<tenant>:<whole number>`, separated by commas. */
    TENANT_WEIGHTS: tenantWeights,
    /** The limit of each API key, or of all callers without keys. 0 means no limit. */
    REQUESTS_PER_MINUTE: wholeNumber({ min: 0, max: 1_000_000, default: 0 }),
    /** The maximum number of waiting jobs of each type, without jobs of batches. */
    MAX_WAITING_JOBS: wholeNumber({ min: 1, max: 10_000_000, default: 100_000 }),
    /** The maximum number of unfinished jobs of each tenant, without jobs of batches. 0 means no limit. */
    MAX_WAITING_JOBS_PER_TENANT: wholeNumber({ min: 0, max: 10_000_000, default: 0 }),
    /** Allows an API without keys to listen beyond this machine. */
    API_OPEN: trueOrFalse.default(false),
    /** Serves pages about the queues of all tenants at /admin/queues. */
    QUEUE_BOARD: trueOrFalse.default(false),
    HOST: z.string().default('127.0.0.1'),
    PORT: wholeNumber({ min: 0, max: 65_535, default: 3_000 }),
    /** The model of a job that does not name one. */
    DEFAULT_MODEL: z.string().default('gpt-4o-mini'),
    /** Attempts of a job. */
    JOB_ATTEMPTS: wholeNumber({ min: 1, max: 10, default: 3 }),
    /** Seconds that one attempt may take. */
    JOB_TIMEOUT_SECONDS: wholeNumber({ min: 1, max: 7_200, default: 600 }),
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

const apiSettingsSchema = z.preprocess(gatherTenantSecrets, apiSettings);

export type ApiSettings = z.infer<typeof apiSettingsSchema>;

/** The settings of this process; faulty ones end it with exit code 1. */
export function readApiSettings(): ApiSettings {
  return readSettingsOrExit(apiSettingsSchema, process.env);
}
