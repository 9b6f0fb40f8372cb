/** What a row may rely on while it measures. */
export interface Rounds {
  rounds: number;
  /** No further round is begun after this moment of `performance.now()`. */
  endsAt: number;
  say: (line: string) => void;
}

/**
 * Measures in turns, A B A B ..., so that whatever else the machine does meets all alike.
 * @param turns what is measured, by name, in the order of a round
 * @returns the figures of each, one for each round; fewer than wanted when time ran out, but at least one
 */
export async function inTurns<Name extends string, Figure>(
  turns: Record<Name, (round: number) => Promise<Figure>>,
  { rounds, endsAt, say }: Rounds,
): Promise<Record<Name, Figure[]>> {
  const names = Object.keys(turns) as Name[];
  const figures = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    Name,
    Figure[]
  >;
  for (let round = 0; round < rounds; round += 1) {
    if (round > 0 && performance.now() > endsAt) {
      say(`out of time after ${round} of ${rounds} rounds`);
      break;
    }
    for (const name of names) figures[name].push(await turns[name](round));
  }
  return figures;
}

/** @throws {RangeError} for no values */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** The value below which the given part of the values lies (nearest rank). @throws {RangeError} for no values */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('no values');
  return value;
}
