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

/** The schema of one page of a list. @param id its name in the OpenAPI document */
export function pageSchemaOf<Entry extends z.ZodType>(entry: Entry, id: string) {
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
          description:
            'Where the next page begins, also when this one is empty: the `after` to ask for it with. The id of an entry, ' +
            'or a cursor (`after_...`), which is good for this list and tenant only.',
        }),
    })
    .meta({ id });
}
