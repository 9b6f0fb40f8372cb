import { setTimeout as delay } from 'node:timers/promises';
import { openConnection, postRequest } from './connection.ts';

/** 500 bytes, as in the row `memory`. */
export const message = 'Tell me, in one sentence, why the sea is salt. '.padEnd(500, 'And why? ');

/** The body of a submission; both APIs take the same. */
export const submission = JSON.stringify({ type: 'chat', input: { message } });

interface Target {
  port: number;
  submitPath: string;
  headers: Record<string, string>;
}

export interface Load {
  jobs: number;
  /** How many connections submit side by side. */
  submitters: number;
  /** Submissions a second, spread evenly; as fast as they are accepted when left out. */
  perSecond?: number;
}

/** Submits jobs and resolves when all are accepted. @throws {Error} when one is not */
export async function submit(target: Target, { jobs, submitters, perSecond }: Load): Promise<void> {
  const request = postRequest(target.submitPath, submission, target.headers);
  const startedAt = performance.now();
  let next = 0;
  const submitter = async () => {
    const connection = await openConnection(target.port);
    try {
      for (let n = next++; n < jobs; n = next++) {
        if (perSecond !== undefined) {
          const early = startedAt + (n / perSecond) * 1_000 - performance.now();
          if (early >= 1) await delay(early);
        }
        const { status, body } = await connection.send(request);
        if (status !== 202) throw new Error(`a submission was answered ${status}: ${body}`);
      }
    } finally {
      connection.close();
    }
  };
  await Promise.all(Array.from({ length: submitters }, submitter));
}
