import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  analysisListSchema,
  analysisTaskSchema,
  type AnalysisTask,
} from '@promptq/shared/contracts';
import { analysisOutput } from './analysis-output.ts';
import { parseTopics } from './analysis-tasks.ts';
import type { Part } from './parts.ts';

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
      const parts = new Map<string, Part>();
      const partOf = (text: number, task: AnalysisTask): Part => {
        const part: Part = luck.next().value
          ? { answer: `a${text}`, usage }
          : { failure: { code: 'timeout', upstream: null } };
        parts.set(`${text}-${task}`, part);
        return part;
      };
      const input = { texts: given, tasks: asked, model: 'm', max_concurrent: 1 };
      const output = analysisListSchema.parse(analysisOutput(input, partOf));
      expect(output.items.length).toBe(given.length);
      expect(output.succeeded + output.failed).toBe(given.length);
      output.items.forEach((item, index) => {
        for (const task of analysisTaskSchema.options) {
          const part = parts.get(`${index}-${task}`);
          expect(item[task] !== null, 'has a value').toBe(part !== undefined && 'answer' in part);
          expect(task in item.errors, 'has an error').toBe(part !== undefined && 'failure' in part);
        }
      });
    }),
  );
});
