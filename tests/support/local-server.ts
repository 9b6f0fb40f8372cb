import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface LocalCall {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

export interface LocalServer {
  url: string;
  calls: LocalCall[];
  close(): Promise<void>;
}

/** A real HTTP server that answers the first call with the first answer, and so on; the last one again and again. */
export async function startLocalServer(
  answers: ((res: ServerResponse, call: LocalCall) => void)[],
): Promise<LocalServer> {
  const calls: LocalCall[] = [];
  const listener: RequestListener = (req, res) => {
    void (async () => {
      const { method = '', url = '', headers } = req;
      const call = { method, url, headers, body: await text(req) };
      const answer = answers[Math.min(calls.length, answers.length - 1)];
      calls.push(call);
      answer?.(res, call);
    })();
  };
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
