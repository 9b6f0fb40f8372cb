import type { ServerResponse } from 'node:http';

const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

/** An answer that a test streams as OpenAI does, piece by piece. */
export interface StreamedAnswer {
  say(text: string): StreamedAnswer;
  /** Writes an event as it is. */
  event(data: unknown): StreamedAnswer;
  raw(text: string): void;
  /** The reason for the end, the usage, `[DONE]`. */
  end(finishReason?: string): void;
  /** The body ends without any of these. */
  endBody(): void;
  /** The connection is lost. */
  cut(): void;
}

export function streamAnswer(res: ServerResponse, model: string): StreamedAnswer {
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  res.flushHeaders();
  const write = (data: string) => {
    res.write(`data: ${data}\n\n`);
    return answer;
  };
  const chunk = (choices: object[], more: object = {}) =>
    JSON.stringify({ object: 'chat.completion.chunk', model, choices, ...more });
  const answer: StreamedAnswer = {
    say: (text) =>
      write(chunk([{ index: 0, delta: { content: text }, finish_reason: null }], { usage: null })),
    event: (data) => write(JSON.stringify(data)),
    end: (finishReason = 'stop') => {
      write(chunk([{ index: 0, delta: {}, finish_reason: finishReason }]));
      write(chunk([], { usage }));
      write('[DONE]');
      res.end();
    },
    raw: (text) => res.write(text),
    endBody: () => res.end(),
    cut: () => res.destroy(),
  };
  return answer;
}
