import { expect, test } from 'vitest';
import { z } from 'zod';
import { readSettings } from '../settings/index.ts';
import { webhookAllowedHosts } from './allowed-hosts.ts';
import { targetGuard } from './target-guard.ts';

const guardFor = (setting: string) => targetGuard(webhookAllowedHosts.parse(setting));

test('the operator allows hosts by name, address and CIDR, and plain http with them', () => {
  const open = guardFor(
    ' Receiver.Internal. ,10.0.0.5,192.168.0.0/16,fd00::/8,::ffff:172.16.0.0/108',
  );
  for (const host of [
    'receiver.internal',
    'RECEIVER.internal.',
    '10.0.0.5',
    '192.168.7.7',
    '[fd12::1]',
    '172.20.1.1',
    '[::ffff:10.0.0.5]',
  ]) {
    for (const scheme of ['http', 'https']) {
      expect(open.check(`${scheme}://${host}/hook`), host).toBeNull();
    }
  }
  for (const host of ['10.0.0.6', '192.169.0.1/', '[fc00::1]', '172.32.0.1', 'localhost']) {
    expect(open.check(`http://${host}/`)?.kind, host).toBe('forbidden');
  }
  expect(open.check('https://user@receiver.internal/')?.kind).toBe('invalid');
  expect(open.check('ftp://receiver.internal/')?.kind).toBe('invalid');
});

test('an allowed name may have any address; another name only allowed or public ones, and http only allowed ones', () => {
  const open = guardFor('receiver.internal,10.0.0.0/8');
  const may = (url: string, address: string) => open.mayConnect(new URL(url), address);
  expect(may('http://receiver.internal/', '192.168.1.1')).toBe(true);
  expect(may('http://other.internal/', '10.1.1.1')).toBe(true);
  expect(may('http://other.internal/', '::ffff:10.1.1.1')).toBe(true);
  expect(may('http://other.internal/', '192.168.1.1')).toBe(false);
  expect(may('http://other.internal/', '8.8.8.8')).toBe(false);
  expect(may('https://other.internal/', '8.8.8.8')).toBe(true);
  expect(may('https://sub.receiver.internal/', '192.168.1.1'), 'a name is that name only').toBe(
    false,
  );
});

test('localhost is refused by its name, unless its address is allowed', () => {
  expect(guardFor('10.0.0.0/8').check('https://localhost/')?.kind).toBe('forbidden');
  expect(guardFor('127.0.0.1').check('http://localhost/')).toBeNull();
  expect(guardFor('localhost').check('http://localhost/')).toBeNull();
});

test.each([
  'http://receiver.internal',
  'receiver.internal:8080',
  'receiver.internal/hook',
  '*.internal',
  '10.0.0.0/33',
  '10.0.0.0/',
  '10.0.0.0/-1',
  '10.0.0.0/8/8',
  '10.1/16',
  '0x7f.1',
  '2130706433',
  'fd00::/129',
  '::ffff:10.0.0.0/8',
  '[::1]',
  'two words',
  'a@b',
  '',
])('the entry "%s" is a fault of the settings, named by its place', (entry) => {
  const schema = z.object({ WEBHOOK_ALLOWED_HOSTS: webhookAllowedHosts });
  const read = () => readSettings(schema, { WEBHOOK_ALLOWED_HOSTS: `ok.example,${entry}` });
  expect(read).toThrow(
    'WEBHOOK_ALLOWED_HOSTS: entry 2 must be a host name, an IP address or a CIDR',
  );
});

test('without the setting nothing is allowed', () => {
  const schema = z.object({ WEBHOOK_ALLOWED_HOSTS: webhookAllowedHosts });
  const { WEBHOOK_ALLOWED_HOSTS: allowed } = readSettings(schema, {});
  expect(targetGuard(allowed).check('https://10.0.0.1/')?.kind).toBe('forbidden');
});
