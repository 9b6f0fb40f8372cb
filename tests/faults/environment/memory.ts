import type { Service } from '#support/processes.ts';
import { eventually, round, sleep } from '../wait.ts';
import { signal } from './environment.ts';
import { memoryLine } from './memory-line.ts';

/** The environment of a service whose memory can be measured. */
export const measurable = {
  NODE_OPTIONS: `--expose-gc --import ${new URL('./memory-probe.ts', import.meta.url).href}`,
};

/** The memory of a process in MB. All but the last are taken after all garbage was collected. */
export interface Memory {
  /** What the program holds: objects on V8's heap, and what they own outside of it (buffers, texts). */
  retained: number;
  /** V8's heap with the free space that it keeps. */
  heap: number;
  resident: number;
  /** Resident memory as it was found, with whatever garbage stood about. */
  natural: number;
}

const measurements = 3;
const measureIntervalMs = 1_000;

/**
 * Has all garbage of a process collected a few times and gives the least of each figure: a request under way can
 * only add to what is held for ever, and has ended by another measurement. `natural` is of the time before the first.
 */
export async function measureMemory(service: Service): Promise<Memory> {
  const measured: Memory[] = [];
  for (let n = 0; n < measurements; n += 1) {
    if (n > 0) await sleep(measureIntervalMs);
    measured.push(await measureOnce(service));
  }
  const least = (figure: keyof Memory) => Math.min(...measured.map((memory) => memory[figure]));
  return {
    retained: least('retained'),
    heap: least('heap'),
    resident: least('resident'),
    natural: measured[0]?.natural ?? 0,
  };
}

/** @throws {Error} when the process does not answer */
async function measureOnce({ pid, log }: Service): Promise<Memory> {
  const lines = () => log.filter(({ msg }) => msg === memoryLine);
  const before = lines().length;
  signal(pid, 'SIGUSR2');
  const seconds = await eventually(() => lines().length > before);
  const line = lines().at(-1);
  if (seconds === null || !line) throw new Error(`${pid} does not report its memory`);
  const mb = (bytes: unknown) => round(Number(bytes) / 2 ** 20);
  return {
    retained: mb(Number(line['heapUsed']) + Number(line['external'])),
    heap: mb(line['heapTotal']),
    resident: mb(line['rss']),
    natural: mb(line['rssBefore']),
  };
}
