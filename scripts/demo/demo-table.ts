import type { ExamView } from '../../src/worklist/worklist-views.ts';

/** One line of the demo's table. */
export interface DemoRow {
  readonly file: string;
  readonly view: string;
  readonly outcome: string;
  readonly reason: string;
  readonly widths: string;
  readonly ms: number | null;
  /** null where nothing was expected, as of a user's own files. */
  readonly asExpected: boolean | null;
}

const HEAD = ['exam', 'view', 'outcome', 'reason', 'MCW right / left', 'ms', ''];

/** The table for people: exam, view, outcome, reason, widths, milliseconds. */
export function formatTable(rows: readonly DemoRow[]): string {
  const cells = rows.map((row) => [
    row.file,
    row.view,
    row.outcome,
    row.reason,
    row.widths,
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

/** Widths of both sides in millimetres where the scale is known, else in pixels. */
export function describeWidths(exam: ExamView): string {
  const { panoramic } = exam.analysis ?? { panoramic: null };
  if (panoramic === null) return '';
  return panoramic.sides
    .map(({ widthMm, widthPx }) => {
      if (widthMm !== null) return `${widthMm.toFixed(2)} mm`;
      return widthPx === null ? '–' : `${widthPx.toFixed(1)} px`;
    })
    .join(' / ');
}
