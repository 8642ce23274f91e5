import { readFile } from 'node:fs/promises';
import type { GenantGrade } from '../../src/exam/analysis.ts';
import type { PointPx } from '../../src/exam/film.ts';
import type { SixPoints } from '../../src/measure/body-frame.ts';
import type { VisibleBody } from './body-matching.ts';
import type { LabelledFilm } from './film-comparison.ts';

/** A line of labels.jsonl. */
interface LabelLine {
  readonly file: string;
  readonly facing: 'left' | 'right';
  /** Only where the films are split by the labels themselves. */
  readonly split?: 'train' | 'validation';
  readonly vertebrae: readonly {
    readonly level: string;
    readonly pointsPx: SixPoints;
    readonly genantImpression: GenantGrade;
  }[];
}

/** A line of visible-unlabelled.jsonl. */
interface VisibleLine {
  readonly file: string;
  readonly bodies: readonly {
    readonly centrePx: PointPx;
    readonly heightPx: number;
    readonly note: string;
  }[];
}

/** A film with labels and the part of a split that it is in. */
export interface LabelledPicture extends LabelledFilm {
  readonly split: 'train' | 'validation' | null;
}

/** Reads labels, and from a second file what can be seen besides them. */
export async function readLabels(
  labelsPath: string,
  visiblePath: string,
): Promise<readonly LabelledPicture[]> {
  const visible = new Map<string, readonly VisibleBody[]>();
  for (const { file, bodies } of (await readLines(visiblePath)) as readonly VisibleLine[]) {
    visible.set(
      file,
      bodies.map(({ note, ...body }) => ({ ...body, isSacrum: /^S1\b/.test(note) })),
    );
  }
  const lines = (await readLines(labelsPath)) as readonly LabelLine[];
  return lines.map(({ file, facing, split, vertebrae }) => ({
    ...{ file, facing, split: split ?? null, visible: visible.get(file) ?? [] },
    bodies: vertebrae.map(({ level, pointsPx, genantImpression }) => ({
      ...{ level, pointsPx, genantGrade: genantImpression },
    })),
  }));
}

async function readLines(path: string): Promise<readonly unknown[]> {
  const text = await readFile(path, 'utf8');
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line): unknown => JSON.parse(line));
}
