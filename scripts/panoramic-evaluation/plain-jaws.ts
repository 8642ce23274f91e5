import { readFile } from 'node:fs/promises';
import type { PointPx } from '../../src/exam/film.ts';
import { encodePng, encodePng16 } from '../../src/imaging/raster.ts';
import { readPicture } from '../../src/imaging/read-picture.ts';
import type { Canvas } from '../phantom/canvas.ts';
import { middleOutline } from './border-error.ts';
import type { PlainJaw } from './film-looks.ts';
import type { LabelledFile, LabelledFolder } from './labelled-folder.ts';
import { PIXELS_MAX } from './real-readings.ts';

/** So many traced films of each fold, evenly over it; always the same ones. */
export function chooseFilms(
  { films, folds }: LabelledFolder,
  count: number,
): readonly (readonly LabelledFile[])[] {
  return (folds ?? []).map((names) =>
    spread(
      films.filter(({ film, tracings }) => names.includes(film) && tracings.length > 0),
      count,
    ),
  );
}

function spread(traced: readonly LabelledFile[], count: number): readonly LabelledFile[] {
  const wanted = Math.min(count, traced.length);
  return Array.from(
    { length: wanted },
    (_, index) => traced[Math.floor(((index + 0.5) * traced.length) / wanted)],
  ).filter((file) => file !== undefined);
}

/** Loads a film and the outlines of its experts. */
export async function openJaw(
  file: LabelledFile,
  mmPerPx: number,
): Promise<{ readonly jaw: PlainJaw; readonly outlines: readonly (readonly PointPx[])[] }> {
  const { film, bitsStored } = await readPicture(await readFile(file.path), PIXELS_MAX);
  const { columns, rows } = film;
  const white = 2 ** bitsStored - 1;
  const values = Float32Array.from(film.samples, (sample) => (film.values[sample] ?? 0) / white);
  const outlines: (readonly PointPx[])[] = [];
  for (const path of file.maskPaths)
    outlines.push(middleOutline((await readPicture(await readFile(path), PIXELS_MAX)).film));
  const outline = outlines.at(-1) ?? [];
  const canvas: Canvas = { columns, rows, mmPerPx, midlinePx: 0, values };
  const sites = file.foramina.flatMap(({ foramenPx: [x] }) => outline.filter(([at]) => at === Math.round(x)));
  return { jaw: { canvas, outline, sites }, outlines };
}

/** A picture file of a canvas; what is darker than black or brighter than white is cut off. */
export function encodeCanvas({ columns, rows, values }: Canvas, bits: 8 | 12): Promise<Buffer> {
  const white = 2 ** bits - 1;
  const level = (value: number): number => Math.round(white * Math.min(1, Math.max(0, value)));
  return bits === 8
    ? encodePng(Uint8Array.from(values, level), columns, rows)
    : encodePng16(Uint16Array.from(values, level), columns, rows);
}
