/** Films of calibration phantoms: steel balls and bars of a known size, as a detector would show them. */
import type { Film } from '../exam/film.ts';
import { createRandom } from './band-phantom.ts';
import { filmOfValues } from './value-films.ts';

/** An ellipse by its radii; a ball seen beside the sharp layer is wider or narrower than high. */
export interface DrawnBall {
  readonly x: number;
  readonly y: number;
  readonly radiusX: number;
  readonly radiusY: number;
}

/** A bar by its size, turned about its centre. */
export interface DrawnBar {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly slope?: number;
}

/** What is drawn. */
export interface CalibrationFilm {
  readonly columns?: number;
  readonly rows?: number;
  readonly balls?: readonly DrawnBall[];
  readonly bars?: readonly DrawnBar[];
  readonly blurPx?: number;
  /** One standard deviation, of a contrast of 2500. */
  readonly noise?: number;
  /** How much the middle of a ball absorbs, as an exponent. */
  readonly density?: number;
  /** By how much the background rises from left to right. */
  readonly gradient?: number;
  /** Values above it are lost. */
  readonly ceiling?: number;
  readonly seed?: number;
}

const CONTRAST = 2500;
/** Parts of a pixel's side that are looked at. */
const PARTS = 4;

/** Draws a film; bone, and so steel, is bright. */
export function renderCalibrationFilm(wanted: CalibrationFilm): Film {
  const { columns = 560, rows = 240, balls = [], bars = [], gradient = 600, density = 4 } = wanted;
  const { blurPx = 1.5, noise = 40, ceiling = 4095, seed = 1 } = wanted;
  const sharp = new Float32Array(columns * rows);
  for (let i = 0; i < sharp.length; i++) {
    const [x, y] = [i % columns, Math.floor(i / columns)];
    sharp[i] = 400 + gradient * (x / columns) + 0.3 * gradient * Math.sin(y / 60);
  }
  const draw = (x: number, y: number, reach: number, shareAt: (px: number, py: number) => number): void => {
    for (let row = Math.max(0, Math.floor(y - reach)); row <= Math.min(rows - 1, y + reach); row++) {
      for (
        let column = Math.max(0, Math.floor(x - reach));
        column <= Math.min(columns - 1, x + reach);
        column++
      ) {
        let sum = 0;
        for (let part = 0; part < PARTS * PARTS; part++) {
          const right = ((part % PARTS) + 0.5) / PARTS - 0.5;
          const down = (Math.floor(part / PARTS) + 0.5) / PARTS - 0.5;
          sum += shareAt(column + right - x, row + down - y);
        }
        sharp[row * columns + column]! += (CONTRAST * sum) / PARTS ** 2;
      }
    }
  };
  for (const { x, y, radiusX, radiusY } of balls) {
    draw(x, y, Math.max(radiusX, radiusY) + 2, (dx, dy) => {
      const chord = Math.sqrt(Math.max(0, 1 - (dx / radiusX) ** 2 - (dy / radiusY) ** 2));
      return (1 - Math.exp(-density * chord)) / (1 - Math.exp(-density));
    });
  }
  for (const { x, y, width, height, slope = 0 } of bars) {
    const length = Math.hypot(1, slope);
    draw(x, y, Math.hypot(width, height) / 2 + 2, (dx, dy) => {
      const [along, across] = [(dx + slope * dy) / length, (dy - slope * dx) / length];
      return Math.abs(along) <= width / 2 && Math.abs(across) <= height / 2 ? 1 : 0;
    });
  }
  const random = createRandom(seed);
  const normal = (): number => 2 * (random() + random() + random() - 1.5);
  const values = blur(sharp, columns, rows, blurPx).map((value) =>
    Math.min(ceiling, Math.max(0, Math.round(value + noise * normal()))),
  );
  return filmOfValues(columns, rows, values);
}

function blur(values: Float32Array, columns: number, rows: number, blurPx: number): Float32Array {
  const reach = Math.ceil(3.5 * blurPx);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-(((i - reach) / blurPx) ** 2) / 2),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const pass = (from: Float32Array, stepX: number, stepY: number): Float32Array =>
    from.map((_, i) => {
      const [x, y] = [i % columns, Math.floor(i / columns)];
      let sum = 0;
      for (let k = -reach; k <= reach; k++) {
        const column = Math.min(columns - 1, Math.max(0, x + k * stepX));
        const row = Math.min(rows - 1, Math.max(0, y + k * stepY));
        sum += weights[k + reach]! * from[row * columns + column]!;
      }
      return sum / total;
    });
  return pass(pass(values, 1, 0), 0, 1);
}
