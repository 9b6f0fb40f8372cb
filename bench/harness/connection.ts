import { once } from 'node:events';
import { connect } from 'node:net';

interface HttpResponse {
  status: number;
  body: string;
}

/** One keep-alive HTTP connection that carries one request at a time. */
export interface Connection {
  send(request: string): Promise<HttpResponse>;
  close(): void;
}

/**
 * Opens a connection of a minimal HTTP client, which leaves the cores to the measured processes. It only reads HTTP/1.1
 * responses with a `Content-Length`, which both APIs send.
 */
export async function openConnection(port: number): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  let pending: PromiseWithResolvers<HttpResponse> | null = null;
  let received = '';
  const fail = (reason: string) => pending?.reject(new Error(reason));
  // One character per byte, so that lengths can be compared. The body is decoded when it is complete.
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    received += chunk;
    const response = readResponse(received);
    if (response === null) return;
    received = '';
    pending?.resolve(response);
  });
  socket.on('error', (error) => fail(error.message));
  socket.on('close', () => fail('the API closed the connection'));
  return {
    send: (request) => {
      pending = Promise.withResolvers<HttpResponse>();
      socket.write(request);
      return pending.promise;
    },
    close: () => socket.destroy(),
  };
}

function readResponse(text: string): HttpResponse | null {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text.slice(0, headEnd))?.[1]);
  if (Number.isNaN(length)) throw new Error('the response has no Content-Length');
  const bodyAt = headEnd + 4;
  if (text.length < bodyAt + length) return null;
  return {
    status: Number(text.slice(9, 12)),
    body: Buffer.from(text.slice(bodyAt), 'latin1').toString(),
  };
}

/** A GET request as text. */
export function getRequest(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`;
}

/** A POST request as text. @param body JSON in ASCII */
export function postRequest(
  path: string,
  body: string,
  headers: Record<string, string> = {},
): string {
  const all = {
    Host: 'bench',
    'Content-Type': 'application/json',
    'Content-Length': body.length,
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return [`POST ${path} HTTP/1.1`, ...lines, '', body].join('\r\n');
}
