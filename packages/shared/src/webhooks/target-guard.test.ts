import { expect, test, vi } from 'vitest';
import { webhookAllowedHosts } from './allowed-hosts.ts';
import type { Lookup } from './resolver.ts';
import { targetGuard } from './target-guard.ts';

const guard = targetGuard(webhookAllowedHosts.parse(''));

/** A look-up that answers with these addresses, in turn when there are several lists. */
function answering(...answers: (string[] | Error)[]): Lookup {
  let calls = 0;
  return (_, __, callback) => {
    const answer = answers[Math.min(calls, answers.length - 1)] ?? [];
    calls += 1;
    if (answer instanceof Error) callback(answer, []);
    else
      callback(
        null,
        answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
  };
}

test.each([
  ['', 'invalid', 'Must be a URL'],
  ['not a url', 'invalid', 'Must be a URL'],
  ['//example.com/hook', 'invalid', 'Must be a URL'],
  ['https://', 'invalid', 'Must be a URL'],
  ['https://1.2.3.256/', 'invalid', 'Must be a URL'],
  ['https://[::1', 'invalid', 'Must be a URL'],
  ['https://[fe80::1%25eth0]/', 'invalid', 'Must be a URL'],
  ['ftp://example.com/', 'invalid', 'Must begin with https'],
  ['file:///etc/passwd', 'invalid', 'Must begin with https'],
  ['javascript:alert(1)', 'invalid', 'Must begin with https'],
  ['gopher://example.com/', 'invalid', 'Must begin with https'],
  ['https://user@example.com/', 'invalid', 'user name'],
  ['https://:pass@example.com/', 'invalid', 'user name'],
  ['https://example.com:pass@10.0.0.1/', 'invalid', 'user name'],
  ['http://example.com/', 'forbidden', 'WEBHOOK_ALLOWED_HOSTS'],
  ['http://8.8.8.8/', 'forbidden', 'WEBHOOK_ALLOWED_HOSTS'],
  ['https://127.0.0.1/', 'forbidden', 'not public'],
  ['https://127.0.0.1./', 'forbidden', 'not public'],
  ['https://127.1/', 'forbidden', 'not public'],
  ['https://2130706433/', 'forbidden', 'not public'],
  ['https://0x7f.1/', 'forbidden', 'not public'],
  ['https://0x7f000001/', 'forbidden', 'not public'],
  ['https://0177.0.0.1/', 'forbidden', 'not public'],
  ['https://017700000001/', 'forbidden', 'not public'],
  ['https://１２７.0.0.1/', 'forbidden', 'not public'],
  ['https://127。0。0。1/', 'forbidden', 'not public'],
  ['https://%31%32%37.0.0.1/', 'forbidden', 'not public'],
  ['https://127.0.\t0.1/', 'forbidden', 'not public'],
  ['https:\\\\127.0.0.1\\', 'forbidden', 'not public'],
  ['https:127.0.0.1', 'forbidden', 'not public'],
  ['HTTPS://LOCALHOST/', 'forbidden', 'not public'],
  ['https://localhost/', 'forbidden', 'not public'],
  ['https://localhost./', 'forbidden', 'not public'],
  ['https://localhost../', 'forbidden', 'not public'],
  ['https://a.localhost/', 'forbidden', 'not public'],
  ['https://a.localhost./', 'forbidden', 'not public'],
  ['https://0/', 'forbidden', 'not public'],
  ['https://0.0.0.0/', 'forbidden', 'not public'],
  ['https://[::]/', 'forbidden', 'not public'],
  ['https://[::1]/', 'forbidden', 'not public'],
  ['https://[::127.0.0.1]/', 'forbidden', 'not public'],
  ['https://[::ffff:127.0.0.1]/', 'forbidden', 'not public'],
  ['https://[::ffff:7f00:1]/', 'forbidden', 'not public'],
  ['https://[::ffff:0:127.0.0.1]/', 'forbidden', 'not public'],
  ['https://[64:ff9b::127.0.0.1]/', 'forbidden', 'not public'],
  ['https://[64:ff9b::8.8.8.8]/', 'forbidden', 'not public'],
  ['https://[64:ff9b:1::1]/', 'forbidden', 'not public'],
  ['https://[2002:7f00:1::]/', 'forbidden', 'not public'],
  ['https://[2001::1]/', 'forbidden', 'not public'],
  ['https://[fd00::1]/', 'forbidden', 'not public'],
  ['https://[fd00:ec2::254]/', 'forbidden', 'not public'],
  ['https://[fe80::1]/', 'forbidden', 'not public'],
  ['https://[ff02::1]/', 'forbidden', 'not public'],
  ['https://169.254.169.254/latest/meta-data/', 'forbidden', 'not public'],
  ['https://168.63.129.16/', 'forbidden', 'not public'],
  ['https://100.64.0.1/', 'forbidden', 'not public'],
  ['https://10.0.0.1/', 'forbidden', 'not public'],
  ['https://172.31.255.255/', 'forbidden', 'not public'],
  ['https://192.168.0.1/', 'forbidden', 'not public'],
  ['https://255.255.255.255/', 'forbidden', 'not public'],
])('%s is %s: %s', async (url, kind, detail) => {
  expect(guard.check(url)).toEqual({ kind, detail: expect.stringContaining(detail) });
  expect(await guard.resolve(url), 'nothing is looked up').toEqual(guard.check(url));
});

test.each([
  'https://example.com/hook?a=b#c',
  'https://example.com./',
  'https://example.com:8443/',
  'https://8.8.8.8/',
  'https://172.32.0.1/',
  'https://[2606:4700:4700::1111]/',
  'https://[::ffff:8.8.8.8]/',
  'https://localhost.example.com/',
  'https://münchen.example/',
])('%s may be a receiver', (url) => {
  expect(guard.check(url)).toBeNull();
});

test('what is no address is not connected to', () => {
  for (const address of ['', 'localhost', '0x7f.1', '8.8.8.8.', '1.1', 'fe80::1%lo']) {
    expect(guard.mayConnect(new URL('https://example.com/'), address), address).toBe(false);
  }
});

const disconnected = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });

test.each([
  ['private', ['10.0.0.1'], 'forbidden'],
  ['mixed', ['8.8.8.8', '10.0.0.1'], 'forbidden'],
  ['mapped', ['::ffff:127.0.0.1'], 'forbidden'],
  ['mixed families', ['2606:4700::1', 'fe80::1'], 'forbidden'],
  ['public', ['8.8.8.8', '2606:4700::1'], undefined],
  ['empty', [], undefined],
  ['unknown', disconnected, undefined],
])('at submission, a name with a %s answer is judged: %j, %s', async (_, answer, kind) => {
  const asked = targetGuard(webhookAllowedHosts.parse(''), { lookup: answering(answer) });
  expect((await asked.resolve('https://name.example/'))?.kind).toBe(kind);
});

test('plain http needs an allowed address behind the name', async () => {
  const asked = (address: string) =>
    targetGuard(webhookAllowedHosts.parse('10.0.0.0/8'), { lookup: answering([address]) });
  expect(await asked('10.2.3.4').resolve('http://name.example/')).toBeNull();
  expect(await asked('8.8.8.8').resolve('http://name.example/')).toEqual({
    kind: 'forbidden',
    detail: expect.stringContaining('Must begin with https://'),
  });
});

test('a name is looked up once for half a minute, also when many ask at the same time', async () => {
  let nowMs = 0;
  const lookup = vi.fn<Lookup>(answering(['8.8.8.8'], ['10.0.0.1']));
  const asked = targetGuard(webhookAllowedHosts.parse(''), { lookup, now: () => nowMs });
  const ask = () => asked.resolve('https://name.example/');
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([null, null, null]);
  nowMs = 29_999;
  expect(await ask()).toBeNull();
  expect(lookup).toHaveBeenCalledTimes(1);
  nowMs = 30_000;
  expect((await ask())?.kind).toBe('forbidden');
  expect(lookup).toHaveBeenCalledTimes(2);
});

test('a name server that hangs delays nobody for long, nor does a line form behind it', async () => {
  vi.useFakeTimers();
  try {
    const lookup = vi.fn<Lookup>(() => undefined);
    const asked = targetGuard(webhookAllowedHosts.parse(''), { lookup });
    const all = Promise.all(
      Array.from({ length: 500 }, (_, at) => asked.resolve(`https://name-${at}.example/`)),
    );
    await vi.advanceTimersByTimeAsync(2_000);
    expect((await all).every((found) => found === null)).toBe(true);
    expect(lookup).toHaveBeenCalledTimes(64);
  } finally {
    vi.useRealTimers();
  }
});
