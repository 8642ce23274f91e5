/**
 * Border error of the refined inferior border, film by film: `node scripts/evaluate-border.ts DATA COARSE.json...`.
 * DATA is the folder of panoramic films with `images`, `mask-expert1`, `mask-expert2`; each COARSE.json holds one
 * fold model's lines on the films that it never saw (written by models/training/evaluate.py --coarse).
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Film, PointPx } from '../src/exam/film.ts';
import { decodeRaster } from '../src/imaging/raster.ts';
import type { CoarseBorderPoint } from '../src/measure/coarse-line.ts';
import { refineInferiorBorder } from '../src/measure/inferior-border.ts';

const MM_PER_PX = 0.0959;
const PIXELS_MAX = 40_000_000;

interface CoarseFilm {
  readonly film: number;
  readonly coarse: CoarseBorderPoint[];
}

interface FilmError {
  readonly film: number;
  readonly coarseMm: number;
  readonly refinedMm: number;
  readonly expertsMm: number;
  readonly edgeStrength: number;
  readonly residualPx: number;
}

async function readGrey(path: string): Promise<Film> {
  const { columns, rows, samples } = await decodeRaster(path, PIXELS_MAX);
  return { columns, rows, samples: Float32Array.from(samples) };
}

/** The lowest row of the mask in every column of the middle 60 % of the mandible's width. */
function middleOutline(mask: Film): PointPx[] {
  const outline: PointPx[] = [];
  for (let x = 0; x < mask.columns; x++) {
    for (let y = mask.rows - 1; y >= 0; y--) {
      if ((mask.samples[y * mask.columns + x] ?? 0) < 128) continue;
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

async function measureFilm(data: string, { film, coarse }: CoarseFilm): Promise<FilmError> {
  const picture = await readGrey(join(data, 'images', `${film}.png`));
  const outlines: PointPx[][] = [];
  for (const expert of ['mask-expert1', 'mask-expert2']) {
    outlines.push(middleOutline(await readGrey(join(data, expert, `${film}.png`))));
  }
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
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? 0;
  return low + (at - Math.floor(at)) * ((sorted[Math.ceil(at)] ?? 0) - low);
}

function describe(name: string, values: readonly number[]): string {
  const within = values.filter((value) => value <= 0.6).length;
  return (
    `${name}: median ${quantile(values, 0.5).toFixed(3)} mm, 90th percentile ${quantile(values, 0.9).toFixed(3)} mm, ` +
    `mean ${(values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(3)} mm, ` +
    `${within} of ${values.length} films within 0.6 mm`
  );
}

const [data, ...lists] = process.argv.slice(2);
if (data === undefined || lists.length === 0)
  throw new Error('usage: evaluate-border.ts DATA COARSE.json...');
const errors: FilmError[] = [];
for (const list of lists) {
  for (const film of JSON.parse(await readFile(list, 'utf8')) as CoarseFilm[]) {
    errors.push(await measureFilm(data, film));
  }
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
