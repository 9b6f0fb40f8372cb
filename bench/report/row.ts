import { median } from '../harness/rounds.ts';

/** A goal for the ratio of a row, or for its figure. */
export interface Target {
  text: string;
  holds(row: { ours: number; ratio: number | null }): boolean;
}

/** One line of the table and of the JSON. */
export interface Row {
  name: string;
  unit: string;
  ours: number | null;
  /** The figure it is compared with: of DIY, where `against` says nothing else. */
  diy: number | null;
  against: string;
  /** `ours / diy`. */
  ratio: number | null;
  target: string;
  /** `null` when there was nothing to judge. */
  held: boolean | null;
  /** Rounds that the medians are of. */
  rounds: number;
  note: string;
}

export const atLeast = (least: number): Target => ({
  text: `>= ${least}`,
  holds: ({ ratio }) => ratio !== null && ratio >= least,
});
export const atMost = (most: number): Target => ({
  text: `<= ${most}`,
  holds: ({ ratio }) => ratio !== null && ratio <= most,
});
export const below = (most: number, unit: string): Target => ({
  text: `< ${most} ${unit}`,
  holds: ({ ours }) => ours < most,
});

interface Measured {
  name: string;
  unit: string;
  /** One figure for each round. */
  ours: readonly number[];
  diy: readonly number[];
  against?: string;
  target: Target;
  note?: string;
}

/** The row of what was measured: medians, their ratio, and whether the target is reached. */
export function toRow({ name, unit, target, note = '', ...measured }: Measured): Row {
  const ours = median(measured.ours);
  const diy = measured.diy.length > 0 ? median(measured.diy) : null;
  const ratio = diy === null || diy === 0 ? null : ours / diy;
  return {
    name,
    unit,
    ours,
    diy,
    against: measured.against ?? 'DIY',
    ratio,
    target: target.text,
    held: target.holds({ ours, ratio }),
    rounds: measured.ours.length,
    note,
  };
}

/** A row that this build cannot be asked for. @param diy what could be measured of the other side */
export function notMeasured(
  row: { name: string; unit: string; target: Target; note: string },
  diy: readonly number[] = [],
): Row {
  return {
    name: row.name,
    unit: row.unit,
    ours: null,
    diy: diy.length > 0 ? median(diy) : null,
    against: 'DIY',
    ratio: null,
    target: row.target.text,
    held: null,
    rounds: diy.length,
    note: row.note,
  };
}
