/** `pnpm keygen`: prints a new webhook secret or a new API key. */
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
  Prints a new secret for signing webhooks. Set it as WEBHOOK_SECRET of the API and the workers, and give it to receivers.
  To rotate it, set WEBHOOK_SECRET=<new>,<old>, give receivers the new secret, then set WEBHOOK_SECRET=<new>.
  --tenant NAME   make a secret for the webhooks of this tenant only; also print the line that sets it

pnpm keygen api --tenant NAME [--scopes jobs,audit,admin]
  Prints a new API key and its entry for API_KEYS or API_KEYS_FILE. The entry only contains a hash, so store the key now.
  --tenant NAME   the tenant that owns the key: 1 to 64 letters, digits, "-" and "_"
  --scopes LIST   one or more of ${scopes.join(', ')}, separated by commas (default: jobs)`;

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
  const [kind, ...rest] = positionals;
  if (values.help) return console.log(help);
  if (rest.length > 0) throw new TypeError(`Unexpected argument: ${rest.join(' ')}`);
  if (kind === 'webhook') return printWebhookSecret(values.tenant);
  if (kind !== 'api') throw new TypeError('The first argument must be "webhook" or "api".');
  printApiKey(values.tenant, values.scopes);
}

function printWebhookSecret(tenantOption: string | undefined): void {
  const name = tenantOption === undefined ? null : tenantSecretName(parseTenant(tenantOption));
  const secret = newWebhookSecret();
  // Only the secret goes to stdout, so that it can be piped. Instructions go to stderr.
  console.log(secret);
  if (name !== null) console.error(`\nSet this for the API and the workers:\n${name}=${secret}`);
}

function parseTenant(option: string | undefined): string {
  const tenant = tenantSchema.safeParse(option);
  if (!tenant.success)
    throw new TypeError('--tenant must be 1 to 64 letters, digits, "-" and "_".');
  return tenant.data;
}

function printApiKey(tenantOption: string | undefined, scopesOption: string): void {
  const tenant = parseTenant(tenantOption);
  const parsed = scopeSchema.array().safeParse(scopesOption.split(','));
  if (!parsed.success) {
    throw new TypeError(
      `--scopes must be one or more of ${scopes.join(', ')}, separated by commas.`,
    );
  }
  const { id, key } = newApiKey();
  const hash = hashOfApiKey(key);
  // Only the key goes to stdout, so that it can be piped. Its entry goes to stderr.
  console.log(key);
  const entry = writeKeyEntry({ id, tenant, scopes: parsed.data, hash });
  console.error(
    `\nStore the key now: it is not shown again. Its entry for API_KEYS or API_KEYS_FILE:\n${entry}`,
  );
}

try {
  main(process.argv.slice(2).filter((argument) => argument !== '--'));
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  console.error(`${error.message.split('\n', 1)[0]}\n\n${help}`);
  process.exitCode = 1;
}
