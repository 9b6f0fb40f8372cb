import { readFile } from 'node:fs/promises';
import type { Environment } from '../environment/environment.ts';
import { auditFrom } from '../environment/reader.ts';
import type { Figures } from '../row.ts';
import { percentile, sleep } from '../wait.ts';

const sampleIntervalMs = 5_000;

/** What grows, or not, while the row runs: a sample every 5 s. */
interface Samples {
  apiRssMb: number[];
  workerRssMb: number[];
  keys: number[];
  redisMb: number[];
}

/** Old audit events are removed while the row runs, so they are collected as they come, and sizes beside them. */
export function startWatching(environment: Environment, workerPid: number) {
  const audit = new Map<string, string[]>();
  const endings: Figures = {};
  const samples: Samples = { apiRssMb: [], workerRssMb: [], keys: [], redisMb: [] };
  let after = '0';
  const end = new AbortController();
  const collect = async () => {
    for await (const { entryId, jobId, type } of auditFrom(
      environment.redis,
      `${environment.prefix}:audit`,
      after,
    )) {
      after = entryId;
      audit.set(jobId, [...(audit.get(jobId) ?? []), type]);
      endings[type] = Number(endings[type] ?? 0) + 1;
    }
  };
  const loop = (async () => {
    while (!end.signal.aborted) {
      await collect();
      samples.apiRssMb.push(await rssMb(environment.api.pid));
      samples.workerRssMb.push(await rssMb(workerPid));
      samples.keys.push(await environment.redis.dbsize());
      const memory = /used_memory:(\d+)/.exec(await environment.redis.info('memory'));
      samples.redisMb.push(Number(memory?.[1] ?? 0) / 2 ** 20);
      await sleep(sampleIntervalMs);
    }
  })();
  return {
    stop: async () => {
      end.abort();
      await loop;
      await collect();
      return { audit, endings, samples };
    },
  };
}

async function rssMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024;
}

/** The median of the samples in a part of the run: 0 is its beginning, 1 its end. */
export function medianIn(samples: number[], [from, to]: readonly [number, number]): number {
  const at = (part: number) => Math.round(samples.length * part);
  return percentile(samples.slice(at(from), at(to)), 0.5);
}
