import fc from 'fast-check';
import { expect, test } from 'vitest';
import { webhookAllowedHosts } from './allowed-hosts.ts';
import { targetGuard } from './target-guard.ts';

const guard = targetGuard(webhookAllowedHosts.parse(''));

/** https://www.iana.org/assignments/iana-ipv4-special-registry and the multicast and reserved blocks. */
const reservedV4: [number, number, number, number, bits: number][] = [
  [0, 0, 0, 0, 8],
  [10, 0, 0, 0, 8],
  [100, 64, 0, 0, 10],
  [127, 0, 0, 0, 8],
  [169, 254, 0, 0, 16],
  [172, 16, 0, 0, 12],
  [192, 0, 0, 0, 24],
  [192, 0, 2, 0, 24],
  [192, 88, 99, 0, 24],
  [192, 168, 0, 0, 16],
  [198, 18, 0, 0, 15],
  [198, 51, 100, 0, 24],
  [203, 0, 113, 0, 24],
  [224, 0, 0, 0, 4],
  [240, 0, 0, 0, 4],
  [168, 63, 129, 16, 32],
];

/** https://www.iana.org/assignments/iana-ipv6-special-registry and what is not given out. */
const reservedV6: [groups: string, bits: number][] = [
  ['0:0:0:0:0:0:0:0', 96],
  ['0:0:0:0:ffff:0:0:0', 96],
  ['64:ff9b:0:0:0:0:0:0', 96],
  ['64:ff9b:1:0:0:0:0:0', 48],
  ['100:0:0:0:0:0:0:0', 64],
  ['100:0:0:1:0:0:0:0', 64],
  ['2001:0:0:0:0:0:0:0', 23],
  ['2001:db8:0:0:0:0:0:0', 32],
  ['2002:0:0:0:0:0:0:0', 16],
  ['3fff:0:0:0:0:0:0:0', 20],
  ['4000:0:0:0:0:0:0:0', 3],
  ['5f00:0:0:0:0:0:0:0', 16],
  ['fc00:0:0:0:0:0:0:0', 7],
  ['fe80:0:0:0:0:0:0:0', 10],
  ['fec0:0:0:0:0:0:0:0', 10],
  ['ff00:0:0:0:0:0:0:0', 8],
];

/** An address of the block: its first bits, the others at random. */
function within(start: bigint, bits: number, all: number): fc.Arbitrary<bigint> {
  const free = BigInt(all - bits);
  return fc
    .bigInt({ min: 0n, max: (1n << free) - 1n })
    .map((rest) => ((start >> free) << free) | rest);
}

const v4 = fc
  .constantFrom(...reservedV4)
  .chain(([a, b, c, d, bits]) =>
    within(BigInt(a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d), bits, 32),
  );
const v6 = fc.constantFrom(...reservedV6).chain(([groups, bits]) => {
  const start = groups.split(':').reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
  return within(start, bits, 128);
});

const radix = fc.constantFrom(
  (part: number) => String(part),
  (part: number) => `0x${part.toString(16)}`,
  (part: number) => `0X${part.toString(16).padStart(12, '0').toUpperCase()}`,
  (part: number) => `0${part.toString(8)}`,
);

/** One to four parts, each decimal, octal or hexadecimal, the last one filling up (URL Standard, "IPv4 parser"). */
const spelledV4 = (address: fc.Arbitrary<bigint>) =>
  fc
    .tuple(
      address,
      fc.integer({ min: 1, max: 4 }),
      fc.array(radix, { minLength: 4, maxLength: 4 }),
      fc.constantFrom('', '.'),
      fc.constantFrom(
        (text: string) => text,
        (text: string) => text.replaceAll('.', '。'),
        (text: string) =>
          text.replaceAll(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit))),
        (text: string) => text.replaceAll(/\d/g, (digit) => `%3${digit}`),
      ),
    )
    .map(([value, parts, spell, dot, disguise]) => {
      const bytes = [24n, 16n, 8n, 0n].map((shift) => Number((value >> shift) & 0xffn));
      const last = bytes.slice(parts - 1).reduce((sum, byte) => sum * 256 + byte, 0);
      const written = [...bytes.slice(0, parts - 1), last].map((part, at) => spell[at]?.(part));
      return disguise(`${written.join('.')}${dot}`);
    });

const groupsOf = (value: bigint) =>
  Array.from({ length: 8 }, (_, at) => ((value >> BigInt(112 - 16 * at)) & 0xffffn).toString(16));

/** Long, padded, short, with the longest or another run of zeros left out, with its end as IPv4. */
const spelledV6 = (address: fc.Arbitrary<bigint>) =>
  fc.tuple(address, fc.nat(4), fc.boolean()).map(([value, way, upper]) => {
    const groups = groupsOf(value);
    const text = (() => {
      const short = groups.join(':');
      switch (way) {
        case 0:
          return short;
        case 1:
          return groups.map((group) => group.padStart(4, '0')).join(':');
        case 2:
          return /(^|:)0(:|$)/.test(short) ? short.replace(/(?:^|:)0(?::0)*(?::|$)/, '::') : short;
        case 3: {
          const end = [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
          return `${groups.slice(0, 6).join(':')}:${end}`;
        }
        default:
          return new URL(`https://[${short}]/`).hostname.slice(1, -1);
      }
    })();
    return `[${upper ? text.toUpperCase() : text}]`;
  });

const mapped = (address: fc.Arbitrary<bigint>) => address.map((value) => (0xffffn << 32n) | value);

test('every address of every reserved block is refused, in every spelling that a URL takes', () => {
  const hosts = fc.oneof(spelledV4(v4), spelledV6(v6), spelledV6(mapped(v4)));
  fc.assert(
    fc.property(hosts, fc.constantFrom('', ':443', ':8080'), (host, port) => {
      const url = `https://${host}${port}/hook`;
      // A spelling that is no address would prove nothing.
      expect(URL.canParse(url), url).toBe(true);
      expect(guard.check(url)?.kind, url).toBe('forbidden');
      const address = new URL(url).hostname.replaceAll(/[[\]]/g, '');
      expect(guard.mayConnect(new URL('https://example.com/'), address), address).toBe(false);
    }),
    { numRuns: 5_000 },
  );
});

test('the same spellings of public addresses are taken', () => {
  const publicV4 = fc.constantFrom(0x08080808n, 0x01010101n, 0x5db8d822n, 0xac200001n);
  const publicV6 = fc
    .bigInt({ min: 0n, max: (1n << 96n) - 1n })
    .map((rest) => (0x26064700n << 96n) | rest);
  const hosts = fc.oneof(spelledV4(publicV4), spelledV6(publicV6), spelledV6(mapped(publicV4)));
  fc.assert(
    fc.property(hosts, (host) => {
      expect(guard.check(`https://${host}/`), host).toBeNull();
    }),
    { numRuns: 2_000 },
  );
});
