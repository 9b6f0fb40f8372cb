import {
  excerpt,
  textsOf,
  type AnalysisInput,
  type AnalysisOutput,
  type AnalysisTask,
  type TextAnalysis,
} from '@promptq/shared/contracts';
import { publicMessage } from '@promptq/shared/failure';
import { parseTopics } from './analysis-tasks.ts';
import type { Checkpoint } from './checkpoints.ts';

const textExcerptLength = 30;

/**
 * The output in the shape of the input: one analysis for `text`, a list for `texts`.
 * @param checkpointOf the result of the call for the text at an index and a task
 */
export function analysisOutput(
  input: AnalysisInput,
  checkpointOf: (text: number, task: AnalysisTask) => Checkpoint,
): AnalysisOutput {
  const analyses = textsOf(input).map((text, index) => {
    const analysis: TextAnalysis = { sentiment: null, topics: null, summary: null, errors: {} };
    for (const task of input.tasks) record(analysis, task, checkpointOf(index, task));
    return { text: excerpt(text, textExcerptLength), ...analysis };
  });
  if (input.texts === undefined) {
    const [only] = analyses;
    if (!only) throw new Error('an analysis without a text passed the schema');
    const { text: _text, ...analysis } = only;
    return analysis;
  }
  const failed = analyses.filter(({ errors }) => Object.keys(errors).length > 0).length;
  return { items: analyses, succeeded: analyses.length - failed, failed };
}

function record(analysis: TextAnalysis, task: AnalysisTask, checkpoint: Checkpoint): void {
  if ('failure' in checkpoint) {
    const { code, upstream } = checkpoint.failure;
    analysis.errors[task] = { code, message: publicMessage(code), upstream };
    return;
  }
  if (task === 'topics') analysis.topics = parseTopics(checkpoint.answer);
  else analysis[task] = checkpoint.answer;
}
