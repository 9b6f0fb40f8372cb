import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { gzipSync } from 'node:zlib';
import { selfSigned } from './self-signed.ts';

/** What a receiver was sent. */
interface Received {
  /** The behaviour that was asked for: the first part of the path. */
  behaviour: string;
  headers: Record<string, string>;
  body: string;
  method: string;
}

export interface Receiver {
  url: string;
  port: number;
  received: Received[];
  /** Lets a held request go: it is answered with 200. */
  release(): void;
  close(): Promise<void>;
}

type Behave = (res: ServerResponse, req: IncomingMessage) => void;

const mib = 2 ** 20;

/** Behaviours that are the same whoever is asked; a path that is a number is answered with that status. */
const behaviours: Record<string, Behave> = {
  fine: (res) => res.end('thank you'),
  endless: (res) => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const more = () => {
      while (!res.destroyed && res.write(chunk));
    };
    res.on('drain', more);
    more();
  },
  trickle: (res) => {
    const timer = setInterval(() => res.write('a'), 10);
    res.on('close', () => clearInterval(timer));
  },
  'gzip-bomb': (res) => {
    res.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' });
    res.end(bomb);
  },
  reset: (_, req) => req.socket.resetAndDestroy(),
  nonsense: (_, req) => req.socket.end('nonsense\r\n\r\n'),
  'large-head': (_, req) =>
    req.socket.end(`HTTP/1.1 200 OK\r\n${`x-a: ${'y'.repeat(1_000)}\r\n`.repeat(100)}\r\n`),
  short: (res) => {
    res.writeHead(500, { 'content-length': '100' });
    res.write('half', () => res.destroy());
  },
  'retry-after-seconds': (res) => res.writeHead(429, { 'retry-after': '120' }).end(),
  'retry-after-date': (res) =>
    res.writeHead(503, { 'retry-after': new Date(Date.now() + 120_500).toUTCString() }).end(),
};

/** 100 MiB in 100 KB: gzip may have many members (RFC 1952, section 2.2), so one is packed and sent a hundred times. */
const bombMember = gzipSync(Buffer.alloc(mib), { level: 9 });
const bomb = Buffer.concat(Array.from({ length: 100 }, () => bombMember));

/** A receiver on loopback that behaves as the path of the URL says: `/fine`, `/hang`, `/500`, ... */
export async function startReceiver({ tls = false, redirectTo = '' } = {}): Promise<Receiver> {
  const received: Received[] = [];
  const held = new Set<ServerResponse>();
  let isReleased = false;
  const handle = async (req: IncomingMessage, res: ServerResponse) => {
    res.on('error', () => undefined);
    let body = '';
    for await (const chunk of req.setEncoding('utf8')) body += String(chunk);
    const [, behaviour = ''] = /^\/([^/?]*)/.exec(req.url ?? '') ?? [];
    const headers = req.headers as Record<string, string>;
    received.push({ behaviour, headers, body, method: req.method ?? '' });
    if (behaviour === 'hang' && isReleased) res.end();
    else if (behaviour === 'hang') held.add(res);
    else if (behaviour === 'redirect') res.writeHead(302, { location: redirectTo }).end();
    else if (/^\d+$/.test(behaviour)) res.writeHead(Number(behaviour)).end(`status ${behaviour}`);
    else behaviours[behaviour]?.(res, req);
  };
  const listener = (req: IncomingMessage, res: ServerResponse) => {
    // A request that is broken off in the middle is ignored.
    handle(req, res).catch(() => undefined);
  };
  const server = tls ? createTlsServer(selfSigned, listener) : createServer(listener);
  server.on('connection', (socket) => socket.on('error', () => undefined));
  const port = await listen(server, 0, '127.0.0.1');
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    received,
    release: () => {
      isReleased = true;
      held.forEach((res) => res.end());
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface Canary {
  port: number;
  /** Whether this machine has IPv6. */
  hasIpv6: boolean;
  /** How many connections it has had, whatever was sent on them. */
  connections(): number;
  close(): Promise<void>;
}

/** Listens on every interface, IPv4 and IPv6, on one port, so that whoever reaches this machine is counted. */
export async function startCanary(): Promise<Canary> {
  let connections = 0;
  const count = () =>
    createTcpServer((socket) => {
      connections += 1;
      socket.on('error', () => undefined);
      socket.destroy();
    });
  const [v4, v6] = [count(), count()];
  const port = await listen(v4, 0, '0.0.0.0');
  const hasIpv6 = await listen(v6, port, '::').then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EAFNOSUPPORT' && error.code !== 'EADDRNOTAVAIL') throw error;
      return false;
    },
  );
  return {
    port,
    hasIpv6,
    connections: () => connections,
    close: async () => {
      for (const server of hasIpv6 ? [v4, v6] : [v4])
        await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, ipv6Only: true }, () =>
      resolve((server.address() as AddressInfo).port),
    );
  });
}
