import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { readSettings, SettingsError, sharedSettings, wholeNumber } from './index.ts';

const schema = z.object(sharedSettings);

test('nothing set gives the defaults, and an empty value counts as not set', () => {
  const defaults = readSettings(schema, {});
  expect(defaults).toMatchObject({
    REDIS_URL: 'redis://127.0.0.1:6379',
    REDIS_PREFIX: '{promptq}',
    LOG_LEVEL: 'info',
    SHUTDOWN_GRACE_SECONDS: 30,
    RESULT_TTL_SECONDS: 86_400,
  });
  expect(readSettings(schema, { REDIS_URL: '', LOG_LEVEL: '' })).toEqual(defaults);
});

test('every fault is named at once, and no value is repeated', () => {
  const environment = {
    REDIS_URL: 'secret-1',
    LOG_LEVEL: 'secret-2',
    SHUTDOWN_GRACE_SECONDS: 'secret-3',
  };
  const error = (() => {
    try {
      return readSettings(schema, environment);
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(SettingsError);
  expect((error as SettingsError).faults.length).toBe(3);
  for (const name of Object.keys(environment))
    expect((error as SettingsError).message).toContain(name);
  expect((error as SettingsError).message).not.toContain('secret');
});

test.each([
  [
    'redis://127.0.0.1:6379/abc',
    'REDIS_URL: must end with the number of a database or without a path',
  ],
  ['redis://', 'REDIS_URL: must name a host'],
])('REDIS_URL %s is refused', (url, fault) => {
  expect(() => readSettings(schema, { REDIS_URL: url })).toThrow(fault);
});

test.each([
  'redis://127.0.0.1',
  'redis://127.0.0.1/',
  'rediss://user:password@redis.example.com:6380/15',
  'redis://[::1]:6379/0?family=6',
])('REDIS_URL %s is accepted', (url) => {
  expect(readSettings(schema, { REDIS_URL: url }).REDIS_URL).toBe(url);
});

test.each([
  ['0', 0],
  ['1', 1],
  ['1.0', 1],
  ['0.25', 0.25],
])('OTEL_TRACES_SAMPLER_ARG %s is a share', (text, share) => {
  const settings = readSettings(schema, { OTEL_TRACES_SAMPLER_ARG: text });
  expect(settings.OTEL_TRACES_SAMPLER_ARG).toBe(share);
});

test('a fault in a list names the setting, once', () => {
  const list = z.object({
    TYPES: z
      .string()
      .transform((text) => text.split(','))
      .pipe(z.array(z.enum(['a', 'b'], { error: 'must be a or b' }))),
  });
  expect(() => readSettings(list, { TYPES: 'a,,x' })).toThrow(
    /^Invalid settings:\n {2}- TYPES: must be a or b$/,
  );
});

test('a number is taken as written or refused: none becomes the default in silence', () => {
  const number = z.object({ N: wholeNumber({ min: 1, max: 100, default: 7 }) });
  fc.assert(
    fc.property(fc.oneof(fc.string({ minLength: 1 }), fc.integer().map(String)), (text) => {
      const isAllowed = /^\d{1,15}$/.test(text) && Number(text) >= 1 && Number(text) <= 100;
      if (isAllowed) expect(readSettings(number, { N: text }).N).toBe(Number(text));
      else
        expect(() => readSettings(number, { N: text })).toThrow(
          'N: must be a whole number from 1 to 100',
        );
    }),
  );
});
