import type { Film, PointPx } from '../exam/film.ts';
import { filmOfValues } from './value-films.ts';

/** Scale of the phantom. */
export const MM_PER_PX = 0.1;

/** A strip of jaw whose cortical band has a known width; everything else is optional. */
export interface BandPhantom {
  readonly widthMm: number;
  readonly seed: number;
  readonly blurPx?: number;
  readonly noise?: number;
  readonly residueAtMm?: number;
  readonly canalAtMm?: number;
  readonly bottomPx?: number;
  readonly slope?: number;
  readonly profile?: 'plateau' | 'tube';
}

/** A repeatable source of numbers in [0, 1) (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const rendered = new Map<string, Film>();
const [COLUMNS, ROWS] = [320, 310];
const EDGE: PointPx = [160.3, 228.4];
const BEND = 0.0006;

/** Depth of a pixel below a parabolic border, perpendicular to it to first order. */
function depthOf(x: number, y: number, slope: number): number {
  const dx = x - EDGE[0];
  const border = EDGE[1] + slope * dx - BEND * dx * dx;
  const incline = slope - 2 * BEND * dx;
  return (border - y) / Math.hypot(1, incline);
}

/** Level of the film at a depth without blur: soft tissue, cortical band, trabeculae, and what is asked for. */
function levelAt(depthMm: number, phantom: BandPhantom): number {
  if (depthMm < 0) return 300;
  const { widthMm, residueAtMm, canalAtMm, profile = 'plateau' } = phantom;
  if (canalAtMm !== undefined && Math.abs(depthMm - canalAtMm) < 0.2) return 1450;
  const wall = profile === 'plateau' ? 1800 : 900 + 900 * Math.sqrt(Math.min(1, depthMm / widthMm));
  if (depthMm < widthMm) return wall;
  if (residueAtMm !== undefined && Math.abs(depthMm - residueAtMm) < 0.25) return 1750;
  return 1150;
}

/** Draws the phantom: soft tissue, band, trabeculae, a foramen, blur and grain; bone is bright. */
export function renderBand(phantom: BandPhantom): Film {
  const key = JSON.stringify(phantom);
  const film = rendered.get(key) ?? drawBand(phantom);
  rendered.set(key, film);
  return film;
}

function drawBand(phantom: BandPhantom): Film {
  const { blurPx = 2, noise = 60, slope = 0.12, seed } = phantom;
  const random = createRandom(seed);
  const columns = COLUMNS;
  const rows = phantom.bottomPx ?? ROWS;
  const samples = new Float32Array(columns * rows);
  const [trabeculae, grain] = [smoothNoise(random, 4), smoothNoise(random, 0)];
  const shade = blurLevels(phantom, blurPx);
  for (let y = 0; y < rows; y += 1) {
    for (let x = 0; x < columns; x += 1) {
      const depth = depthOf(x, y, slope);
      let value = shade(depth);
      const [fx, fy] = [x - foramenOf(slope)[0], y - foramenOf(slope)[1]];
      value -= 350 * Math.exp(-(((fx * fx + fy * fy) / 300) ** 2));
      const inside = depth * MM_PER_PX > phantom.widthMm + 0.4 ? 1 : 0;
      const at = y * columns + x;
      samples[at] =
        value + 110 * inside * (trabeculae[y * COLUMNS + x] ?? 0) + noise * (grain[y * COLUMNS + x] ?? 0);
    }
  }
  return filmOfValues(columns, rows, samples);
}

/** The level at a depth in pixels, under a Gaussian blur and the aperture of a pixel, from a fine table. */
function blurLevels(phantom: BandPhantom, blurPx: number): (depthPx: number) => number {
  const [from, stepPx, count] = [-200, 0.05, 12_000];
  const sharp = Float64Array.from({ length: count }, (_, k) =>
    levelAt((from + k * stepPx) * MM_PER_PX, phantom),
  );
  const radius = Math.ceil((3 * blurPx) / stepPx);
  const weights = Array.from({ length: 2 * radius + 1 }, (_, k) =>
    Math.exp((-0.5 * ((k - radius) * stepPx) ** 2) / blurPx ** 2),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const blurred = sharp.map((own, index) => {
    if (Math.abs(from + index * stepPx) > 130) return own;
    return weights.reduce((sum, weight, k) => sum + weight * (sharp[index + k - radius] ?? own), 0) / total;
  });
  return (depthPx) => blurred[Math.max(0, Math.min(count - 1, Math.round((depthPx - from) / stepPx)))] ?? 0;
}

/** Noise of unit spread, smoothed by a box of 2 x radius + 1. */
function smoothNoise(random: () => number, radius: number): Float32Array {
  let field = Float32Array.from({ length: COLUMNS * ROWS }, () => (random() + random() + random() - 1.5) * 2);
  for (const stride of radius > 0 ? [1, COLUMNS] : []) {
    const source = field;
    const box = Math.sqrt(2 * radius + 1);
    field = source.map((_, at) => {
      let sum = 0;
      for (let k = -radius; k <= radius; k += 1) sum += source[at + k * stride] ?? 0;
      return sum / box;
    });
  }
  return field;
}

/** Centre of the foramen: 14 mm above the border, on the perpendicular to it. */
export function foramenOf(slope: number): PointPx {
  const length = Math.hypot(1, slope);
  return [EDGE[0] + (slope / length) * 140, EDGE[1] - 140 / length];
}

/** The true border every 8 px, on to both sides of the strip as a jaw goes on; each point moved by up to `jitterPx` along the perpendicular, slowly. */
export function borderOf(slope: number, shiftPx = 0, jitterPx = 0, random = createRandom(1)): PointPx[] {
  return Array.from({ length: 89 }, (_, index): PointPx => {
    const x = -190 + index * 8;
    const dx = x - EDGE[0];
    const moved = shiftPx + (2 * random() - 1) * jitterPx;
    return [x, EDGE[1] + slope * dx - BEND * dx * dx + moved];
  });
}
