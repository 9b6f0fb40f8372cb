import { afterEach, beforeEach, expect, it } from 'vitest';
import { chatSpec, openObservedStore, type ObservedStore } from '../testing/observed-store.ts';

let test: ObservedStore;
const fields = ['name', 'timestamp', 'failedReason'];

beforeEach(async () => {
  test = await openObservedStore();
});
afterEach(async () => {
  await test.close();
});

async function add(delaySeconds = 0): Promise<string> {
  const added = await test.store.jobs.add(chatSpec({}, delaySeconds));
  if (added.kind !== 'added') throw new Error(added.kind);
  return added.job.id;
}

it('reads a page of each state, the newest first', async () => {
  const [first, second, delayed] = [await add(), await add(), await add(60)];
  const read = (from: number, to: number) =>
    test.store.board.readPage('chat', ['waiting', 'prioritized', 'delayed'], {
      first: from,
      last: to,
      fields,
    });
  const rows = await read(0, 9);
  expect(rows.map(([id, state]) => [id, state])).toEqual([
    [second, 'prioritized'],
    [first, 'prioritized'],
    [delayed, 'delayed'],
  ]);
  expect(rows[0]?.[2]).toEqual(['chat', expect.stringMatching(/^\d+$/), null]);
  expect((await read(1, 1)).map(([id]) => id)).toEqual([first]);
});

it('reads one job and its state, and nothing that is not a job of the queue', async () => {
  const { readJob } = test.store.board;
  const [waiting, delayed] = [await add(), await add(60)];
  expect((await readJob('chat', waiting, fields))?.[1]).toBe('prioritized');
  expect((await readJob('chat', delayed, fields))?.[1]).toBe('delayed');
  expect(await readJob('analysis', waiting, fields)).toBeNull();
  expect(await readJob('chat', 'meta', fields)).toBeNull();
  expect(await readJob('webhooks', 'dlv_unknown', fields)).toBeNull();
  await test.store.jobs.cancel(waiting, null);
  expect((await readJob('chat', waiting, fields))?.[1]).toBe('failed');
});
