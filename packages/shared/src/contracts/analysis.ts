import { z } from 'zod';
import { failureCodeSchema, upstreamAnswerSchema } from '../failure/index.ts';

export const analysisTaskSchema = z.enum(['sentiment', 'topics', 'summary']);
export type AnalysisTask = z.infer<typeof analysisTaskSchema>;

/** The most calls that one analysis job may have in flight. */
export const maxConcurrentCalls = 50;

const tasksSchema = z
  .array(analysisTaskSchema)
  .min(1)
  .refine((tasks) => new Set(tasks).size === tasks.length, { error: 'Name each task once.' })
  .meta({ uniqueItems: true });

/** What a client may send as `input` of an analysis job. */
export const analysisRequestSchema = z
  .strictObject({
    text: z.string().min(1).optional(),
    texts: z.array(z.string().min(1)).min(1).max(1_000).optional(),
    tasks: tasksSchema.default([...analysisTaskSchema.options]),
    model: z.string().min(1).max(256).optional(),
    max_concurrent: z.int().min(1).max(maxConcurrentCalls).default(5),
  })
  .refine((input) => (input.text === undefined) !== (input.texts === undefined), {
    error: 'Give exactly one of `text` and `texts`.',
  })
  .meta({
    id: 'AnalysisInput',
    outputId: 'AcceptedAnalysisInput',
    override: { oneOf: [{ required: ['text'] }, { required: ['texts'] }] },
  });

/** The input as it is stored with the job, with the model filled in. */
export type AnalysisInput = z.infer<typeof analysisRequestSchema> & { model: string };

const taskErrorSchema = z
  .object({
    code: failureCodeSchema,
    message: z.string(),
    upstream: upstreamAnswerSchema.nullable(),
  })
  .meta({ id: 'TaskError' });

const taskResults = {
  sentiment: z.string().nullable(),
  topics: z.array(z.string()).nullable(),
  summary: z.string().nullable(),
  errors: z.partialRecord(analysisTaskSchema, taskErrorSchema),
};

/** The results for one text. A task that was not requested is `null` and has no error. */
export const textAnalysisSchema = z.object(taskResults).meta({ id: 'TextAnalysis' });

const listedAnalysisSchema = z
  .object({ text: z.string(), ...taskResults })
  .meta({ id: 'ListedTextAnalysis' });

export const analysisListSchema = z
  .object({
    items: z.array(listedAnalysisSchema),
    succeeded: z.int().min(0),
    failed: z.int().min(0),
  })
  .meta({ id: 'TextAnalysisList' });

export type TaskError = z.infer<typeof taskErrorSchema>;
export type TextAnalysis = z.infer<typeof textAnalysisSchema>;
export type TextAnalysisList = z.infer<typeof analysisListSchema>;
export type AnalysisOutput = TextAnalysis | TextAnalysisList;

/** The texts of an analysis, in input order. */
export function textsOf(input: Pick<AnalysisInput, 'text' | 'texts'>): string[] {
  return input.texts ?? (input.text === undefined ? [] : [input.text]);
}
