import { join } from 'node:path';
import { canPaint, paintCortex } from './painted-cortex.ts';
import type { LabelledFolder } from './labelled-folder.ts';
import { openFoldReader } from './panoramic-reader.ts';
import type { PhantomReading } from './phantom-films.ts';
import { chooseFilms, encodeCanvas, openJaw } from './plain-jaws.ts';
import { type OverlayFolder, readWithOverlay } from './real-readings.ts';

/** Of each fold. */
const FILMS = 4;
const WIDTH_MM = { min: 2, max: 6.5 };

/** Real films whose cortex was replaced by a band of known width, each read by weights that never saw the film. */
export async function readPaintedFilms(
  folder: LabelledFolder,
  overlays: OverlayFolder,
  onFilm: (done: number, of: number) => void,
): Promise<readonly PhantomReading[]> {
  const chosen = chooseFilms(folder, FILMS);
  const total = chosen.flat().length;
  const readings: PhantomReading[] = [];
  let done = 0;
  for (const [fold, files] of chosen.entries()) {
    const reader = await openFoldReader(fold);
    for (const file of files) {
      const { jaw, outlines } = await openJaw(file, folder.mmPerPx);
      const outline = outlines.at(-1) ?? [];
      const share = total === 1 ? 0.5 : done / (total - 1);
      const painted = file.foramina.flatMap(({ side, foramenPx: [column] }) => {
        const widthMm = WIDTH_MM.min + (WIDTH_MM.max - WIDTH_MM.min) * (side === 'R' ? share : 1 - share);
        return canPaint(jaw.canvas, outline, column) ? [{ side, column, widthMm }] : [];
      });
      const canvas = painted.reduce(
        (made, { column, widthMm }) => paintCortex(made, outline, column, widthMm),
        jaw.canvas,
      );
      const content = await encodeCanvas(canvas, 8);
      const picture = { id: `${file.film}-painted`, content, mmPerPx: folder.mmPerPx };
      const place = overlays === null ? null : join(overlays, 'painted');
      const { panoramic, reasons } = await readWithOverlay(reader, picture, place);
      for (const { side, widthMm } of painted) {
        const found = panoramic?.sides.find((one) => one.side === side);
        const isRead = found?.assessable === true && found.widthPx !== null;
        readings.push({
          ...{ seed: Number(file.film), geometry: 'painted', side, mciClass: 'C1', trueMm: widthMm },
          readClass: found?.mci?.class ?? null,
          errorMm: isRead ? found.widthPx * folder.mmPerPx - widthMm : null,
          standardErrorMm:
            isRead && found.uncertaintyPx !== null ? found.uncertaintyPx * folder.mmPerPx : null,
          reason: isRead ? null : (found?.reason ?? reasons[0]?.code ?? 'no-reason'),
        });
      }
      onFilm((done += 1), total);
    }
  }
  return readings;
}
