import type { Figures } from './row.ts';

/** The report of a row: one line of JSON. */
export interface Report {
  row: number;
  name: string;
  seed: number;
  passed: boolean;
  /** How long the row took. */
  seconds: number;
  figures: Figures;
  violations: string[];
}

/** A table in Markdown. */
export function toTable(reports: readonly Report[]): string {
  const lines = reports.map(({ row, name, seed, passed, seconds, figures, violations }) => {
    const figureTexts = Object.entries(figures).map(
      ([figure, value]) => `${figure.replaceAll('_', ' ')} ${value}`,
    );
    const cells = [
      row,
      name,
      seed,
      passed ? 'passed' : '**failed**',
      seconds,
      figureTexts.join(', '),
    ];
    return `| ${[...cells, violations.join('; ')].join(' | ')} |`;
  });
  return [
    '| # | fault | seed | | seconds | figures | violations |',
    '|---|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}
