/** The films that the view model is judged on, and other pictures that are none of its views. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { readImage } from '../../src/dicom/read-header.ts';
import type { Film } from '../../src/exam/film.ts';
import { decodeImage } from '../../src/imaging/decode-pixels.ts';
import { plainFilm, toFilm } from '../../src/imaging/prepare-image.ts';
import { readPicture } from '../../src/imaging/read-picture.ts';
import { renderOtherPhantom } from '../phantom/other-phantoms.ts';
import { createSeededRandom } from '../phantom/seeded-random.ts';
import { cutPart } from './film-draws.ts';

/** The views in the order of the model's output. */
export const VIEWS = [
  'panoramic',
  'spine-lateral',
  'spine-frontal',
  'chest-frontal',
  'chest-lateral',
  'other',
] as const;

/** One of them. */
export type ViewName = (typeof VIEWS)[number];

const foldsSchema = z.object({
  /** SHA-256 of the five networks, in order; none before the first training. */
  models: z.array(z.string()).default([]),
  films: z.array(
    z.object({
      path: z.string(),
      /** `pattern` is a test pattern or a page of text: other, but no picture of a patient. */
      view: z.enum([...VIEWS, 'pattern']),
      fold: z.number().int().min(0).max(4),
    }),
  ),
});

/** The committed split: every film with its view and the fold whose network never saw it. */
export type ViewFolds = z.output<typeof foldsSchema>;

/** A picture that is no film of ours, with what it is. */
export interface OtherPicture {
  readonly kind: string;
  /** The fold whose network never saw it, nor the film it was made from. */
  readonly fold: number;
  readonly film: Film;
}

/** Reads models/training/film-view/folds/folds.json. */
export async function readFolds(path: string): Promise<ViewFolds> {
  return foldsSchema.parse(JSON.parse(await readFile(path, 'utf8')));
}

/** Reads a film as the service does: DICOM decoded and turned to bone bright, pictures at full depth. */
export async function readFilmFile(path: string): Promise<Film> {
  if (!path.endsWith('.dcm')) return (await readPicture(path)).film;
  const { header, dataSet } = readImage(await readFile(path));
  return toFilm(await decodeImage(dataSet, 64_000_000, 0), header);
}

/** Synthetic others: masks of films, small parts of films, hands and step wedges, noise. */
export async function* syntheticOthers(data: string, { films }: ViewFolds): AsyncGenerator<OtherPicture> {
  for (const [index, { path, view, fold }] of films.entries()) {
    if (view === 'other' || view === 'pattern' || index % 5 !== 0) continue;
    yield { kind: 'part of a film', fold, film: cutPart(await readFilmFile(join(data, path)), index) };
    if (view === 'panoramic') {
      const mask = join(data, path.replace('images', 'mask-expert1'));
      yield { kind: 'mask', fold, film: await readFilmFile(mask) };
    }
  }
  for (let seed = 9500; seed < 9520; seed++) {
    const kind = seed % 2 === 0 ? 'hand' : 'step-wedge';
    const { columns, rows, samples } = renderOtherPhantom({ kind, seed, columns: 800, rows: 600, bits: 12 });
    yield { kind: `drawn ${kind}`, fold: seed % 5, film: plainFilm(columns, rows, samples) };
    const random = createSeededRandom(seed);
    const noise = Uint16Array.from({ length: 300 * 400 }, () => random.integer() >>> 20);
    yield { kind: 'noise', fold: seed % 5, film: plainFilm(300, 400, noise) };
  }
}

/** Slices of a real CT (NIfTI, 16-bit, gzipped), which no network saw: across each axis, eight of each. */
export async function readCtSlices(path: string): Promise<OtherPicture[]> {
  const bytes = gunzipSync(await readFile(path));
  const size = [42, 44, 46].map((offset) => bytes.readInt16LE(offset));
  const [nx = 1, ny = 1, nz = 1] = size;
  const first = bytes.readFloatLE(108);
  const valueAt = (x: number, y: number, z: number): number => {
    const hounsfield = bytes.readInt16LE(first + 2 * (x + nx * (y + ny * z)));
    return Math.min(Math.max(hounsfield + 1024, 0), 4095);
  };
  const cut = (columns: number, rows: number, at: (column: number, row: number) => number): Film =>
    plainFilm(
      columns,
      rows,
      Uint16Array.from({ length: columns * rows }, (_, i) => at(i % columns, Math.floor(i / columns))),
    );
  return Array.from({ length: 8 }, (_, k) => k).flatMap((k) => {
    const [x, y, z] = size.map((count) => Math.floor((count * (k + 1)) / 9));
    return [
      cut(ny, nz, (column, row) => valueAt(x ?? 0, column, nz - 1 - row)),
      cut(nx, nz, (column, row) => valueAt(column, y ?? 0, nz - 1 - row)),
      cut(nx, ny, (column, row) => valueAt(column, row, z ?? 0)),
    ].map((film, axis) => ({ kind: `slice of a CT across axis ${axis + 1}`, fold: k % 5, film }));
  });
}
