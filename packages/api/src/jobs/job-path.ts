import { z } from 'zod';

/** The path of every route under `/v1/jobs/{id}`. */
export const jobPathSchema = z.object({ id: z.string() });
