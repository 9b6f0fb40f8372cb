import { z } from 'zod';
import { tenantSecrets, webhookAllowedHosts, webhookSecrets } from '../webhooks/index.ts';

/** A whole number in an environment variable. */
export function wholeNumber(range: { min: number; max: number; default: number }) {
  const { min, max } = range;
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, { error })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error })
    .default(range.default);
}

/** A URL in an environment variable, of one of the given protocols. */
export function urlOf(protocols: string[]) {
  return z.string().refine((value) => protocols.includes(URL.parse(value)?.protocol ?? ''), {
    error: `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });
}

/** The settings of both services. */
export const sharedSettings = {
  REDIS_URL: urlOf(['redis:', 'rediss:'])
    .refine((text) => URL.parse(text)?.hostname !== '', { error: 'must name a host' })
    .refine((text) => /^(\/\d{0,9})?$/.test(URL.parse(text)?.pathname ?? ''), {
      error: 'must end with the number of a database or without a path',
    })
    .default('redis://127.0.0.1:6379')
    .meta({ description: 'Address of the Redis (6.2 or newer) or Valkey that holds all data.' }),
  REDIS_PREFIX: z
    .string()
    .regex(/^\{[^{}:\s]{1,64}\}$/, {
      error:
        'must be a name in braces, for example {promptq}, so that all keys lie in one hash slot',
    })
    .default('{promptq}')
    .meta({
      description:
        'Prefix of every Redis key, a name in braces. All processes of one installation use the same prefix.',
    }),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      error: 'must be one of fatal, error, warn, info, debug, trace, silent',
    })
    .default('info')
    .meta({
      description:
        'Lowest level that is logged: `fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`. At `debug`, prompts can appear in the log.',
    }),
  OTEL_EXPORTER_OTLP_ENDPOINT: urlOf(['http:', 'https:']).optional().meta({
    description:
      'Base URL of an OpenTelemetry collector (OTLP over HTTP). Without it, promptq sends no traces.',
  }),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(0|1(\.0{1,9})?|0?\.\d{1,9})$/, { error: 'must be a number from 0 to 1' })
    .transform(Number)
    .default(1)
    .meta({
      description: 'Share of the traces that start in promptq and are kept.',
    }),
  SHUTDOWN_GRACE_SECONDS: wholeNumber({ min: 1, max: 86_400, default: 30 }).meta({
    description:
      'Seconds that a process has to stop after SIGTERM or SIGINT. A worker finishes its running jobs within this time.',
  }),
  RESULT_TTL_SECONDS: wholeNumber({ min: 60, max: 31_536_000, default: 86_400 }).meta({
    description:
      'Seconds that a finished job or batch is kept, with its result. Set the same value for the API and the workers.',
  }),
  WEBHOOK_SECRET: webhookSecrets.optional().meta({
    description:
      'Secret that signs webhooks (`whsec_...`), or several separated by commas while a secret is rotated. Without a secret, the API refuses jobs with a webhook.',
  }),
  /** The settings `WEBHOOK_SECRET_<TENANT>`, for which a schema begins with `gatherTenantSecrets`. */
  WEBHOOK_SECRETS_OF_TENANTS: tenantSecrets.meta({
    title: 'WEBHOOK_SECRET_<TENANT>',
    description:
      'Secret that signs the webhooks of one tenant, instead of `WEBHOOK_SECRET`. The name is in capitals, with `_` for `-`.',
  }),
  WEBHOOK_ALLOWED_HOSTS: webhookAllowedHosts.meta({
    description:
      'Webhook receivers that may have a private address or use plain HTTP: host names, addresses and CIDRs, separated by commas.',
  }),
};
