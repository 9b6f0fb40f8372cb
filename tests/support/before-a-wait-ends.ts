import type { Stack } from './stack.ts';

const waitSeconds = 60;

/**
 * Expects answers to come before a wait that begins now runs out. A lost wake-up shows as an answer that comes only
 * when its own wait runs out. The wait of this function is for a job that nobody starts.
 * @throws {Error} when the wait runs out first
 */
export async function beforeAWaitEnds<Answer>(
  stack: Stack,
  answers: Promise<Answer>,
): Promise<Answer> {
  const { id } = await stack.submit({
    type: 'chat',
    input: { message: 'x' },
    delay_seconds: 86_400,
  });
  const leaving = new AbortController();
  const runsOut = fetch(`${stack.api.url}/v1/jobs/${id}?wait=${waitSeconds}`, {
    signal: leaving.signal,
  }).then(() => {
    throw new Error('a whole wait ran out before the answers came');
  });
  try {
    return await Promise.race([answers, runsOut]);
  } finally {
    leaving.abort();
    await runsOut.catch(() => undefined);
  }
}
