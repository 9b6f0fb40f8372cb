import { once } from 'node:events';
import { connect } from 'node:net';

/** Commands that Redis received from clients, without those that scripts ran: each as its name and arguments. */
export interface Monitor {
  commands(): string[][];
  stop(): void;
}

/**
 * Watches the commands of one Redis with MONITOR, over a plain connection: a client library that is given a reply between
 * two of its own takes it for an error. https://redis.io/docs/latest/commands/monitor
 * @param mentions only commands that have this text in an argument, for example a key prefix
 */
export async function monitorRedis(url: string, mentions: string): Promise<Monitor> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port || 6_379), hostname);
  socket.setEncoding('utf8').on('error', () => undefined);
  await once(socket, 'connect');
  let text = '';
  const isAnswered = Promise.withResolvers<void>();
  socket.on('data', (chunk: string) => {
    text += chunk;
    if (text.startsWith('+OK\r\n')) isAnswered.resolve();
  });
  socket.write('MONITOR\r\n');
  await isAnswered.promise;
  return {
    commands: () =>
      text
        .split('\r\n')
        .filter((line) => line.includes(mentions) && !/^\+[\d.]+ \[\d+ lua\]/.test(line))
        .map((line) =>
          Array.from(line.matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, argument]) => argument as string),
        ),
    stop: () => socket.destroy(),
  };
}
