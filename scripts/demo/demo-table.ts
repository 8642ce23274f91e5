import type { Deformity, GenantGrade } from '../../src/exam/analysis.ts';
import { largestLossPercent, worstVertebra } from '../../src/exam/worst-vertebra.ts';
import type { ExamView } from '../../src/worklist/worklist-views.ts';
import type { CatalogueEntry } from '../phantom/fixture-catalogue.ts';

/** One line of the demo's table. */
export interface DemoRow {
  readonly file: string;
  readonly view: string;
  readonly outcome: string;
  readonly reason: string;
  /** What was found, in words. */
  readonly found: string;
  /** What was drawn, in the same words; empty where a film shows nothing that is measured. */
  readonly drawn: string;
  readonly ms: number | null;
  /** null where nothing was expected, as of a user's own files. */
  readonly asExpected: boolean | null;
}

const HEAD = ['exam', 'view', 'outcome', 'reason', 'found', 'drawn (truth)', 'ms', ''];

/** The table for people: exam, view, outcome, reason, what was found and what was drawn, milliseconds. */
export function formatTable(rows: readonly DemoRow[]): string {
  const cells = rows.map((row) => [
    row.file,
    row.view,
    row.outcome,
    row.reason,
    row.found,
    row.drawn,
    row.ms === null ? '' : row.ms.toFixed(0),
    row.asExpected === null ? '' : row.asExpected ? 'as expected' : 'NOT AS EXPECTED',
  ]);
  const widths = HEAD.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(HEAD), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n');
}

/** The cortical widths of both sides of a panoramic film, or the worst vertebra of a lateral one. */
export function describeFinding({ analysis }: Pick<ExamView, 'analysis'>): string {
  if (analysis?.spine) {
    const worst = worstVertebra(analysis.spine);
    if (worst === null) return 'no vertebra graded';
    const { level, deformity, genantGrade } = worst;
    return describeVertebra({ level, deformity, genantGrade, lossPercent: largestLossPercent(worst) ?? 0 });
  }
  if (!analysis?.panoramic) return '';
  return analysis.panoramic.sides
    .map(({ widthMm, widthPx }) => {
      if (widthMm !== null) return `${widthMm.toFixed(2)} mm`;
      return widthPx === null ? '–' : `${widthPx.toFixed(1)} px`;
    })
    .join(' / ');
}

/** The truth of a fixture, which is known because it was drawn. */
export function describeTruth({ truth, spine }: Pick<CatalogueEntry, 'truth' | 'spine'>): string {
  if (spine !== null) return describeVertebra(spine);
  if (truth === null) return '';
  return [truth.R, truth.L].map((side) => (side === null ? '–' : `${side.mcwMm.toFixed(2)} mm`)).join(' / ');
}

const SEVERITY = ['', 'mild', 'moderate', 'severe'] as const;

function describeVertebra(vertebra: {
  readonly level: string;
  readonly deformity: Deformity;
  readonly genantGrade: GenantGrade;
  readonly lossPercent: number;
}): string {
  const { level, deformity, genantGrade, lossPercent } = vertebra;
  // The least even body of a sound spine loses a little, too; that is no finding.
  if (genantGrade === 0) return 'no deformity';
  return `${level} ${deformity} grade ${genantGrade} (${SEVERITY[genantGrade]}), ${lossPercent.toFixed(0)} %`;
}
