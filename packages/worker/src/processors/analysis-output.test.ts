import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  analysisListSchema,
  analysisTaskSchema,
  type AnalysisTask,
} from '@promptq/shared/contracts';
import { analysisOutput } from './analysis-output.ts';
import { parseTopics } from './analysis-tasks.ts';
import type { Checkpoint } from './checkpoints.ts';

const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };

test('topics are trimmed, without empty ones', () => {
  expect(parseTopics(' sea, harbour ,,towns. ')).toEqual(['sea', 'harbour', 'towns']);
  fc.assert(
    fc.property(fc.string(), (answer) => {
      for (const topic of parseTopics(answer)) {
        expect(topic.trim()).not.toBe('');
        expect(topic).not.toContain(',');
      }
    }),
  );
});

test('every text has its place, and every task asked for is either there or has an error', () => {
  const texts = fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 20 });
  const tasks = fc.subarray([...analysisTaskSchema.options], { minLength: 1 });
  fc.assert(
    fc.property(texts, tasks, fc.infiniteStream(fc.boolean()), (given, asked, luck) => {
      const checkpoints = new Map<string, Checkpoint>();
      const checkpointOf = (text: number, task: AnalysisTask): Checkpoint => {
        const checkpoint: Checkpoint = luck.next().value
          ? { answer: `a${text}`, usage }
          : { failure: { code: 'timeout', upstream: null } };
        checkpoints.set(`${text}-${task}`, checkpoint);
        return checkpoint;
      };
      const input = { texts: given, tasks: asked, model: 'm', max_concurrent: 1 };
      const output = analysisListSchema.parse(analysisOutput(input, checkpointOf));
      expect(output.items.length).toBe(given.length);
      expect(output.succeeded + output.failed).toBe(given.length);
      output.items.forEach((item, index) => {
        for (const task of analysisTaskSchema.options) {
          const checkpoint = checkpoints.get(`${index}-${task}`);
          expect(item[task] !== null, 'has a value').toBe(
            checkpoint !== undefined && 'answer' in checkpoint,
          );
          expect(task in item.errors, 'has an error').toBe(
            checkpoint !== undefined && 'failure' in checkpoint,
          );
        }
      });
    }),
  );
});
