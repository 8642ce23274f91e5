import { mkdir, writeFile } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { unreadAnalysis, type ViewName } from '../../src/exam/analysis.ts';
import type { Film } from '../../src/exam/film.ts';
import { renderOverlayPng } from '../../src/report/overlay-image.ts';
import type { SpineReading } from './spine-reader.ts';

/** Draws what was read on a film, for people to look at. */
export type OverlayWriter = (
  file: string,
  film: Film,
  view: ViewName,
  reading: SpineReading,
) => Promise<void>;

const COLUMNS_MAX = 1200;

/** Writes each overlay as a PNG below the folder. What it draws on may not be ours to give away: keep it out of the repository. */
export async function overlaysInto(folder: string): Promise<OverlayWriter> {
  await mkdir(folder, { recursive: true });
  return async (file, film, view, { outcome, reasons, spine }) => {
    const analysis = {
      ...unreadAnalysis(file, { outcome, reason: reasons[0] ?? { code: '', text: '' }, problems: [] }),
      view: {
        name: view,
        source: 'option' as const,
        confidence: 1,
        turnDegrees: 0 as const,
        isMirrored: null,
      },
      image: { columns: film.columns, rows: film.rows, bitsStored: 8 },
      ...{ reasons, spine, quality: { usable: true, problems: [] } },
    };
    const png = await renderOverlayPng(film, analysis, Math.min(COLUMNS_MAX, film.columns));
    await writeFile(join(folder, `${parse(file).name}.png`), png);
  };
}
