/**
 * Writes where the crops of every film lie, by the networks of mandible-contour that never saw it, and of the phantoms by
 * their truth, for crops.py: node frames.ts DATA PHANTOMS OUT. DATA holds panoramic/images.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { letterbox, plainFilm } from '../../../src/imaging/prepare-image.ts';
import { decodeRaster } from '../../../src/imaging/raster.ts';
import { letterboxOf } from '../../../src/inference/model-manifest.ts';
import { findModel } from '../../../src/inference/model-registry.ts';
import { placeForamenCrop } from '../../../src/measure/foramen-crop.ts';
import { refineInferiorBorder } from '../../../src/measure/inferior-border.ts';
import type { PointPx } from '../../../src/exam/film.ts';
import { coarseBorder, roughForamen } from '../../../workers/find-foramina.ts';
import { openSession } from '../../../workers/onnx-session.ts';

const TRAINING = join(import.meta.dirname, '..');
const CANVAS = {
  ...{ columns: 128, rows: 96, centreColumn: 63.5, centreRow: 85.5, mmPerPx: 0.4 },
  ...{ percentileLow: 1, percentileHigh: 99 },
};
const MM_PER_PX = 0.0959;
const PIXELS_MAX = 40_000_000;

interface Phantom {
  readonly truth: {
    readonly mmPerPx: number;
    readonly borderPx: readonly PointPx[];
    readonly sides: readonly { readonly side: 'R' | 'L'; readonly foramenPx: PointPx }[];
  };
}

async function filmFrames(images: string): Promise<object[]> {
  const folds = JSON.parse(await readFile(join(TRAINING, 'mandible-contour/folds.json'), 'utf8')) as {
    folds: number[][];
  };
  const films: object[] = [];
  for (const [fold, numbers] of folds.folds.entries()) {
    const folder = join(TRAINING, `mandible-contour/folds/fold${fold}`);
    const session = await openSession(await findModel(folder, 'mandible-contour'), []);
    for (const number of numbers) {
      const { columns, rows, samples } = await decodeRaster(join(images, `${number}.png`), PIXELS_MAX);
      const film = plainFilm(columns, rows, samples);
      const input = letterbox(film, letterboxOf(session.model.manifest));
      const [outputs = {}] = await session.run([input.tensor]);
      const border = refineInferiorBorder(film, coarseBorder(outputs, input)).points;
      const sides = (['R', 'L'] as const).map((side) => {
        const roughPx = roughForamen(outputs, input, side);
        const frame = placeForamenCrop({ border, roughPx, side, mmPerPx: MM_PER_PX }, CANVAS);
        return { side, roughPx, frame };
      });
      films.push({ film: number, fold, border: thinned(border), sides });
    }
  }
  return films;
}

async function phantomFrames(folder: string): Promise<object[]> {
  const names = (await readdir(folder)).filter((name) => /^phantom-\d+\.json$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const { truth } = JSON.parse(await readFile(join(folder, name), 'utf8')) as Phantom;
      const { borderPx: border, mmPerPx } = truth;
      const sides = truth.sides.map(({ side, foramenPx: roughPx }) => ({
        ...{ side, roughPx },
        frame: placeForamenCrop({ border, roughPx, side, mmPerPx }, CANVAS),
      }));
      return { phantom: resolve(folder, name.replace('.json', '.png')), border: thinned(border), sides };
    }),
  );
}

function thinned(border: readonly PointPx[]): readonly PointPx[] {
  return border.filter((_, index) => index % 4 === 0 || index === border.length - 1);
}

const [data, phantoms, out] = process.argv.slice(2);
if (data === undefined || phantoms === undefined || out === undefined)
  throw new Error('usage: node frames.ts DATA PHANTOMS OUT');
const films = await filmFrames(join(data, 'panoramic/images'));
await writeFile(out, JSON.stringify({ films, phantoms: await phantomFrames(phantoms) }));
