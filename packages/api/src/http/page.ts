import { z } from 'zod';

const limitError = 'Must be a whole number from 1 to 100.';

/** The maximum number of entries in a page. */
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
  error: 'Must be an RFC 3339 time, for example 2026-01-31T12:00:00Z.',
});

/**
 * The schema of one page of a list.
 * @param id its name in the OpenAPI document
 * @param lastId a sentence about `last_id`, for the OpenAPI document
 */
export function pageSchemaOf<Entry extends z.ZodType>(entry: Entry, id: string, lastId: string) {
  return z
    .object({
      object: z.literal('list'),
      data: z.array(entry),
      has_more: z.boolean(),
      first_id: z.string().nullable(),
      last_id: z
        .string()
        .nullable()
        .meta({
          description: `Pass it as \`after\` to get the next page, even when this page is empty. ${lastId}`,
        }),
    })
    .meta({ id });
}
