import type { Canvas, PointMm } from '../canvas.ts';
import { ellipse, paintPolygon, paintStroke } from '../canvas.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { Projection } from './projection.ts';
import { projectFrom } from './projection.ts';
import type { Spine } from './spine-shape.ts';

/** Adds bowel gas in front of and over the lumbar spine: less attenuation where it lies. */
export function addBowelGas(
  canvas: Canvas,
  projection: Projection,
  spine: Spine,
  attenuation: number,
  random: SeededRandom,
): void {
  const amount = random.next() < 0.75 ? Math.round(random.between(4, 45)) : 0;
  const small = random.between(4, 14);
  const top = spine.vertebrae[12]?.pose ?? spine.sacrum;
  const near = random.between(-10, 30);
  for (let blob = 0; blob < amount; blob += 1) {
    const u = top.u - near - Math.abs(random.normal()) * 55;
    const w = top.w + random.between(-15, 190);
    const radius = small * random.between(0.4, 1.8);
    const outline = ellipse(
      [u - projection.originMm[0], w - projection.originMm[1]],
      radius * random.between(0.7, 1.9),
      radius,
      random.between(0, 3),
    ).map(([x, y], index): PointMm => [
      x + random.normal() * 0.1 * radius,
      y + Math.sin(index) * 0.1 * radius,
    ]);
    paintPolygon(canvas, outline, -attenuation * radius * random.between(0.6, 1.5), random.between(0.8, 2.5));
  }
}

/** Adds bands of denser and thinner tissue, as folds of skin and clothes make them. */
export function addFolds(canvas: Canvas, random: SeededRandom): void {
  const [width, height] = [canvas.columns * canvas.mmPerPx, canvas.rows * canvas.mmPerPx];
  const count = random.next() < 0.5 ? 0 : Math.round(random.between(1, 4));
  for (let fold = 0; fold < count; fold += 1) {
    const y = random.between(0, height);
    const rise = random.between(-40, 40);
    const line = [0, 1, 2, 3, 4].map((step): PointMm => [
      (width * step) / 4,
      y + (rise * step) / 4 + 6 * Math.sin(step * 1.7 + fold),
    ]);
    paintStroke(canvas, line, random.between(1, 7), random.between(-0.2, 0.15), random.between(0.6, 2.5));
  }
}

/** Adds vessels of the lungs and calcified walls of the aorta. */
export function addVessels(canvas: Canvas, projection: Projection, spine: Spine, random: SeededRandom): void {
  const hilum = spine.vertebrae[6]?.pose ?? spine.sacrum;
  const at = (u: number, w: number): PointMm => [u - projection.originMm[0], w - projection.originMm[1]];
  const count = Math.round(random.between(25, 60));
  for (let vessel = 0; vessel < count; vessel += 1) {
    const turn = random.between(0, 2 * Math.PI);
    const from = random.between(5, 35);
    const to = from + random.between(20, 60);
    const start: PointMm = at(hilum.u - 55 + from * Math.cos(turn), hilum.w + from * 1.3 * Math.sin(turn));
    const end: PointMm = at(
      hilum.u - 55 + to * Math.cos(turn + 0.15),
      hilum.w + to * 1.3 * Math.sin(turn + 0.15),
    );
    paintStroke(canvas, [start, end], random.between(0.8, 2.6), random.between(0.02, 0.08), 1);
  }
  if (random.next() > 0.3) return;
  const lower = spine.vertebrae.slice(11);
  for (const side of [-1, 1]) {
    const line = lower.map(({ pose, depthMm }): PointMm =>
      projectFrom(projection, pose, -depthMm[0] / 2 - 12 + 7 * side, random.between(-4, 4), 0),
    );
    paintStroke(canvas, line, random.between(0.5, 1.2), random.between(0.05, 0.3), 0.3);
  }
}

/** Adds screws and rods, clips or buttons on a few films. */
export function addMetal(canvas: Canvas, projection: Projection, spine: Spine, random: SeededRandom): void {
  const kind = random.next();
  if (kind < 0.05) addScrews(canvas, projection, spine, random);
  const pieces = kind > 0.8 ? Math.round(random.between(1, 6)) : 0;
  const [width, height] = [canvas.columns * canvas.mmPerPx, canvas.rows * canvas.mmPerPx];
  for (let piece = 0; piece < pieces; piece += 1) {
    const at: PointMm = [random.between(0, width), random.between(0, height)];
    const size = random.between(1.5, 6);
    if (random.next() < 0.5)
      paintPolygon(canvas, ellipse(at, size, size * random.between(0.3, 1)), 2.5, 0.25);
    else paintStroke(canvas, [at, [at[0] + 2 * size, at[1] + random.between(-size, size)]], 1.1, 3, 0.2);
  }
}

function addScrews(canvas: Canvas, projection: Projection, spine: Spine, random: SeededRandom): void {
  const first = Math.floor(random.between(11, 15));
  const heads: PointMm[] = [];
  for (const vertebra of spine.vertebrae.slice(first, first + 3)) {
    const back = vertebra.depthMm[0] / 2;
    const w = -0.15 * vertebra.heights.posterior;
    const head = projectFrom(projection, vertebra.pose, back + 22, w, 14);
    paintStroke(canvas, [head, projectFrom(projection, vertebra.pose, -back * 0.4, w + 2, 14)], 5.5, 3, 0.2);
    heads.push(head);
  }
  paintStroke(canvas, heads, 6, 4, 0.2);
}
