import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { v4 as uuidv4 } from 'uuid';
import { Problem, problemDocument } from './problem.ts';

/**
 * Answers what the parser of Node.js refuses, a control character in a header for one: it never becomes a request, and
 * Node.js alone would say 400 without a word. What is no HTTP error (a lost connection) and what is no fault of the
 * syntax (408, 431) has the answer that Node.js gives it, without a body.
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
    'The request is not valid HTTP: look for control characters in its headers.',
  );
  const requestId = uuidv4();
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
