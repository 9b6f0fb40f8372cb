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
  REDIS_URL: urlOf(['redis:', 'rediss:']).default('redis://127.0.0.1:6379'),
  REDIS_PREFIX: z
    .string()
    .regex(/^\{[^{}:\s]{1,64}\}$/, {
      error:
        'must be a name in braces, for example {promptq}, so that all keys lie in one hash slot',
    })
    .default('{promptq}'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      error: 'must be one of fatal, error, warn, info, debug, trace, silent',
    })
    .default('info'),
  /** Base address of an OTLP/HTTP trace collector. Without it, tracing is off. */
  OTEL_EXPORTER_OTLP_ENDPOINT: urlOf(['http:', 'https:']).optional(),
  /** The sampling ratio of traces that begin in this process. */
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(0|1|0?\.\d{1,9})$/, { error: 'must be a number from 0 to 1' })
    .transform(Number)
    .default(1),
  SHUTDOWN_GRACE_SECONDS: wholeNumber({ min: 1, max: 86_400, default: 30 }),
  /** How long a finished job is kept. The worker removes it; the API reports it as `expires_at`. */
  RESULT_TTL_SECONDS: wholeNumber({ min: 60, max: 31_536_000, default: 86_400 }),
  /** The worker signs webhooks with each secret. Without one, the API accepts no webhooks. */
  WEBHOOK_SECRET: webhookSecrets.optional(),
  /** The settings `WEBHOOK_SECRET_<TENANT>`, for which a schema begins with `gatherTenantSecrets`. */
  WEBHOOK_SECRETS_OF_TENANTS: tenantSecrets,
  /** Webhook receivers that may have a private address or use plain HTTP: host names, addresses, CIDRs. */
  WEBHOOK_ALLOWED_HOSTS: webhookAllowedHosts,
};
