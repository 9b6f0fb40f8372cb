/** The limits within which a scenario measures. */
export interface Rounds {
  rounds: number;
  /** No further round starts after this time (`performance.now()`). */
  endsAt: number;
  log: (line: string) => void;
}

/**
 * Measures the variants alternately, A B A B ..., so that other load on the machine affects all of them alike.
 * @param variants the measurements by name, in the order of a round
 * @returns the results of each variant, one per round. There are fewer than `rounds` when time runs out, but at least one
 */
export async function alternate<Name extends string, Result>(
  variants: Record<Name, () => Promise<Result>>,
  { rounds, endsAt, log }: Rounds,
): Promise<Record<Name, Result[]>> {
  const names = Object.keys(variants) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    Name,
    Result[]
  >;
  for (let round = 0; round < rounds; round += 1) {
    if (round > 0 && performance.now() > endsAt) {
      log(`out of time after ${round} of ${rounds} rounds`);
      break;
    }
    for (const name of names) results[name].push(await variants[name]());
  }
  return results;
}

/** @throws {RangeError} if `values` is empty */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/**
 * The value below which this fraction of the values lies (nearest rank).
 * @throws {RangeError} if `values` is empty
 */
export function percentile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('there are no values');
  return value;
}
