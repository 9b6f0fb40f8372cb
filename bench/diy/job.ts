import { z } from 'zod';

export const queueName = 'chat';

/** The body of `POST /jobs`, and the data of a job. */
export const jobSchema = z.object({
  type: z.literal('chat'),
  input: z.object({
    message: z.string().min(1),
    model: z.string().default('gpt-4o-mini'),
    temperature: z.number().min(0).max(2).default(0),
    max_tokens: z.int().min(1).optional(),
  }),
  user_id: z.string().default('anonymous'),
});

export type Job = z.infer<typeof jobSchema>;

export interface Result {
  response: string;
  finish_reason: string;
  model: string;
  usage: { input_tokens: number; output_tokens: number; total_tokens: number };
}
