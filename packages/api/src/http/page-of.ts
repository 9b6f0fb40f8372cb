import { z } from 'zod';

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
