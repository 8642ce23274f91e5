import { readFile } from 'node:fs/promises';
import type { Side } from '../../src/exam/analysis.ts';
import type { PointPx } from '../../src/exam/film.ts';

/** How well a foramen can be seen (labels/README.md). */
export type Visibility = 'plain' | 'faint' | 'guess';

/** A mental foramen that was placed by hand. */
export interface ForamenLabel {
  readonly film: string;
  readonly side: Side;
  readonly foramenPx: PointPx;
  readonly visibility: Visibility;
}

/** A site as it was traced once, by TRACING_RULE.md; lengths in pixels of the film. */
export interface Tracing extends ForamenLabel {
  readonly reading: number;
  /** null where the tracer could not assess the site. */
  readonly widthPx: number | null;
  /** Two margins, either of which could be defended. */
  readonly isNear: boolean;
  readonly otherWidthPx: number | null;
  readonly mci: 'C1' | 'C2' | 'C3' | null;
  readonly quality: string;
}

/** Reads cortical widths. Throws where a column that is needed is not there, or a value is no number. */
export async function readTracings(path: string): Promise<readonly Tracing[]> {
  const rows = parseTable(await readFile(path, 'utf8'), path, [
    ...['film', 'side', 'reading', 'foramenX', 'foramenY', 'foramenVisibility'],
    ...['widthPx', 'nearDecision', 'otherWidthPx', 'mci', 'quality'],
  ]);
  return rows.map(({ text, number, numberOrNull }) => ({
    film: text('film'),
    side: sideOf(text('side'), path),
    reading: number('reading'),
    foramenPx: [number('foramenX'), number('foramenY')],
    visibility: visibilityOf(text('foramenVisibility'), path),
    widthPx: numberOrNull('widthPx'),
    isNear: text('nearDecision') === '1',
    otherWidthPx: numberOrNull('otherWidthPx'),
    mci: (['C1', 'C2', 'C3'] as const).find((name) => name === text('mci')) ?? null,
    quality: text('quality'),
  }));
}

/** Reads foramina. Throws as readTracings does. */
export async function readForamina(path: string): Promise<readonly ForamenLabel[]> {
  const rows = parseTable(await readFile(path, 'utf8'), path, ['film', 'side', 'xPx', 'yPx', 'visibility']);
  return rows.map(({ text, number }) => ({
    film: text('film'),
    side: sideOf(text('side'), path),
    foramenPx: [number('xPx'), number('yPx')],
    visibility: visibilityOf(text('visibility'), path),
  }));
}

interface Row {
  readonly text: (column: string) => string;
  readonly number: (column: string) => number;
  readonly numberOrNull: (column: string) => number | null;
}

function parseTable(content: string, path: string, needed: readonly string[]): readonly Row[] {
  const [header = '', ...lines] = content
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const columns = header.split(',');
  const missing = needed.filter((name) => !columns.includes(name));
  if (missing.length > 0) throw new Error(`${path}: add the column ${missing.join(', ')} to the first line`);
  return lines.map((line, index) => {
    const cells = line.split(',');
    const text = (column: string): string => cells[columns.indexOf(column)]?.trim() ?? '';
    const numberOrNull = (column: string): number | null => {
      if (text(column) === '') return null;
      const value = Number(text(column));
      if (!Number.isFinite(value))
        throw new Error(`${path}: ${column} of row ${index + 1} is no number: ${text(column)}`);
      return value;
    };
    const number = (column: string): number => {
      const value = numberOrNull(column);
      if (value === null) throw new Error(`${path}: ${column} of row ${index + 1} is empty`);
      return value;
    };
    return { text, number, numberOrNull };
  });
}

function sideOf(text: string, path: string): Side {
  if (text === 'R' || text === 'L') return text;
  throw new Error(`${path}: a side is R or L, not ${text}`);
}

function visibilityOf(text: string, path: string): Visibility {
  if (text === 'plain' || text === 'faint' || text === 'guess') return text;
  throw new Error(`${path}: the visibility of a foramen is plain, faint or guess, not ${text}`);
}
