/** `pnpm keygen`: prints a new webhook secret, or a new API key. */
import { parseArgs } from 'node:util';
import {
  hashOfApiKey,
  newApiKey,
  scopes,
  scopeSchema,
  tenantSchema,
  writeKeyEntry,
} from '@promptq/shared/api-keys';
import { newWebhookSecret, tenantSecretName } from '@promptq/shared/webhooks';

const help = `pnpm keygen webhook [--tenant NAME]
  Prints a new secret that webhooks are signed with, for WEBHOOK_SECRET of the API and the workers, and of receivers.
  To rotate: set WEBHOOK_SECRET=<new>,<old> on both; give receivers the new one; then set WEBHOOK_SECRET=<new>.
  --tenant NAME   for the webhooks of this tenant alone; prints the line to set as well

pnpm keygen api --tenant NAME [--scopes jobs,audit,admin]
  Prints a new API key, once, and the line for API_KEYS or API_KEYS_FILE, which does not hold the key.
  --tenant NAME   whose key it is: letters, digits, "-" and "_"
  --scopes LIST   of ${scopes.join(', ')} (default jobs)`;

function main(args: string[]): void {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      tenant: { type: 'string' },
      scopes: { type: 'string', default: 'jobs' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [what, ...rest] = positionals;
  if (values.help) return console.log(help);
  if (rest.length > 0) throw new TypeError(`Unexpected: ${rest.join(' ')}`);
  if (what === 'webhook') return printWebhookSecret(values.tenant);
  if (what !== 'api') throw new TypeError('What to make: "webhook" or "api".');
  printApiKey(values.tenant, values.scopes);
}

function printWebhookSecret(tenantGiven: string | undefined): void {
  const name = tenantGiven === undefined ? null : tenantSecretName(readTenant(tenantGiven));
  const secret = newWebhookSecret();
  // The secret alone on stdout, so that it can be piped; what to do with it on stderr.
  console.log(secret);
  if (name !== null) console.error(`\nThe line for the API and the workers:\n${name}=${secret}`);
}

function readTenant(given: string | undefined): string {
  const tenant = tenantSchema.safeParse(given);
  if (!tenant.success)
    throw new TypeError('--tenant must be 1 to 64 letters, digits, "-" and "_".');
  return tenant.data;
}

function printApiKey(tenantGiven: string | undefined, scopesGiven: string): void {
  const tenant = readTenant(tenantGiven);
  const wanted = scopeSchema.array().safeParse(scopesGiven.split(','));
  if (!wanted.success) throw new TypeError(`--scopes must be of ${scopes.join(', ')}.`);
  const { id, key } = newApiKey();
  const hash = hashOfApiKey(key);
  // The key alone on stdout, so that it can be piped; what is kept of it on stderr.
  console.log(key);
  console.error(
    `\nIt is shown this once. The line for API_KEYS, or API_KEYS_FILE:\n${writeKeyEntry({ id, tenant, scopes: wanted.data, hash })}`,
  );
}

try {
  main(process.argv.slice(2).filter((argument) => argument !== '--'));
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  console.error(`${error.message.split('\n', 1)[0]}\n\n${help}`);
  process.exitCode = 1;
}
