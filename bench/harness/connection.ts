import { once } from 'node:events';
import { connect } from 'node:net';

interface Answer {
  status: number;
  body: string;
}

/** One kept-alive HTTP connection that carries one request at a time. */
export interface Connection {
  send(request: string): Promise<Answer>;
  close(): void;
}

/**
 * A client that costs next to nothing, so that what is measured gets the cores: it knows HTTP/1.1 answers with a
 * `Content-Length`, which both APIs give.
 */
export async function openConnection(port: number): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  let waiting: PromiseWithResolvers<Answer> | null = null;
  let received = '';
  const fail = (reason: string) => waiting?.reject(new Error(reason));
  // One byte, one character, so that lengths can be compared; the body is decoded when it is whole.
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    received += chunk;
    const answer = readAnswer(received);
    if (answer === null) return;
    received = '';
    waiting?.resolve(answer);
  });
  socket.on('error', (error) => fail(error.message));
  socket.on('close', () => fail('the API closed the connection'));
  return {
    send: (request) => {
      waiting = Promise.withResolvers<Answer>();
      socket.write(request);
      return waiting.promise;
    },
    close: () => socket.destroy(),
  };
}

function readAnswer(text: string): Answer | null {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text.slice(0, headEnd))?.[1]);
  if (Number.isNaN(length)) throw new Error('an answer without Content-Length');
  const bodyAt = headEnd + 4;
  if (text.length < bodyAt + length) return null;
  return {
    status: Number(text.slice(9, 12)),
    body: Buffer.from(text.slice(bodyAt), 'latin1').toString(),
  };
}

/** A GET, as text. */
export function getRequest(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`;
}

/** A POST with a JSON body in ASCII, as text. */
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
