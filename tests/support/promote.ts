import { openQueue } from './queue.ts';
import type { Stack } from './stack.ts';

/** Ends the delay of a chat job now, so that no test has to guess how long its other steps take. */
export async function promote({ redis, prefix }: Stack, id: string): Promise<void> {
  const queue = openQueue({ redis, prefix }, 'chat');
  const job = await queue.getJob(id);
  if (!job) throw new Error(`job ${id} does not exist`);
  await job.promote();
  await queue.close();
}
