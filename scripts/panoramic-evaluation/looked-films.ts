import { join } from 'node:path';
import type { AnalysisResult } from '../../src/exam/analysis.ts';
import type { PointPx } from '../../src/exam/film.ts';
import type { Canvas } from '../phantom/canvas.ts';
import { createSeededRandom } from '../phantom/seeded-random.ts';
import { borderErrorPx } from './border-error.ts';
import { FILM_LOOKS, type LookedFilm } from './film-looks.ts';
import { IN_PLACE, invertPlacement, placeOnFilm } from './film-placement.ts';
import type { LabelledFolder } from './labelled-folder.ts';
import {
  type LookedReading,
  type LookPair,
  type LooksFigures,
  summariseLook,
  summariseLooks,
} from './look-figures.ts';
import { openFoldReader, type PanoramicReader } from './panoramic-reader.ts';
import { chooseFilms, encodeCanvas, openJaw } from './plain-jaws.ts';
import { type OverlayFolder, readWithOverlay } from './real-readings.ts';

const SEED = 61_122;

/** Gives some films of each fold every look and reads them by the weights that never saw them. */
export async function evaluateLooks(
  folder: LabelledFolder,
  filmsOfFold: number,
  overlays: OverlayFolder,
  onFilm: (done: number, of: number) => void,
): Promise<LooksFigures> {
  const pairs = new Map<string, LookPair[]>(FILM_LOOKS.map(({ name }) => [name, []]));
  const chosen = chooseFilms(folder, filmsOfFold);
  const total = chosen.flat().length;
  let done = 0;
  for (const [fold, files] of chosen.entries()) {
    const reader = await openFoldReader(fold);
    for (const file of files) {
      const { jaw, outlines } = await openJaw(file, folder.mmPerPx);
      const read = async (name: string, looked: LookedFilm): Promise<LookedReading> =>
        readLook(reader, `${file.film}-${name}`, looked, outlines, folder.mmPerPx, overlays);
      const plain = await read('plain', { canvas: jaw.canvas, bits: 8, placement: IN_PLACE, hasScale: true });
      for (const [index, look] of FILM_LOOKS.entries()) {
        const random = createSeededRandom(SEED + 1000 * index + Number(file.film));
        const looked = await read(look.name, look.apply(jaw, random));
        pairs.get(look.name)?.push({ film: file.film, plain, looked });
      }
      onFilm((done += 1), total);
    }
  }
  return summariseLooks(
    chosen.flat().map(({ film }) => film),
    FILM_LOOKS.map(({ name, isRefusalRight }) => summariseLook(name, isRefusalRight, pairs.get(name) ?? [])),
  );
}

async function readLook(
  reader: PanoramicReader,
  id: string,
  { canvas, bits, placement, hasScale }: LookedFilm,
  outlines: readonly (readonly PointPx[])[],
  filmMmPerPx: number,
  overlays: OverlayFolder,
): Promise<LookedReading> {
  const content = await encodeCanvas(canvas, bits);
  const folder = overlays === null ? null : join(overlays, 'looks');
  const mmPerPx = hasScale ? canvas.mmPerPx : null;
  const { panoramic, reasons } = await readWithOverlay(reader, { id, content, mmPerPx }, folder);
  if (panoramic === null) {
    const none = { widthMm: null, statedErrorMm: null, otherWidthMm: null };
    const reason = reasons[0]?.code ?? 'no-reason';
    return { borderMm: null, sides: (['R', 'L'] as const).map((side) => ({ side, ...none, reason })) };
  }
  const toPicture = invertPlacement(placement);
  const shown = outlines.map((outline) =>
    outline.filter((point) => isInside(canvas, placeOnFilm(toPicture, point))),
  );
  const line = panoramic.inferiorBorderPx.map((point) => placeOnFilm(placement, point));
  const borderMm = borderErrorPx(shown, line) * filmMmPerPx;
  return {
    borderMm: Number.isNaN(borderMm) ? null : borderMm,
    sides: panoramic.sides.map((side) => lookedSide(side, placement, filmMmPerPx)),
  };
}

/** A width is the distance of its two ends on the film, whatever the picture did to lengths. */
function lookedSide(
  found: NonNullable<AnalysisResult['panoramic']>['sides'][number],
  placement: LookedFilm['placement'],
  filmMmPerPx: number,
): LookedReading['sides'][number] {
  const { side, assessable, outerPx, innerPx, widthPx, uncertaintyPx, otherWidthPx, reason } = found;
  if (!assessable || outerPx === null || innerPx === null || widthPx === null)
    return { side, widthMm: null, statedErrorMm: null, otherWidthMm: null, reason };
  const [outer, inner] = [placeOnFilm(placement, outerPx), placeOnFilm(placement, innerPx)];
  const widthMm = Math.hypot(outer[0] - inner[0], outer[1] - inner[1]) * filmMmPerPx;
  const scaled = (lengthPx: number | null): number | null =>
    lengthPx === null ? null : (lengthPx * widthMm) / widthPx;
  return {
    ...{ side, widthMm, reason: null },
    ...{ statedErrorMm: scaled(uncertaintyPx), otherWidthMm: scaled(otherWidthPx) },
  };
}

function isInside({ columns, rows }: Canvas, [x, y]: PointPx): boolean {
  return x >= 0 && y >= 0 && x <= columns - 1 && y <= rows - 1;
}
