import { median } from '../harness/rounds.ts';

/** A bound of a row's ratio, or of its figure. */
interface Bound {
  text: string;
  isMet(row: { ours: number; ratio: number | null }): boolean;
}

/** What a row should reach. */
export interface Target extends Bound {
  /** The weaker bound that every release must keep, for the rows that have one. */
  required: Bound | null;
}

/** One line of the table, and one entry of the JSON. */
export interface Row {
  name: string;
  unit: string;
  /** promptq's figure. */
  ours: number | null;
  /** The figure that it is compared with: DIY's, unless `against` names something else. */
  diy: number | null;
  against: string;
  /** `ours / diy`. */
  ratio: number | null;
  target: string;
  /** Whether the target is met. */
  held: boolean;
  /** The bound that every release must keep, and whether it is met. `null` for a row without one. */
  required: string | null;
  requiredHeld: boolean | null;
  /** The number of rounds from which the medians are taken. */
  rounds: number;
  note: string;
}

interface TargetOptions {
  /** The bound that every release must keep. */
  required?: number | undefined;
}

export function atLeast(min: number, options: TargetOptions = {}): Target {
  return toTarget(min, options, (bound) => ({
    text: `>= ${bound}`,
    isMet: ({ ratio }) => ratio !== null && ratio >= bound,
  }));
}

export function atMost(max: number, options: TargetOptions = {}): Target {
  return toTarget(max, options, (bound) => ({
    text: `<= ${bound}`,
    isMet: ({ ratio }) => ratio !== null && ratio <= bound,
  }));
}

/** A target for promptq's own figure instead of the ratio. */
export function below(limit: number, unit: string): Target {
  return { text: `< ${limit} ${unit}`, isMet: ({ ours }) => ours < limit, required: null };
}

function toTarget(
  value: number,
  { required }: TargetOptions,
  toBound: (value: number) => Bound,
): Target {
  return { ...toBound(value), required: required === undefined ? null : toBound(required) };
}

interface Measured {
  name: string;
  unit: string;
  /** One figure per round. */
  ours: readonly number[];
  diy: readonly number[];
  against?: string;
  target: Target;
  note?: string;
}

/** The row of a measurement: medians, their ratio, and whether the target is met. */
export function toRow({ name, unit, target, note = '', ...measured }: Measured): Row {
  const ours = median(measured.ours);
  const diy = median(measured.diy);
  const ratio = diy === 0 ? null : ours / diy;
  return {
    name,
    unit,
    ours,
    diy,
    against: measured.against ?? 'DIY',
    ratio,
    target: target.text,
    held: target.isMet({ ours, ratio }),
    required: target.required?.text ?? null,
    requiredHeld: target.required?.isMet({ ours, ratio }) ?? null,
    rounds: measured.ours.length,
    note,
  };
}

/** The row of a scenario that ended with an error. It counts as a row that misses its target. */
export function toFailedRow(name: string, reason: string): Row {
  return {
    name,
    unit: '',
    ours: null,
    diy: null,
    against: '',
    ratio: null,
    target: '',
    held: false,
    required: null,
    requiredHeld: null,
    rounds: 0,
    note: `failed: ${reason}`,
  };
}
