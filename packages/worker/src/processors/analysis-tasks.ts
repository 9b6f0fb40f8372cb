import type { AnalysisTask } from '@promptq/shared/contracts';

/** The instruction for each task and the limit of the answer. The text follows as a separate message. */
export const analysisTasks: Record<AnalysisTask, { instruction: string; maxTokens: number }> = {
  sentiment: {
    instruction:
      'Answer with one word, positive, negative, neutral or mixed: the sentiment of the text that the user sends.',
    maxTokens: 5,
  },
  topics: {
    instruction:
      'Name three topics of the text that the user sends, separated by commas, and nothing else.',
    maxTokens: 30,
  },
  summary: {
    instruction: 'Summarize the text that the user sends in one sentence.',
    maxTokens: 50,
  },
};

/** `"a, b,c."` becomes `["a", "b", "c"]`. */
export function parseTopics(answer: string): string[] {
  return answer
    .split(',')
    .map((topic) => topic.trim().replace(/\.$/, ''))
    .filter((topic) => topic !== '');
}
