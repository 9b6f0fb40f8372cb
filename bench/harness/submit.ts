import { setTimeout as delay } from 'node:timers/promises';
import { openConnection, postRequest } from './connection.ts';

/** 500 bytes, as in the row `memory`. */
export const message = 'Tell me, in one sentence, why the sea is salt. '.padEnd(500, 'And why? ');

/** The body of a submission. The APIs of promptq and of DIY both accept it. */
export const submissionBody = JSON.stringify({ type: 'chat', input: { message } });

export interface SubmitTarget {
  port: number;
  path: string;
  headers: Record<string, string>;
}

export interface Submissions {
  jobs: number;
  /** How many connections submit in parallel. */
  submitters: number;
  /** Submissions per second, evenly spread. Without it, each connection submits as fast as it gets answers. */
  perSecond?: number;
}

/**
 * Submits jobs.
 * @returns the response bodies, unparsed: parsing them would take CPU time from what is measured
 * @throws {Error} when a job is not accepted
 */
export async function submit(
  target: SubmitTarget,
  { jobs, submitters, perSecond }: Submissions,
): Promise<string[]> {
  const request = postRequest(target.path, submissionBody, target.headers);
  const startedAt = performance.now();
  const accepted: string[] = [];
  let next = 0;
  const submitter = async () => {
    const connection = await openConnection(target.port);
    try {
      for (let n = next++; n < jobs; n = next++) {
        if (perSecond !== undefined) {
          const waitMs = startedAt + (n / perSecond) * 1_000 - performance.now();
          if (waitMs >= 1) await delay(waitMs);
        }
        const { status, body } = await connection.send(request);
        if (status !== 202) throw new Error(`a submission was answered ${status}: ${body}`);
        accepted.push(body);
      }
    } finally {
      connection.close();
    }
  };
  await Promise.all(Array.from({ length: submitters }, submitter));
  return accepted;
}
