import type { AnalysisTask } from '@promptq/shared/contracts';

/** What the upstream is asked for each task, and how much it may say. The text follows as a message of its own. */
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
