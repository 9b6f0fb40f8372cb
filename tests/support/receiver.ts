import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';

interface Received {
  id: string;
  headers: Record<string, string>;
  body: string;
  event: { id: string; type: string; created_at: number; data: Record<string, unknown> };
}

type Answer = (received: Received, res: ServerResponse) => number | undefined;

export interface Receiver {
  url: string;
  /** What arrived, verified with the official library. */
  received: Received[];
  /** Replaces what is answered from now on: a status, or what it writes itself. */
  answerWith(answer: Answer): void;
  close(): Promise<void>;
}

/** A receiver of webhooks on 127.0.0.1 that verifies each of them. */
export async function startReceiver(secret: string): Promise<Receiver> {
  const webhook = new Webhook(secret);
  const received: Received[] = [];
  let answer: Answer = () => 204;
  const handle = async (req: IncomingMessage, res: ServerResponse) => {
    const body = await text(req);
    const headers = Object.fromEntries(
      ['webhook-id', 'webhook-timestamp', 'webhook-signature', 'content-type', 'traceparent'].map(
        (name) => [name, String(req.headers[name])],
      ),
    );
    const event = webhook.verify(body, headers) as Received['event'];
    const one = { id: headers['webhook-id'] ?? '', headers, body, event };
    received.push(one);
    const status = answer(one, res);
    if (status !== undefined) res.writeHead(status).end();
  };
  const server = createServer((req, res) => {
    handle(req, res).catch(() => res.writeHead(401).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    answerWith: (next) => {
      answer = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
