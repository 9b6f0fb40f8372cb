import { afterEach, beforeEach, expect, test } from 'vitest';
import { targetGuard, webhookAllowedHosts, type Lookup } from '@promptq/shared/webhooks';
import { startCanary, type Canary } from '#support/receivers.ts';
import { openSending, type Sending } from '#support/sending.ts';

let sending: Sending;
let canary: Canary;
beforeEach(async () => {
  sending = openSending();
  canary = await startCanary();
});
afterEach(async () => {
  await sending.close();
  await canary.close();
});

/** Hosts by which this machine, or one beside it, can be meant. Those that lead here are proved to, below. */
const here = [
  '127.0.0.1',
  '127.0.0.1.',
  '127.1',
  '2130706433',
  '0x7f.1',
  '0177.0.0.1',
  'localhost',
  'localhost.',
  '0.0.0.0',
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
];
const beside = [
  '169.254.169.254',
  '168.63.129.16',
  '10.0.0.1',
  '192.168.0.1',
  '100.64.0.1',
  '[fd00::1]',
  '[fe80::1]',
  '[::127.0.0.1]',
  '[64:ff9b::127.0.0.1]',
  '[2002:7f00:1::]',
  '[2001::1]',
];
/** The answers to the look-ups of a name, in turn; the last one stays. */
const names: Record<string, string[][]> = {
  'private.test': [['127.0.0.1']],
  'private6.test': [['::1']],
  'mixed.test': [['93.184.215.14', '127.0.0.1']],
  'mapped.test': [['::ffff:127.0.0.1']],
  'zero.test': [['0.0.0.0']],
  // The first address is one that the operator allows below, where nobody listens.
  'moves.test': [['127.9.9.9'], ['127.0.0.1']],
  'flips.test': [['93.184.215.14'], ['127.0.0.1']],
};

function lookupOf(asked: Map<string, number>): Lookup {
  return (name, _, callback) => {
    const answers = names[name] ?? [[]];
    const count = asked.get(name) ?? 0;
    asked.set(name, count + 1);
    const addresses = answers[Math.min(count, answers.length - 1)] ?? [];
    const family = (address: string) => (address.includes(':') ? 6 : 4);
    callback(
      null,
      addresses.map((address) => ({ address, family: family(address) })),
    );
  };
}

const urlsOf = (hosts: string[]) => hosts.map((host) => `https://${host}:${canary.port}/hook`);
const everywhere = { check: () => null, resolve: async () => null, mayConnect: () => true };

test('no connection reaches a canary that listens everywhere; each try is final, on record and audited', async () => {
  const asked = new Map<string, number>();
  const lookup = lookupOf(asked);
  const guard = targetGuard(webhookAllowedHosts.parse(''), { lookup });
  const flipping = `https://flips.test:${canary.port}/hook`;
  expect(await guard.resolve(flipping), 'at submission it has a public address').toBeNull();

  sending.start('', { guard, transport: { lookup } });
  const urls = [
    ...urlsOf([...here, ...beside, ...Object.keys(names)]),
    `http://127.0.0.1:${canary.port}/`,
    `https://user@127.0.0.1:${canary.port}/`,
    `ftp://127.0.0.1:${canary.port}/`,
    'not a url',
  ];
  const ids = await sending.queueAll(urls);
  for (const [at, id] of ids.entries()) {
    const delivery = await sending.tried(id);
    expect(delivery, urls[at]).toMatchObject({
      status: 'dead',
      tries: [{ status: null, error: 'blocked_address', answer: null }],
    });
  }
  expect(canary.connections()).toBe(0);
  expect(asked.get('flips.test'), 'it did flip').toBe(2);
  const jobIds = ids.map((id) => id.slice('dlv_'.length));
  expect((await sending.blocked()).toSorted()).toEqual(jobIds.toSorted());
});

test('without the guard the same URLs do reach it: the canary sees, and the guard is what keeps them away', async ({
  annotate,
}) => {
  if (!canary.hasIpv6) await annotate('this machine has no IPv6: addresses of it are left out');
  sending.start('', { guard: everywhere, transport: { lookup: lookupOf(new Map()) } });
  // Names of others than this machine are for the guard alone.
  const ipv6 = canary.hasIpv6 ? ['private6.test'] : [];
  const hosts = [
    ...here.filter((host) => !host.startsWith('localhost')),
    'private.test',
    'mapped.test',
    'zero.test',
    ...ipv6,
  ].filter((host) => canary.hasIpv6 || !host.startsWith('['));
  let before = 0;
  for (const url of urlsOf(hosts)) {
    const [id = ''] = await sending.queueAll([url]);
    await sending.tried(id);
    expect(canary.connections(), url).toBeGreaterThan(before);
    before = canary.connections();
  }
});

test('the connection alone keeps addresses and names away, whatever was thought of the URL before', async () => {
  const guard = { ...targetGuard(webhookAllowedHosts.parse('')), check: () => null };
  sending.start('', { guard, transport: { lookup: lookupOf(new Map()) } });
  const hosts = here.filter((host) => !host.startsWith('localhost'));
  for (const id of await sending.queueAll(urlsOf([...hosts, ...beside, 'private.test']))) {
    expect((await sending.tried(id)).tries[0]?.error).toBe('blocked_address');
  }
  expect(canary.connections()).toBe(0);
});

test('a name that turns private between two tries is blocked at the second one', async () => {
  const lookup = lookupOf(new Map());
  sending.start('127.9.9.9', { transport: { lookup } });
  const [id = ''] = await sending.queueAll(['https://moves.test:1/hook']);
  expect((await sending.tried(id)).tries[0]?.error).toBe('connection_refused');
  await (await sending.queue.getJob(id))?.promote();
  const delivery = await sending.tried(id, 2);
  expect(delivery.status).toBe('dead');
  expect(delivery.tries[1]?.error).toBe('blocked_address');
  expect(await sending.blocked()).toEqual([id.slice('dlv_'.length)]);
});
