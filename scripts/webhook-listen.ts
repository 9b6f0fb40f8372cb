/** `pnpm webhook:listen`: receives webhooks on this machine, verifies their signatures and prints them. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import path from 'node:path';
import { Webhook } from 'standardwebhooks';
import { webhookSecrets } from '@promptq/shared/webhooks';
import { localWebhookSecret } from './start/webhook-secret.ts';
import { readListenOptions, type ListenOptions } from './webhooks/listen-options.ts';

const root = path.resolve(import.meta.dirname, '..');
const maxBodyCharacters = 1024 * 1024;

const commandLine = readListenOptions(process.argv.slice(2));
if (commandLine.kind === 'help') console.log(commandLine.text);
else if (commandLine.kind === 'error') {
  console.error(commandLine.text);
  process.exitCode = 1;
} else await listen(commandLine.options);

async function listen({ port, status, secret }: ListenOptions): Promise<void> {
  const secrets = secret ?? (process.env['WEBHOOK_SECRET'] || (await localWebhookSecret(root)));
  // During a rotation WEBHOOK_SECRET has several secrets. Each webhook is signed with all of them, so one is enough here.
  const [first = ''] = secrets.split(',');
  if (!webhookSecrets.safeParse(first.trim()).success) {
    console.error(
      'The webhook secret is not valid. Set --secret or WEBHOOK_SECRET to the secret of the API and the workers, which begins with whsec_; `pnpm keygen webhook` prints a new one.',
    );
    process.exitCode = 1;
    return;
  }
  const webhook = new Webhook(first.trim());
  const server = createServer((req, res) => {
    receive(req, res, { webhook, status }).catch((error: unknown) => {
      console.error(
        `A request failed: ${error instanceof Error ? error.message : 'unknown error'}`,
      );
      res.destroy();
    });
  });
  server.once('error', (error) => {
    console.error(
      `Cannot listen on port ${port}: ${error.message}. Choose another port with --port.`,
    );
    process.exitCode = 1;
  });
  server.listen(port, '127.0.0.1', () => {
    console.log(
      `Listening for webhooks at http://127.0.0.1:${port}/ (answering ${status}). Press Ctrl-C to stop.`,
    );
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      server.close();
      server.closeAllConnections();
    });
  }
}

async function receive(
  req: IncomingMessage,
  res: ServerResponse,
  { webhook, status }: { webhook: Webhook; status: number },
): Promise<void> {
  let body = '';
  for await (const chunk of req.setEncoding('utf8')) {
    body += String(chunk);
    if (body.length > maxBodyCharacters) {
      res.writeHead(413).end();
      return;
    }
  }
  const header = (name: string) => String(req.headers[name] ?? '');
  const time = new Date().toISOString();
  try {
    const event: unknown = webhook.verify(body, {
      'webhook-id': header('webhook-id'),
      'webhook-timestamp': header('webhook-timestamp'),
      'webhook-signature': header('webhook-signature'),
    });
    console.log(`${time}  verified, answered ${status}\n${JSON.stringify(event, null, 2)}`);
    res.writeHead(status).end();
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    console.log(
      `${time}  NOT VERIFIED (${reason}), answered 401: ${req.method} ${body.length} characters`,
    );
    res.writeHead(401).end();
  }
}
