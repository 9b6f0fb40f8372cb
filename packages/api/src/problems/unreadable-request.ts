import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Problem, problemDocument } from './problem.ts';

/**
 * Answers a request that the HTTP parser of Node.js rejects, for example because of a control character in a header.
 * Node.js alone would answer 400 without a body. Timeouts (408) and headers that are too large (431) are answered
 * without a body, as Node.js does. Other errors, such as a lost connection, are not answered.
 */
export function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  const code = error.code ?? '';
  if (!socket.writable || !/^(?:HPE_|ERR_HTTP_REQUEST_TIMEOUT$)/.test(code)) {
    socket.destroy();
    return;
  }
  if (code === 'HPE_HEADER_OVERFLOW') return endWith(socket, 431);
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return endWith(socket, 408);
  const problem = new Problem(
    'invalid_request',
    'The request is not valid HTTP. Its headers may contain control characters.',
  );
  const requestId = randomUUID();
  const body = JSON.stringify(problemDocument(problem, requestId));
  const headers = [
    `X-Request-Id: ${requestId}`,
    'Cache-Control: no-store',
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  endWith(socket, problem.status, headers, body);
}

function endWith(socket: Socket, status: number, headers: string[] = [], body = ''): void {
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...headers, 'Connection: close'];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
