/**
 * Writes border and foramina of every film as the product finds them, each film by the networks that never saw it:
 * `node models/training/cortical-profile/export-borders.ts /work/shared/data/panoramic build/borders.json`.
 */
import { writeFile } from 'node:fs/promises';
import { openTrainingFilms } from '../../../scripts/panoramic-evaluation/labelled-folder.ts';
import { openFoldReader } from '../../../scripts/panoramic-evaluation/panoramic-reader.ts';

const [folder = '', out = ''] = process.argv.slice(2);
const { films, folds, mmPerPx } = await openTrainingFilms(folder);
const borders: Record<string, unknown> = {};
for (const [fold, own] of (folds ?? []).entries()) {
  const read = await openFoldReader(fold);
  for (const { film, path } of films.filter((one) => own.includes(one.film))) {
    const { analysis } = await read({ id: film, content: path, mmPerPx, scratchFolder: null });
    const { panoramic } = analysis;
    if (panoramic === null) continue;
    const foramen = Object.fromEntries(panoramic.sides.map(({ side, foramenPx }) => [side, foramenPx]));
    borders[film] = { fold, border: panoramic.inferiorBorderPx, foramen };
  }
}
await writeFile(out, JSON.stringify(borders));
