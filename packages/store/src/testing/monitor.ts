import { once } from 'node:events';
import { connect } from 'node:net';

/**
 * The commands that Redis received from clients, without those of scripts. Each is a list of its name and arguments.
 */
export interface Monitor {
  commands(): string[][];
  stop(): void;
}

/**
 * Records the commands of one Redis with MONITOR, over a plain socket, because client libraries reject replies that
 * they did not ask for. https://redis.io/docs/latest/commands/monitor
 * @param mentions records only commands with this text in an argument, for example a key prefix
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
