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
    /** Who may use the API: `<id>:<tenant>:<scopes>:<SHA-256>`, separated by commas. */
    API_KEYS: apiKeys.optional(),
    /** A file with the same, one to a line, which is read again when it changes. */
    API_KEYS_FILE: z.string().optional(),
    /** Tenants with another share of the workers than 1: `<tenant>:<whole number>`, separated by commas. */
    TENANT_WEIGHTS: tenantWeights,
    /** Requests of one API key, or of all callers without keys. 0: no limit. */
    REQUESTS_PER_MINUTE: wholeNumber({ min: 0, max: 1_000_000, default: 0 }),
    /** Jobs of one type that may wait for a worker, those of batches aside. */
    MAX_WAITING_JOBS: wholeNumber({ min: 1, max: 10_000_000, default: 100_000 }),
    /** Jobs of one tenant that have not ended, those of batches aside. 0: no limit. */
    MAX_WAITING_JOBS_PER_TENANT: wholeNumber({ min: 0, max: 10_000_000, default: 0 }),
    /** Serves whoever reaches it, without keys, also beyond this machine. */
    API_OPEN: trueOrFalse.default(false),
    /** Serves pages about the queues of all tenants at /admin/queues. */
    QUEUE_BOARD: trueOrFalse.default(false),
    HOST: z.string().default('127.0.0.1'),
    PORT: wholeNumber({ min: 0, max: 65_535, default: 3_000 }),
    /** The model of a job that names none. */
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
        'without API keys this API serves 127.0.0.1 only: set API_KEYS or API_KEYS_FILE (pnpm keygen api), or API_OPEN=true where nobody else can reach it',
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
