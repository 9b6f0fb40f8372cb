import { z } from 'zod';

const limitError = 'Must be a whole number from 1 to 100.';

/** How many entries a page has at most. */
export const limitSchema = z
  .string()
  .regex(/^[1-9]\d?$|^100$/, { error: limitError })
  .transform(Number)
  .default(20)
  .meta({
    override: { type: 'integer', minimum: 1, maximum: 100, default: 20, pattern: undefined },
  });

export const momentSchema = z.iso.datetime({
  offset: true,
  error: 'Must be a time as in RFC 3339, for example 2026-01-31T12:00:00Z.',
});
