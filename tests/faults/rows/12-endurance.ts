import { readFile } from 'node:fs/promises';
import { onBed, type Bed } from '../bed/bed.ts';
import { logFaults } from '../bed/invariants.ts';
import { auditFrom, countOpen, readAll } from '../bed/reader.ts';
import type { Figures, Row } from '../row.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { round, sleep, within } from '../wait.ts';
import { Crew, faultKinds, upstreamAnswers } from './12-faults.ts';
import { startLoad } from './12-load.ts';

const warmUpPart = 0.3;
const sampleEveryMs = 5_000;
/** A difference that a garbage collector may leave: more than this part of the warm process is growth. */
const mostGrowth = 0.25;
const mostGrowthMb = 40;

/** Row 12: 50 jobs a second for a long time, with the faults of the rows 4 to 9 at random. */
export const endurance: Row = {
  number: 12,
  name: 'endurance with random faults',
  run: (context) => {
    const { random, minutes } = context;
    let proxy: TcpProxy | undefined;
    const redisUrl = async ({ port }: { port: number }) => {
      proxy = await startTcpProxy({ host: '127.0.0.1', port });
      return `redis://127.0.0.1:${proxy.port}`;
    };
    // Short lives of results and events, so that the keys are flat while it lasts.
    const environment = {
      RESULT_TTL_SECONDS: '60',
      AUDIT_TTL_SECONDS: '300',
      WORKER_CONCURRENCY: '25',
    };
    return onBed({ redisUrl, environment, redisArgs: ['--appendfsync', 'always'] }, async (bed) => {
      if (!proxy) throw new Error('the proxy was not started');
      const answers = upstreamAnswers(random);
      bed.upstream.answerWith(answers.answer);
      const witness = await bed.worker();
      const crew = await Crew.start(bed, 3);
      const watch = startWatching(bed, witness.pid);
      const load = startLoad(bed);
      const endsAt = Date.now() + minutes * 60_000;
      const counts: Figures = {};
      await sleep(Math.min(30_000, (minutes * 60_000) / 10));
      while (Date.now() < endsAt - 30_000) {
        const kind = random.pick(faultKinds);
        counts[kind.name] = Number(counts[kind.name] ?? 0) + 1;
        context.say(`${Math.round((endsAt - Date.now()) / 1_000)} s left: ${kind.name}`);
        await kind.happen({ bed, proxy, crew, random, answers });
        await sleep(random.between(5_000, 15_000));
      }
      await sleep(Math.max(0, endsAt - Date.now()));
      await load.stop();
      await crew.stop();
      await bed.worker();
      const settled = await within(180, async () => (await countOpen(bed.redis, bed.prefix)) === 0);
      await sleep(3_000);
      const seen = await watch.stop();
      await proxy.close();
      const violations = [...logFaults(bed), ...(await recordFaults(bed, seen.audit))];
      if (settled === null) violations.push('not all jobs were terminal 180 s after the end');
      violations.push(...growth('api', seen.apiMb), ...growth('worker', seen.workerMb));
      violations.push(...growth('keys', seen.keys));
      return {
        violations,
        figures: {
          minutes,
          accepted: bed.accepted.size,
          refused: load.refused(),
          audit_events: seen.audit.size,
          ...seen.endings,
          ...counts,
          api_rss_mb_warm: warm(seen.apiMb),
          api_rss_mb_end: end(seen.apiMb),
          worker_rss_mb_warm: warm(seen.workerMb),
          worker_rss_mb_end: end(seen.workerMb),
          keys_warm: warm(seen.keys),
          keys_end: end(seen.keys),
          redis_mb_warm: warm(seen.redisMb),
          redis_mb_end: end(seen.redisMb),
        },
      };
    });
  },
};

/** Old audit events are removed while the row runs, so they are collected as they come, and sizes beside them. */
function startWatching(bed: Bed, workerPid: number) {
  const audit = new Map<string, string[]>();
  const endings: Figures = {};
  const [apiMb, workerMb, keys, redisMb]: number[][] = [[], [], [], []];
  let after = '0';
  const end = new AbortController();
  const collect = async () => {
    for await (const { entryId, jobId, type } of auditFrom(
      bed.redis,
      `${bed.prefix}:audit`,
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
      apiMb?.push(await rssMb(bed.api.pid));
      workerMb?.push(await rssMb(workerPid));
      keys?.push(await bed.redis.dbsize());
      const memory = /used_memory:(\d+)/.exec(await bed.redis.info('memory'));
      redisMb?.push(Number(memory?.[1] ?? 0) / 2 ** 20);
      await sleep(sampleEveryMs);
    }
  })();
  return {
    stop: async () => {
      end.abort();
      await loop;
      await collect();
      return {
        audit,
        endings,
        apiMb: apiMb ?? [],
        workerMb: workerMb ?? [],
        keys: keys ?? [],
        redisMb: redisMb ?? [],
      };
    },
  };
}

async function rssMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024;
}

const windowParts = 6;

/** The median of the samples after the warm-up, and of those at the end. */
function warm(samples: number[]): number {
  const from = Math.floor(samples.length * warmUpPart);
  return median(samples.slice(from, from + Math.ceil(samples.length / windowParts)));
}

function end(samples: number[]): number {
  return median(samples.slice(-Math.ceil(samples.length / windowParts)));
}

function median(values: number[]): number {
  return round(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0);
}

function growth(what: string, samples: number[]): string[] {
  const grown = end(samples) - warm(samples);
  if (grown <= warm(samples) * mostGrowth || (what !== 'keys' && grown <= mostGrowthMb)) return [];
  return [`${what} grew from ${warm(samples)} to ${end(samples)}`];
}

/** As after the other rows, except that a job may be gone when its time is over: its event was seen. */
async function recordFaults(bed: Bed, audit: Map<string, string[]>): Promise<string[]> {
  const reading = await readAll(bed.redis, bed.prefix);
  const faults: string[] = [];
  for (const id of bed.accepted) {
    const events = audit.get(id)?.length ?? 0;
    if (events !== 1)
      faults.push(
        `${id} has ${events} audit events and is ${reading.states.get(id)?.join() ?? 'gone'}`,
      );
  }
  for (const [id, states] of reading.states) {
    if (states.length !== 1) faults.push(`${id} is in ${states.join(' and ')}`);
    const ending = reading.endings.get(id) ?? 'open';
    const event = audit.get(id)?.[0] ?? 'none';
    if (event !== `job.${ending}`) faults.push(`${id} is ${ending}, its event ${event}`);
  }
  return faults.length > 5 ? [...faults.slice(0, 5), `and ${faults.length - 5} more`] : faults;
}
