import type { Canvas, PointMm } from '../canvas.ts';
import { paintPolygon, paintStroke } from '../canvas.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { pickOne } from '../seeded-random.ts';

/** Strokes of letters in a box of width 0.6 and height 1. */
const LETTERS: Readonly<Record<string, readonly (readonly PointMm[])[]>> = {
  L: [[[0, 0], [0, 1], [0.55, 1]]],
  R: [[[0, 1], [0, 0], [0.45, 0.05], [0.55, 0.25], [0.45, 0.48], [0, 0.5]], [[0.25, 0.5], [0.58, 1]]],
  T: [[[0, 0], [0.6, 0]], [[0.3, 0], [0.3, 1]]],
  A: [[[0, 1], [0.3, 0], [0.6, 1]], [[0.12, 0.62], [0.48, 0.62]]],
  N: [[[0, 1], [0, 0], [0.55, 1], [0.55, 0]]],
  D: [[[0, 0], [0, 1], [0.4, 0.95], [0.58, 0.5], [0.4, 0.05], [0, 0]]],
  S: [[[0.55, 0.1], [0.1, 0.1], [0.1, 0.45], [0.5, 0.55], [0.5, 0.92], [0, 0.92]]],
  '1': [[[0.15, 0.2], [0.35, 0], [0.35, 1]]],
  '7': [[[0, 0], [0.55, 0], [0.2, 1]]],
}; // prettier-ignore

/** Burns side marks and lines of text into a finished picture, and sometimes a box over a corner, as after anonymising. */
export function addMarkings(picture: Canvas, random: SeededRandom): void {
  const { columns, rows } = picture;
  if (random.next() < 0.55) {
    const height = random.between(0.015, 0.045) * rows;
    const at: PointMm = [
      pickOne(random, [random.between(0.03, 0.2), random.between(0.75, 0.93)]) * columns,
      random.between(0.02, 0.9) * rows,
    ];
    write(
      picture,
      pickOne(random, ['L', 'R', 'L', 'R', 'R17', 'LAT', 'STAND']),
      at,
      height,
      random.between(0.5, 1),
    );
  }
  if (random.next() < 0.2) {
    const at: PointMm = [random.between(0.02, 0.6) * columns, pickOne(random, [0.02, 0.95]) * rows];
    write(picture, 'LTD1S7NA'.slice(0, Math.round(random.between(3, 8))), at, random.between(8, 16), 0.9);
  }
  if (random.next() < 0.12) {
    const [width, height] = [random.between(0.1, 0.4) * columns, random.between(0.02, 0.05) * rows];
    const x = pickOne(random, [0, columns - width]);
    const y = pickOne(random, [0, rows - height]);
    const box: PointMm[] = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]; // prettier-ignore
    paintPolygon(picture, box, random.next() < 0.5 ? 2 : -2, 0.4);
  }
}

function write(picture: Canvas, text: string, at: PointMm, heightPx: number, brightness: number): void {
  for (const [index, letter] of Array.from(text).entries()) {
    for (const stroke of LETTERS[letter] ?? []) {
      const line = stroke.map(([x, y]): PointMm => [
        at[0] + (x + 0.8 * index) * heightPx,
        at[1] + y * heightPx,
      ]);
      paintStroke(picture, line, Math.max(1.5, heightPx * 0.12), brightness, 0.4);
    }
  }
}
