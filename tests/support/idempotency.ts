import type { PublicJob } from '@promptq/shared/contracts';
import { checkContract } from './contract.ts';
import { json } from './problem.ts';
import type { Stack } from './stack.ts';

interface Answer {
  status: number;
  replayed: string | null;
  body: PublicJob & { code: string; detail: string };
}

/** Submits a job with an `Idempotency-Key` to one of several APIs. */
export async function submitWithKey(url: string, key: string, body: object): Promise<Answer> {
  const response = await fetch(`${url}/v1/jobs`, {
    method: 'POST',
    headers: { ...json, 'idempotency-key': key },
    body: JSON.stringify(body),
  });
  await checkContract(url, '/v1/jobs', 'POST', response.clone());
  return {
    status: response.status,
    replayed: response.headers.get('idempotency-replayed'),
    body: (await response.json()) as Answer['body'],
  };
}

/** How many jobs there are with this text, wherever they are. */
export async function countJobsWith(
  stack: Pick<Stack, 'redis' | 'keys'>,
  text: string,
): Promise<number> {
  let found = 0;
  for (const type of ['chat', 'analysis'] as const) {
    for await (const names of stack.redis.scanStream({
      match: stack.keys.job(type, `${type}_*`),
    })) {
      for (const name of names as string[]) {
        if (name.endsWith(':lock')) continue;
        if ((await stack.redis.hget(name, 'data'))?.includes(text)) found += 1;
      }
    }
  }
  return found;
}
