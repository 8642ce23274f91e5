import { writeFile } from 'node:fs/promises';
import { join, parse } from 'node:path';
import type { AnalysisResult } from '../../src/exam/analysis.ts';
import type { Film } from '../../src/exam/film.ts';
import { renderOverlayPng } from '../../src/report/overlay-image.ts';

const COLUMNS_MAX = 1200;

/** Writes the service's own overlay as a PNG below the folder, under the film's name. */
export async function writeOverlay(
  folder: string,
  file: string,
  film: Film,
  analysis: AnalysisResult,
): Promise<void> {
  const png = await renderOverlayPng(film, analysis, Math.min(COLUMNS_MAX, film.columns));
  await writeFile(join(folder, `${parse(file).name}.png`), png);
}
