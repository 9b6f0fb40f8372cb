import type { UpstreamCall } from './upstream.ts';

/** The task that a call of an analysis is for: the end of its key. */
export function taskOf(call: UpstreamCall): string {
  return call.key.slice(call.key.lastIndexOf('-') + 1);
}

/** The text that it is about. */
export function textOf(call: UpstreamCall): string {
  return call.body.messages.at(-1)?.content ?? '';
}

/** An answer as a model could give it, with the spaces and dots that models add. */
export function good(call: UpstreamCall): string | undefined {
  const answers: Record<string, string> = {
    sentiment: ' positive\n',
    topics: 'sea , harbour,towns.',
    summary: `It says ${textOf(call)}.`,
  };
  return answers[taskOf(call)];
}
