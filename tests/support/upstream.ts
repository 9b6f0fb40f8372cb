import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { streamAnswer } from './streamed-answer.ts';

export interface UpstreamCall {
  /** `Idempotency-Key` of the call: `<job id>-<step>`. */
  key: string;
  path: string;
  authorization: string | undefined;
  traceparent: string | undefined;
  body: {
    model: string;
    messages: { role: string; content: string }[];
    max_tokens?: number;
    temperature?: number;
    stream?: boolean;
    stream_options?: object;
  };
  /** Aborted when the caller has closed the connection before it was answered. */
  disconnected: AbortSignal;
}

/** Writes the answer itself, or returns the text of a plain completion. */
export type Answer = (
  call: UpstreamCall,
  res: ServerResponse,
) => string | undefined | Promise<string | undefined>;

export interface MockUpstream {
  baseUrl: string;
  calls: UpstreamCall[];
  /** Replaces what is answered from now on. */
  answerWith(answer: Answer): void;
  close(): Promise<void>;
}

const tokens = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

/** An OpenAI-compatible upstream over real HTTP that a test can make answer anything. */
export async function startUpstream(first: Answer = () => 'hello'): Promise<MockUpstream> {
  const calls: UpstreamCall[] = [];
  let answer = first;
  const server = createServer((req, res) => {
    void handle(req, res);
  });
  const handle = async (req: IncomingMessage, res: ServerResponse) => {
    const disconnection = new AbortController();
    res.on('close', () => {
      if (!res.writableFinished) disconnection.abort();
    });
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const call: UpstreamCall = {
      key: String(req.headers['idempotency-key']),
      path: req.url ?? '',
      authorization: req.headers.authorization,
      traceparent: req.headers.traceparent as string | undefined,
      body: JSON.parse(Buffer.concat(chunks).toString()),
      disconnected: disconnection.signal,
    };
    calls.push(call);
    const text = await answer(call, res);
    if (text === undefined) return;
    if (call.body.stream) streamAnswer(res, call.body.model).say(text).end();
    else sendJson(res, 200, completion(text, call.body.model));
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    calls,
    answerWith: (next) => {
      answer = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function completion(text: string | null, model: string) {
  return {
    id: 'chatcmpl-test',
    object: 'chat.completion',
    model,
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    usage: tokens,
  };
}

export function sendJson(
  res: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): undefined {
  res.writeHead(status, { 'content-type': 'application/json', ...headers });
  res.end(JSON.stringify(body));
}

/** An error as OpenAI writes it. */
export function sendError(
  res: ServerResponse,
  status: number,
  code: string | null,
  message = 'as told by the test',
): undefined {
  return sendJson(res, status, { error: { message, type: 'test', code, param: null } });
}
