import { z } from 'zod';

const textPartSchema = z.strictObject({ type: z.literal('text'), text: z.string().min(1) });

const imagePartSchema = z.strictObject({
  type: z.literal('image_url'),
  image_url: z.strictObject({
    url: z.string().min(1),
    detail: z.enum(['auto', 'low', 'high']).optional(),
  }),
});

/** A message as in the OpenAI API: a role and a content (text, or a list of parts). */
export const chatMessageSchema = z
  .strictObject({
    role: z.enum(['system', 'developer', 'user', 'assistant']),
    content: z.union(
      [
        z.string().min(1),
        z.array(z.discriminatedUnion('type', [textPartSchema, imagePartSchema])).min(1),
      ],
      { error: 'Must be a non-empty text or a list of parts of type "text" or "image_url".' },
    ),
  })
  .meta({ id: 'ChatMessage' });

const responseFormatSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject({
      name: z.string().min(1).max(64),
      description: z.string().optional(),
      schema: z.record(z.string(), z.unknown()).optional(),
      strict: z.boolean().nullable().optional(),
    }),
  }),
]);

/** What a client may send as `input` of a chat job. */
export const chatRequestSchema = z
  .strictObject({
    message: z.string().min(1).optional(),
    messages: z.array(chatMessageSchema).min(1).max(1_000).optional(),
    model: z.string().min(1).max(256).optional(),
    temperature: z.number().min(0).max(2).default(0),
    max_tokens: z.int().min(1).max(1_000_000).optional(),
    response_format: responseFormatSchema.optional(),
    stream: z.boolean().optional().meta({
      description: 'Whether the output is streamed at `/v1/jobs/{id}/events`.',
    }),
  })
  .refine((input) => (input.message === undefined) !== (input.messages === undefined), {
    error: 'Give exactly one of `message` and `messages`.',
  })
  .meta({
    id: 'ChatInput',
    outputId: 'AcceptedChatInput',
    override: { oneOf: [{ required: ['message'] }, { required: ['messages'] }] },
  });

/** The input as it is stored with the job, with the model filled in. */
export type ChatInput = z.infer<typeof chatRequestSchema> & { model: string };
export type ChatMessage = z.infer<typeof chatMessageSchema>;

export const chatOutputSchema = z
  .object({ response: z.string(), finish_reason: z.string().nullable(), model: z.string() })
  .meta({ id: 'ChatOutput' });

export type ChatOutput = z.infer<typeof chatOutputSchema>;
