import type { Row } from './row.ts';

/** The rows as a table in Markdown, in columns that line up. */
export function toTable(rows: readonly Row[]): string {
  const head = ['row', 'ours', 'against', 'ratio', 'target', '', 'notes'];
  const lines = rows.map((row) => [
    row.name,
    figure(row.ours, row.unit),
    row.diy === null ? '-' : `${row.against} ${figure(row.diy, row.unit)}`,
    row.ratio === null ? '-' : row.ratio.toFixed(2),
    row.target,
    verdict(row),
    row.note,
  ]);
  const widths = head.map((title, at) =>
    Math.max(title.length, ...lines.map((line) => (line[at] ?? '').length)),
  );
  const toLine = (cells: string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(at < head.length - 1 ? (widths[at] ?? 0) : 0)).join(' | ')} |`;
  const rule = `|${widths.map((width, at) => '-'.repeat(at < head.length - 1 ? width + 2 : 7)).join('|')}|`;
  return [toLine(head), rule, ...lines.map(toLine)].join('\n');
}

function verdict({ held }: Row): string {
  if (held === null) return 'not measured';
  return held ? 'held' : '**missed**';
}

function figure(value: number | null, unit: string): string {
  if (value === null) return '-';
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} ${unit}`;
}
