import fc from 'fast-check';
import { expect, test } from 'vitest';
import { failureCodeSchema, readFailure, type Failure } from './index.ts';

const failures: fc.Arbitrary<Failure> = fc.record({
  code: fc.constantFrom(...failureCodeSchema.options),
  upstream: fc.option(
    fc.record({
      status: fc.option(fc.integer()),
      code: fc.option(fc.string()),
      request_id: fc.option(fc.string()),
    }),
  ),
});

test('a failure survives its way through the failed reason', () => {
  fc.assert(
    fc.property(failures, fc.nat(), (failure, stalls) => {
      expect(readFailure(JSON.stringify(failure), stalls)).toEqual(failure);
    }),
  );
});

test('a reason that is not ours is worker_lost after a stall and internal_error otherwise', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), fc.integer({ min: 1 }), (reason, stalls) => {
      expect(readFailure(reason, stalls).code).toBe('worker_lost');
      expect(readFailure(reason, 0).code).toBe('internal_error');
    }),
  );
});
