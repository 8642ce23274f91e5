/**
 * Border error by cross-validation through the service's own steps: `node scripts/evaluate-border.ts DATA [FOLD...]`.
 * DATA is the folder of panoramic films with `images`, `mask-expert1` and `mask-expert2`. Every film is prepared,
 * read by the model of the fold that never saw it (models/training/mandible-contour/build/fold<k>) and refined; `--points FILE`
 * keeps the lines, for looking at them; `--figures FILE` puts the summary into a JSON file.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Film, PointPx } from '../src/exam/film.ts';
import { letterbox, plainFilm } from '../src/imaging/prepare-image.ts';
import { decodeRaster } from '../src/imaging/raster.ts';
import { letterboxOf } from '../src/inference/model-manifest.ts';
import { findModel } from '../src/inference/model-registry.ts';
import type { CoarseBorderPoint } from '../src/measure/coarse-line.ts';
import { refineInferiorBorder } from '../src/measure/inferior-border.ts';
import type { ModelSession } from '../workers/onnx-session.ts';
import { openSession } from '../workers/onnx-session.ts';

const MM_PER_PX = 0.0959;
const PIXELS_MAX = 40_000_000;
const TRAINING = join(import.meta.dirname, '../models/training/mandible-contour');

interface FilmError {
  readonly film: number;
  readonly coarseMm: number;
  readonly refinedMm: number;
  readonly expertsMm: number;
  readonly edgeStrength: number;
  readonly residualPx: number;
  readonly points: readonly PointPx[];
}

/** The model's line in film pixels, each axis by its own scale. */
async function readCoarse(film: Film, session: ModelSession): Promise<CoarseBorderPoint[]> {
  const input = letterbox(film, letterboxOf(session.model.manifest));
  const [answer] = await session.run([input.tensor]);
  return Array.from(answer?.['border'] ?? [], (row, column) => ({
    xPx: (column - input.left + 0.5) / input.scaleColumns - 0.5,
    yPx: (row - input.top + 0.5) / input.scaleRows - 0.5,
    spreadPx: (answer?.['borderSpread']?.[column] ?? 0) / input.scaleRows,
    presence: answer?.['borderPresence']?.[column] ?? 0,
  }));
}

async function readGrey(path: string): Promise<Film> {
  const { columns, rows, samples } = await decodeRaster(path, PIXELS_MAX);
  return plainFilm(columns, rows, samples);
}

/** The lowest row of the mask in every column of the middle 60 % of the mandible's width. */
function middleOutline(mask: Film): PointPx[] {
  const outline: PointPx[] = [];
  for (let x = 0; x < mask.columns; x++) {
    for (let y = mask.rows - 1; y >= 0; y--) {
      if ((mask.values[mask.samples[y * mask.columns + x] ?? 0] ?? 0) < 128) continue;
      outline.push([x, y]);
      break;
    }
  }
  const first = outline[0]?.[0] ?? 0;
  const width = (outline.at(-1)?.[0] ?? 0) - first;
  return outline.filter(([x]) => x >= first + 0.2 * width && x <= first + 0.8 * width);
}

/** Mean distance in millimetres from the outline to the polyline. */
function meanDistanceMm(outline: readonly PointPx[], line: readonly PointPx[]): number {
  let start = 0;
  let sum = 0;
  for (const point of outline) {
    while (start < line.length - 2 && (line[start + 1]?.[0] ?? 0) < point[0] - 120) start++;
    let best = Infinity;
    for (let i = start; i < line.length - 1; i++) {
      const from = line[i];
      const to = line[i + 1];
      if (from === undefined || to === undefined) break;
      if (i > start && from[0] > point[0] + 120) break;
      best = Math.min(best, segmentDistance(point, from, to));
    }
    sum += best;
  }
  return (sum / outline.length) * MM_PER_PX;
}

function segmentDistance(point: PointPx, from: PointPx, to: PointPx): number {
  const dx = to[0] - from[0];
  const dy = to[1] - from[1];
  const along = ((point[0] - from[0]) * dx + (point[1] - from[1]) * dy) / Math.max(dx * dx + dy * dy, 1e-12);
  const share = Math.min(1, Math.max(0, along));
  return Math.hypot(point[0] - from[0] - share * dx, point[1] - from[1] - share * dy);
}

async function measureFilm(data: string, film: number, session: ModelSession): Promise<FilmError> {
  const picture = await readGrey(join(data, 'images', `${film}.png`));
  const outlines: PointPx[][] = [];
  for (const expert of ['mask-expert1', 'mask-expert2']) {
    outlines.push(middleOutline(await readGrey(join(data, expert, `${film}.png`))));
  }
  const coarse = await readCoarse(picture, session);
  const refined = refineInferiorBorder(picture, coarse);
  const line = coarse.map((point): PointPx => [point.xPx, point.yPx]);
  const nearest = (to: readonly PointPx[]): number =>
    Math.min(...outlines.map((outline) => meanDistanceMm(outline, to)));
  return {
    film,
    coarseMm: nearest(line),
    refinedMm: nearest(refined.points),
    expertsMm: meanDistanceMm(outlines[0] ?? [], outlines[1] ?? []),
    edgeStrength: refined.edgeStrength,
    residualPx: refined.residualPx,
    points: refined.points,
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? 0;
  return low + (at - Math.floor(at)) * ((sorted[Math.ceil(at)] ?? 0) - low);
}

function summarise(values: readonly number[]): Record<string, number> {
  const round = (value: number): number => Number(value.toFixed(4));
  return {
    films: values.length,
    medianMm: round(quantile(values, 0.5)),
    percentile90Mm: round(quantile(values, 0.9)),
    meanMm: round(values.reduce((sum, value) => sum + value, 0) / values.length),
    filmsWithin06Mm: values.filter((value) => value <= 0.6).length,
  };
}

/** Adds the border's figures to those that the training wrote. */
async function writeFigures(path: string, errors: readonly FilmError[]): Promise<void> {
  const before = JSON.parse(await readFile(path, 'utf8').catch(() => '{}')) as Record<string, unknown>;
  const border = {
    coarse: summarise(errors.map((e) => e.coarseMm)),
    refined: summarise(errors.map((e) => e.refinedMm)),
    films: errors.map(({ film, coarseMm, refinedMm, expertsMm }) => ({
      film,
      coarseMm,
      refinedMm,
      expertsMm,
    })),
  };
  await writeFile(path, `${JSON.stringify({ ...before, border }, null, 1)}\n`);
}

function describe(name: string, values: readonly number[]): string {
  const within = values.filter((value) => value <= 0.6).length;
  return (
    `${name}: median ${quantile(values, 0.5).toFixed(3)} mm, 90th percentile ${quantile(values, 0.9).toFixed(3)} mm, ` +
    `mean ${(values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(3)} mm, ` +
    `${within} of ${values.length} films within 0.6 mm`
  );
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { points: { type: 'string' }, figures: { type: 'string' } },
});
const [data, ...wanted] = positionals;
if (data === undefined) throw new Error('usage: evaluate-border.ts DATA [FOLD...] [--points FILE]');
const { folds } = JSON.parse(await readFile(join(TRAINING, 'folds.json'), 'utf8')) as { folds: number[][] };
const errors: FilmError[] = [];
for (const [fold, films] of folds.entries()) {
  if (wanted.length > 0 && !wanted.includes(String(fold))) continue;
  const session = await openSession(
    await findModel(join(TRAINING, 'build', `fold${fold}`), 'mandible-contour'),
    [],
  );
  for (const film of films) errors.push(await measureFilm(data, film, session));
}
for (const e of errors.sort((a, b) => b.refinedMm - a.refinedMm)) {
  console.log(
    `film ${e.film}: refined ${e.refinedMm.toFixed(3)} mm, coarse ${e.coarseMm.toFixed(3)} mm, experts apart ` +
      `${e.expertsMm.toFixed(3)} mm, edge ${e.edgeStrength.toFixed(3)}, moved ${e.residualPx.toFixed(1)} px`,
  );
}
console.log(
  describe(
    'coarse ',
    errors.map((e) => e.coarseMm),
  ),
);
console.log(
  describe(
    'refined',
    errors.map((e) => e.refinedMm),
  ),
);
if (values.points !== undefined) await writeFile(values.points, JSON.stringify(errors));
if (values.figures !== undefined) await writeFigures(values.figures, errors);
