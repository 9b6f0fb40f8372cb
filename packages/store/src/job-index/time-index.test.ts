import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createdAtOf, newJobId } from '@promptq/shared/jobs';
import { idsInBucket, indexEntry } from './time-index.ts';

test('what is put into an index comes out of it, once, newest first', () => {
  const moments = fc.array(
    fc.record({ ms: fc.nat(9_999), type: fc.constantFrom('chat', 'analysis') }),
  );
  fc.assert(
    fc.property(moments, fc.nat(16), (made, cut) => {
      const ids = made.map(({ ms, type }) => newJobId(type as 'chat', 1, 1_700_000_000_000 + ms));
      const entries = [...ids, ...ids].map((id) => indexEntry(id).entry);
      const content = Buffer.concat([...entries, Buffer.alloc(cut)]);
      const times = idsInBucket(content).map((id) => createdAtOf(id) ?? 0);
      expect(new Set(idsInBucket(content))).toEqual(new Set(ids));
      expect(times).toEqual(times.toSorted((a, b) => b - a));
    }),
  );
});
