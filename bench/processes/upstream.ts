/**
 * The upstream of all measurements: a bare `node:http` server that always sends the same answer. The path sets the delay in
 * milliseconds (`/0/v1/chat/completions`).
 */
import { createServer, type ServerResponse } from 'node:http';

const answer = Buffer.from(
  JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: 1_750_000_000,
    model: 'gpt-4o-mini',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Hello! How can I help you today?', refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 120, completion_tokens: 9, total_tokens: 129 },
  }),
);
const headers = { 'content-type': 'application/json', 'content-length': String(answer.length) };

const send = (res: ServerResponse) => res.writeHead(200, headers).end(answer);

const server = createServer((req, res) => {
  const delayMs = Number(/^\/(\d+)\//.exec(req.url ?? '')?.[1] ?? 0);
  req.resume().once('end', () => {
    if (delayMs > 0) setTimeout(send, delayMs, res);
    else send(res);
  });
});
// Longer than any pause between two calls, so that no call uses a connection while it is being closed.
server.keepAliveTimeout = 600_000;
server.listen(Number(process.env['PORT']), '127.0.0.1', 4_096);
