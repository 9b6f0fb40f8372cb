import { afterEach, beforeEach, expect, test } from 'vitest';
import { measurable, measureMemory } from '#faults/environment/memory.ts';
import { startWorker, type Service } from '#support/processes.ts';
import { startReceiver, type Receiver } from '#support/receivers.ts';
import { openSending, type Sending } from '#support/sending.ts';
import { until } from '#support/until.ts';

let sending: Sending;
let receiver: Receiver;
let secure: Receiver;
const services: Service[] = [];
beforeEach(async () => {
  sending = openSending();
  receiver = await startReceiver();
  secure = await startReceiver({ tls: true });
});
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.kill('SIGKILL')));
  await sending.close();
  await receiver.close();
  await secure.close();
});

async function startSender(more: Record<string, string> = {}): Promise<Service> {
  const environment = { ...sending.environment, WEBHOOK_ALLOWED_HOSTS: '127.0.0.1', ...more };
  const service = await startWorker(environment, 'tests/support/webhook-worker.ts');
  services.push(service);
  return service;
}

const ids = () => receiver.received.map(({ headers }) => headers['webhook-id']);

test('a sender that is killed in mid-try spends no try, and another sends the same event', async () => {
  const killed = await startSender({ TRY_SECONDS: '600' });
  const [id = ''] = await sending.queueAll([`${receiver.url}/hang`]);
  await until('it is being sent', () => receiver.received.length === 1);
  await killed.kill('SIGKILL');
  receiver.release();
  await startSender();
  const delivery = await sending.tried(id);
  expect(delivery).toMatchObject({ status: 'delivered', tries: [{ status: 200 }] });
  expect(ids()).toEqual([delivery.event_id, delivery.event_id]);
});

test('what does not end within the grace goes back at once, with no try spent', async () => {
  const stopping = await startSender({ TRY_SECONDS: '600', SHUTDOWN_GRACE_SECONDS: '4' });
  const [id = ''] = await sending.queueAll([`${receiver.url}/hang`]);
  await until('it is being sent', () => receiver.received.length === 1);
  expect(await stopping.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(await sending.read(id)).toMatchObject({ status: 'pending', next_try_at: null, tries: [] });
  expect((await sending.queue.getJob(id))?.attemptsMade).toBe(0);
  receiver.release();
  await startSender();
  const delivery = await sending.tried(id);
  expect(delivery).toMatchObject({ status: 'delivered', tries: [{ status: 200 }] });
  expect(ids()).toEqual([delivery.event_id, delivery.event_id]);
});

test('a try that ends within the grace counts', async () => {
  const stopping = await startSender();
  const [id = ''] = await sending.queueAll([`${receiver.url}/hang`]);
  await until('it is being sent', () => receiver.received.length === 1);
  const exited = stopping.kill('SIGTERM');
  await until('it is stopping', () => stopping.log.find(({ msg }) => msg === 'stopping'));
  receiver.release();
  expect(await exited).toEqual({ code: 0, signal: null });
  expect((await sending.read(id)).status).toBe('delivered');
});

test('hostile receivers leave a sender no larger than it was', async () => {
  const sender = await startSender({ ...measurable, TRY_SECONDS: '1' });
  const behaviours = ['endless', 'gzip-bomb', 'trickle', 'hang', 'reset', 'nonsense', 'large-head'];
  const round = async (times: number) => {
    const urls = behaviours.flatMap((behaviour) =>
      Array.from({ length: times }, () => `${receiver.url}/${behaviour}`),
    );
    const strangers = Array.from({ length: times }, () => `${secure.url}/fine`);
    for (const id of await sending.queueAll([...urls, ...strangers])) await sending.tried(id);
  };
  await round(10);
  const before = await measureMemory(sender);
  await round(50);
  const after = await measureMemory(sender);
  expect(after.resident - before.resident).toBeLessThan(20);
});
