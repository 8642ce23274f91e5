import type { Canvas, PointMm } from './canvas.ts';
import { createCanvas, ellipse, paintPolygon, paintStroke, smoothCurve, smoothStep } from './canvas.ts';
import type { Film } from './film-finish.ts';
import { finishFilm } from './film-finish.ts';
import { createNoiseField, createTrabecularField } from './noise-field.ts';
import type { SeededRandom } from './seeded-random.ts';
import { createSeededRandom } from './seeded-random.ts';

/** Pictures that are no panoramic film. */
export type OtherKind = 'step-wedge' | 'hand' | 'spine-lateral' | 'spine-frontal' | 'chest';

/** What is asked of such a picture. */
export interface OtherOptions {
  readonly kind: OtherKind;
  readonly seed: number;
  readonly columns: number;
  readonly rows: number;
  readonly bits: number;
}

/** Renders a picture that is no panoramic film; the same options give the same picture. */
export function renderOtherPhantom(options: OtherOptions): Film {
  const random = createSeededRandom(options.seed * 67 + 13);
  // The drawing is 100 units high, whatever the size in pixels.
  const canvas = createCanvas(options.columns, options.rows, 100 / options.rows, options.columns / 2);
  const draw = {
    'step-wedge': drawStepWedge,
    hand: drawHand,
    'spine-lateral': drawSpine,
    'spine-frontal': drawFrontalSpine,
    chest: drawChest,
  };
  draw[options.kind](canvas, random, options.seed);
  return finishFilm(canvas, {
    seed: options.seed,
    bits: options.bits,
    blurPx: random.between(0.8, 1.5),
    noise: random.between(0.006, 0.014),
    gamma: 1,
    exposure: random.between(0.9, 1.05),
  });
}

function drawStepWedge(canvas: Canvas, random: SeededRandom): void {
  const half = (canvas.columns / 2) * canvas.mmPerPx;
  const steps = 9;
  for (let step = 0; step < steps; step += 1) {
    const x = -half * 0.8 + (step / steps) * half * 1.6;
    const width = (half * 1.6) / steps;
    const square: PointMm[] = [[x, 55], [x + width, 55], [x + width, 82], [x, 82]]; // prettier-ignore
    paintPolygon(canvas, square, 0.08 + 0.09 * step, 0.2);
  }
  for (let ball = 0; ball < 6; ball += 1) {
    const radius = random.between(4, 9);
    const centre: PointMm = [-half * 0.7 + ball * half * 0.28, random.between(20, 38)];
    for (const share of [1, 0.8, 0.55])
      paintPolygon(canvas, ellipse(centre, radius * share, radius * share), 0.18, 0.4);
  }
  paintStroke(canvas, [[-half * 0.85, 90], [half * 0.85, 90]], 1, 0.5, 0.2); // prettier-ignore
}

function drawHand(canvas: Canvas, random: SeededRandom, seed: number): void {
  const bone = createTrabecularField(seed, canvas.columns, canvas.rows, canvas.mmPerPx * 1.5);
  const lean = random.between(-6, 6);
  const drawBone = (from: PointMm, to: PointMm, width: number): void => {
    const mid: PointMm = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
    const shaft = smoothCurve([from, mid, to], 8, false);
    paintStroke(canvas, shaft, width * 2.3, 0.1, 1.6);
    paintStroke(canvas, shaft, width, 0.22, 0.3);
    paintStroke(canvas, shaft, width * 0.45, -0.09, 0.4);
    for (const end of [from, to]) paintPolygon(canvas, ellipse(end, width * 0.75, width * 0.6), 0.14, 0.5);
  };
  paintPolygon(canvas, ellipse([lean, 72], 21, 20), 0.14, 2);
  for (let finger = 0; finger < 5; finger += 1) {
    const angle = -0.5 + finger * 0.24 + random.between(-0.03, 0.03);
    const length = [30, 36, 40, 37, 22][finger] ?? 30;
    const base: PointMm = [lean + 24 * Math.sin(angle), 72 - 8 * Math.cos(angle)];
    let from: PointMm = base;
    for (const share of [0.48, 0.32, 0.2]) {
      const to: PointMm = [
        from[0] + length * share * Math.sin(angle * 1.3),
        from[1] - length * share * Math.cos(angle),
      ];
      drawBone(from, [to[0], to[1] + 0.8], 3.2 + 2 * share);
      from = to;
    }
    drawBone([lean + 9 * Math.sin(angle * 1.6), 80], [base[0], base[1] + 1], 4);
  }
  for (let carpal = 0; carpal < 8; carpal += 1) {
    paintPolygon(
      canvas,
      ellipse([lean - 9 + (carpal % 4) * 6, 81 + Math.floor(carpal / 4) * 5], 3.3, 2.8),
      0.22,
      0.4,
    );
  }
  drawBone([lean - 5, 90], [lean - 7, 104], 7);
  drawBone([lean + 7, 91], [lean + 8, 104], 5);
  textureBright(canvas, bone, 0.06);
}

function drawSpine(canvas: Canvas, random: SeededRandom, seed: number): void {
  const half = (canvas.columns / 2) * canvas.mmPerPx;
  const clouds = createNoiseField(seed, canvas.columns, canvas.rows, canvas.columns / 6, canvas.rows / 6);
  const bone = createTrabecularField(seed, canvas.columns, canvas.rows, canvas.mmPerPx * 1.6);
  for (let index = 0; index < canvas.values.length; index += 1) {
    const x = ((index % canvas.columns) - canvas.midlinePx) * canvas.mmPerPx;
    canvas.values[index] = 0.12 + 0.05 * (clouds[index] ?? 0) + 0.3 * smoothStep(half * 0.9, 0, Math.abs(x));
  }
  const bow = random.between(4, 10);
  for (let level = 0; level < 7; level += 1) {
    const y = 6 + level * 13.6;
    const x = bow * Math.sin((level / 6) * Math.PI) + random.between(-0.5, 0.5);
    const w = 8.2 + level * 0.35;
    const h = 4.5 + level * 0.15;
    const body = smoothCurve([[x - w, y - h], [x, y - h + 0.8], [x + w, y - h], [x + w - 0.7, y], [x + w, y + h], [x, y + h - 0.8], [x - w, y + h], [x - w + 0.7, y]], 8, true); // prettier-ignore
    paintPolygon(canvas, body, 0.2, 0.4);
    paintStroke(canvas, [...body, body[0] ?? [x, y]], 0.6, 0.1, 0.25);
    const arch = smoothCurve(
      [
        [x + w, y - 1],
        [x + w + 6, y],
        [x + w + 14, y + 6],
        [x + w + 17, y + 12],
      ],
      8,
      false,
    );
    paintStroke(canvas, arch, 5, 0.1, 1);
  }
  textureBright(canvas, bone, 0.05);
}

/** The whole spine from the front, as films of scoliosis show it: lungs and heart above, belly and pelvis below. */
function drawFrontalSpine(canvas: Canvas, random: SeededRandom, seed: number): void {
  const half = (canvas.columns / 2) * canvas.mmPerPx;
  const clouds = createNoiseField(seed, canvas.columns, canvas.rows, canvas.columns / 4, canvas.rows / 12);
  const bone = createTrabecularField(seed, canvas.columns, canvas.rows, canvas.mmPerPx * 0.8);
  for (let index = 0; index < canvas.values.length; index += 1) {
    const x = Math.abs(((index % canvas.columns) - canvas.midlinePx) * canvas.mmPerPx);
    const dome = Math.floor(index / canvas.columns) * canvas.mmPerPx - 44 - 0.25 * (x - half / 2);
    const belly = 0.12 + 0.38 * smoothStep(-1, 1.5, dome);
    canvas.values[index] =
      belly + 0.06 * (clouds[index] ?? 0) + 0.3 * smoothStep(half * 0.5, 0, x) * (dome < 0 ? 1 : 0.3);
  }
  paintPolygon(canvas, ellipse([half * 0.22, 37], half * 0.42, 9, 0.5), 0.16, 1);
  const bow = random.between(-1.5, 1.5);
  for (let level = 0; level < 16; level += 1) {
    const [w, h] = [2.5 + level * 0.14, 1.55 + level * 0.075];
    const y = 3 + level * 4.6 + level * level * 0.07;
    const x = bow * Math.sin((level / 15) * 2 * Math.PI);
    const body = smoothCurve([[x - w, y - h], [x, y - h + 0.2], [x + w, y - h], [x + w - 0.4, y], [x + w, y + h], [x, y + h - 0.2], [x - w, y + h], [x - w + 0.4, y]], 8, true); // prettier-ignore
    paintPolygon(canvas, body, 0.1, 0.3);
    paintStroke(canvas, [...body, body[0] ?? [x, y]], 0.3, 0.1, 0.12);
    for (const side of [-1, 1]) {
      const pedicle = ellipse([x + side * w * 0.7, y - 0.3], 0.55, 0.85);
      paintStroke(canvas, [...pedicle, pedicle[0] ?? [x, y]], 0.25, 0.16, 0.1);
      const rib: PointMm[] = level < 11 ? [[x + side * w, y - 1], [x + side * half * 0.6, y], [x + side * half * 1.1, y + 5]] : [[x + side * w, y], [x + side * (w + 2), y - 0.5]]; // prettier-ignore
      paintStroke(canvas, smoothCurve(rib, 8, false), 0.9, 0.08, 0.2);
    }
    paintPolygon(canvas, ellipse([x, y + 1.3], 0.4, 1.1), 0.1, 0.2);
  }
  for (const side of [-1, 1]) {
    const wing = smoothCurve([[side * 4, 93], [side * half * 0.7, 86], [side * half * 1.05, 92], [side * half * 0.8, 104], [side * 5, 102]], 10, true); // prettier-ignore
    paintPolygon(canvas, wing, 0.12, 0.5);
    for (let gas = 0; gas < 4; gas += 1)
      paintPolygon(
        canvas,
        ellipse([side * random.between(6, half * 0.8), random.between(60, 90)], 1.8, 1.3),
        -0.06,
        0.5,
      );
  }
  textureBright(canvas, bone, 0.04);
}

function drawChest(canvas: Canvas, random: SeededRandom): void {
  const half = (canvas.columns / 2) * canvas.mmPerPx;
  paintPolygon(canvas, ellipse([0, 60], half * 0.9, 75), 0.5, 4);
  for (const sign of [-1, 1]) {
    const lung = smoothCurve([[sign * 8, 14], [sign * 22, 16], [sign * 34, 45], [sign * 36, 78], [sign * 22, 72], [sign * 9, 76]], 10, true); // prettier-ignore
    paintPolygon(canvas, lung, -0.36, 1.5);
    for (let rib = 0; rib < 9; rib += 1) {
      const y = 14 + rib * 7.5;
      const curve = smoothCurve(
        [
          [sign * 4, y],
          [sign * 24, y - 2],
          [sign * 36, y + 8],
          [sign * 26, y + 16],
        ],
        10,
        false,
      );
      paintStroke(canvas, curve, 2.2, 0.07, 0.5);
    }
  }
  paintPolygon(canvas, ellipse([8, 62], 16, random.between(13, 17), 0.5), 0.25, 1.5);
  paintPolygon(canvas, [[-4, 0], [4, 0], [5, 100], [-5, 100]], 0.15, 1.2); // prettier-ignore
}

function textureBright(canvas: Canvas, texture: Float32Array, amount: number): void {
  for (let index = 0; index < texture.length; index += 1) {
    const value = canvas.values[index] ?? 0;
    canvas.values[index] = value + (texture[index] ?? 0) * amount * smoothStep(0.25, 0.5, value);
  }
}
