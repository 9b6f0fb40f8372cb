import type { Service } from '#support/processes.ts';
import { measureMemory, type Memory } from '../environment/memory.ts';
import type { Figures } from '../row.ts';

/** The two processes that live as long as the row, measured at one moment. */
export type Measured = Record<'api' | 'worker', Memory>;

export async function measureBoth(api: Service, worker: Service): Promise<Measured> {
  const [apiMemory, workerMemory] = await Promise.all([measureMemory(api), measureMemory(worker)]);
  return { api: apiMemory, worker: workerMemory };
}

/**
 * What is held for ever is a leak. Between the two moments of a run of 20 minutes there are about 40,000 jobs: the
 * limit is 125 bytes for each. Without a leak the difference was under 1 MB in every run so far.
 */
const maxRetainedMb = 5;
/** Resident memory also has what malloc does not give back: it may pass one of these limits, not both. */
const resident = { part: 0.25, mb: 40 };

/** What has grown between the end of the warm-up and the end. */
export function memoryFaults(warm: Measured, end: Measured): string[] {
  return (['api', 'worker'] as const).flatMap((name) => {
    const [before, after] = [warm[name], end[name]];
    const grown = after.retained - before.retained;
    const residentGrown = after.resident - before.resident;
    const faults: string[] = [];
    if (grown > maxRetainedMb)
      faults.push(`${name}: retained memory grew from ${before.retained} to ${after.retained} MB`);
    if (residentGrown > before.resident * resident.part && residentGrown > resident.mb)
      faults.push(
        `${name}: resident memory without garbage grew from ${before.resident} to ${after.resident} MB`,
      );
    return faults;
  });
}

/** Retained, heap and resident memory, all after a full collection. */
export function memoryFigures(warm: Measured, end: Measured): Figures {
  return Object.fromEntries(
    (['api', 'worker'] as const).flatMap((name) =>
      (['retained', 'heap', 'resident'] as const).flatMap((figure) => [
        [`${name}_${figure}_mb_warm`, warm[name][figure]],
        [`${name}_${figure}_mb_end`, end[name][figure]],
      ]),
    ),
  );
}
