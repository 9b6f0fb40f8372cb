import type { Row } from './row.ts';

/** The rows as a Markdown table with aligned columns. */
export function toTable(rows: readonly Row[]): string {
  const head = ['row', 'promptq', 'compared with', 'ratio', 'target', 'result', 'notes'];
  const lines = rows.map((row) => [
    row.name,
    formatFigure(row.ours, row.unit),
    row.diy === null ? '-' : `${row.against} ${formatFigure(row.diy, row.unit)}`,
    row.ratio === null ? '-' : row.ratio.toFixed(2),
    row.required === null ? row.target : `${row.target}, required ${row.required}`,
    verdictOf(row),
    row.note,
  ]);
  const last = head.length - 1;
  // The notes are not padded: they may be long.
  const widths = head.map((title, column) =>
    column === last
      ? title.length
      : Math.max(title.length, ...lines.map((line) => (line[column] ?? '').length)),
  );
  const toLine = (cells: string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [toLine(head), rule, ...lines.map(toLine)].join('\n');
}

/** One line: how many rows meet their target, and which do not. */
export function summarize(rows: readonly Row[]): string {
  const namesOf = (found: Row[]) => found.map(({ name }) => name).join(', ');
  const missed = rows.filter(({ held }) => !held);
  const broken = rows.filter(({ requiredHeld }) => requiredHeld === false);
  const met = rows.length - missed.length;
  return [
    `${met} of ${rows.length} rows ${met === 1 ? 'meets its' : 'meet their'} target.`,
    ...(missed.length > 0 ? [`Missed: ${namesOf(missed)}.`] : []),
    ...(broken.length > 0 ? [`Required bound missed: ${namesOf(broken)}.`] : []),
  ].join(' ');
}

function verdictOf({ ours, held, requiredHeld }: Row): string {
  if (ours === null) return '**failed**';
  if (requiredHeld === false) return '**below required**';
  return held ? 'met' : '**missed**';
}

function formatFigure(value: number | null, unit: string): string {
  if (value === null) return '-';
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} ${unit}`;
}
