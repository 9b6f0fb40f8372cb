import { execFile } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeKeyEntry } from '@promptq/shared/api-keys';
import { newWebhookSecret } from '@promptq/shared/webhooks';
import { apiKeys, bearer, keyOf, type Key } from '#support/api-keys.ts';
import { chatBody, json } from '#support/problem.ts';
import { startApi, startProcess, type Service } from '#support/processes.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

const acme = keyOf('acme-eu', ['jobs']);
/** Its secret would have the same name. */
const twin = keyOf('acme_EU', ['jobs']);
const other = keyOf('other', ['jobs']);
const own = newWebhookSecret();

let stack: Stack;
let file: string;
let environment: Record<string, string>;
beforeEach(async () => {
  file = join(await mkdtemp(join(tmpdir(), 'promptq-keys-')), 'keys');
  await writeFile(file, writeKeyEntry(other.entry));
  stack = await startStack({
    API_KEYS: apiKeys(acme),
    API_KEYS_FILE: file,
    WEBHOOK_SECRET_ACME_EU: own,
  });
  environment = { ...stack.environment, API_KEYS_FILE: '', PORT: '0' };
});
afterEach(async () => {
  await stack.close();
  await rm(join(file, '..'), { recursive: true });
});

const statusOf = async (as: Key) => {
  const init = { method: 'POST', headers: { ...bearer(as), ...json } };
  const response = await fetch(`${stack.api.url}/v1/jobs`, {
    ...init,
    body: chatBody({ message: 'hi' }),
  });
  return response.status;
};

/** What a service says that does not start. */
async function refusal(service: 'api' | 'worker', more: Record<string, string>): Promise<string> {
  const refused: Service = startProcess(`packages/${service}/src/main.ts`, {
    ...environment,
    ...more,
  });
  expect((await refused.exited).code).toBe(1);
  return [...refused.text, ...refused.log.map((line) => JSON.stringify(line))].join('\n');
}

test('two tenants whose secret would be the same one are refused, also when the keys of one come later', async () => {
  await writeFile(`${file}.new`, writeKeyEntry(twin.entry));
  await rename(`${file}.new`, file);
  const line = await until('the fault is logged', () =>
    stack.api.log.find(({ fault }) => String(fault).includes('WEBHOOK_SECRET_ACME_EU')),
  );
  expect(line.level).toBe(50);
  expect([await statusOf(other), await statusOf(twin)], 'the keys of before stay').toEqual([
    202, 401,
  ]);
  const API_KEYS = apiKeys(acme, twin);
  expect(await refusal('api', { API_KEYS })).toMatch(
    /API_KEYS: WEBHOOK_SECRET_ACME_EU .* two tenants/,
  );
});

test('without that secret they are two tenants like others; a secret of no tenant is logged', async () => {
  const API_KEYS = apiKeys(acme, twin);
  const secrets = { WEBHOOK_SECRET_ACME_EU: '', WEBHOOK_SECRET_ACNE: own };
  const api = await startApi({ ...environment, API_KEYS, ...secrets });
  const warned = api.log.find(({ settings }) => settings);
  await api.kill('SIGKILL');
  expect(warned).toMatchObject({ level: 40, settings: ['WEBHOOK_SECRET_ACNE'] });
});

test.each(['api', 'worker'] as const)(
  '%s names every faulty secret and prints none',
  async (service) => {
    const text = await refusal(service, {
      WEBHOOK_SECRET_ACME_EU: `${own},short`,
      WEBHOOK_SECRET_acme: own,
    });
    expect(text).toMatch(/- WEBHOOK_SECRET_ACME_EU: must be whsec_/);
    expect(text).toMatch(/- WEBHOOK_SECRET_acme: is not a setting: .*in upper case/);
    expect(text).not.toContain(own);
  },
);

test('keygen prints the secret of a tenant, and the line that sets it', async () => {
  const keygen = (...more: string[]) =>
    promisify(execFile)(
      process.execPath,
      ['-C', '@promptq/source', 'scripts/keygen.ts', 'webhook', ...more],
      { cwd: join(import.meta.dirname, '../..') },
    );
  const { stdout, stderr } = await keygen('--tenant', 'acme-eu');
  expect(stdout).toMatch(/^whsec_\S+\n$/);
  expect(stderr).toContain(`\nWEBHOOK_SECRET_ACME_EU=${stdout}`);
  expect((await keygen()).stderr).toBe('');
  await expect(keygen('--tenant', 'a b')).rejects.toThrow('--tenant must be');
});
