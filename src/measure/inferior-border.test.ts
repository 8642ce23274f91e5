import { describe, expect, it } from 'vitest';
import type { Film } from '../exam/film.ts';
import { filmOfValues } from '../testing/value-films.ts';
import type { CoarseBorderPoint } from './coarse-line.ts';
import { refineInferiorBorder } from './inferior-border.ts';
import type { RefinedBorder } from './inferior-border.ts';

const COLUMNS = 1536;
const ROWS = 640;

/** Where the drawn bone ends: a shallow bow. */
const edgeAt = (x: number): number => 520 - 120 * ((x - COLUMNS / 2) / (COLUMNS / 2)) ** 2;

function drawFilm(options: { noise?: number; hiddenFrom?: number; hiddenTo?: number } = {}): Film {
  const samples = new Float32Array(COLUMNS * ROWS);
  let state = 7;
  for (let y = 0; y < ROWS; y++) {
    for (let x = 0; x < COLUMNS; x++) {
      const slope = (-240 * (x - COLUMNS / 2)) / (COLUMNS / 2) ** 2;
      const outward = (y - edgeAt(x)) / Math.hypot(1, slope);
      // A cortical band of 30 px over a spongy bone, with the soft edge of a film.
      const band = 1 / (1 + Math.exp(outward / 1.2));
      const inside = 1 / (1 + Math.exp((outward + 30) / 1.2));
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const hidden = x >= (options.hiddenFrom ?? COLUMNS) && x < (options.hiddenTo ?? COLUMNS);
      const grey = 300 + (hidden ? 0 : 1000 * band - 350 * inside);
      samples[y * COLUMNS + x] = grey + (options.noise ?? 0) * (state / 2 ** 31 - 1);
    }
  }
  return filmOfValues(COLUMNS, ROWS, samples);
}

function coarseLine(
  change: (x: number, i: number) => Partial<CoarseBorderPoint> = () => ({}),
): CoarseBorderPoint[] {
  return Array.from({ length: 768 }, (_, i) => {
    const xPx = 2 * i + 0.5;
    return { xPx, yPx: edgeAt(xPx), spreadPx: 2, presence: i > 60 && i < 708 ? 1 : 0, ...change(xPx, i) };
  });
}

function meanOffset(border: RefinedBorder, from = 0, to = COLUMNS): { bias: number; worst: number } {
  const offsets = border.points.filter(([x]) => x >= from && x <= to).map(([x, y]) => y - edgeAt(x));
  return {
    bias: offsets.reduce((sum, value) => sum + value, 0) / offsets.length,
    worst: Math.max(...offsets.map(Math.abs)),
  };
}

describe('refineInferiorBorder', () => {
  it('puts the line on the half-height of the outer step, without bias, from a line that is off', () => {
    for (const off of [-2.5, 2.5]) {
      const border = refineInferiorBorder(
        drawFilm(),
        coarseLine((x) => ({ yPx: edgeAt(x) + off })),
      );
      const { bias, worst } = meanOffset(border);
      expect(Math.abs(bias)).toBeLessThan(0.1);
      expect(worst).toBeLessThan(0.4);
      expect(border.residualPx).toBeGreaterThan(2);
    }
  });

  it('stays on the edge when the film is noisy', () => {
    const { bias, worst } = meanOffset(refineInferiorBorder(drawFilm({ noise: 200 }), coarseLine()));
    expect(Math.abs(bias)).toBeLessThan(0.15);
    expect(worst).toBeLessThan(1.5);
  });

  it('runs from left to right with at most 8 px between neighbours, over the columns that hold a border', () => {
    const { points, support } = refineInferiorBorder(drawFilm(), coarseLine());
    expect(support).toHaveLength(points.length);
    expect(points[0]?.[0]).toBeLessThan(130);
    expect(points.at(-1)?.[0]).toBeGreaterThan(1405);
    for (let i = 1; i < points.length; i++) {
      const [x0, y0] = points[i - 1]!;
      const [x1, y1] = points[i]!;
      expect(x1).toBeGreaterThan(x0);
      expect(Math.hypot(x1 - x0, y1 - y0)).toBeLessThanOrEqual(8);
    }
  });

  it('follows the model, and says so, where the film shows no edge', () => {
    const film = drawFilm({ hiddenFrom: 600, hiddenTo: 900, noise: 20 });
    const border = refineInferiorBorder(film, coarseLine());
    expect(meanOffset(border, 640, 860).worst).toBeLessThan(3);
    const inGap = border.points.flatMap(([x], i) => (x > 640 && x < 860 ? [border.support[i]!] : []));
    const elsewhere = border.points.flatMap(([x], i) => (x < 560 ? [border.support[i]!] : []));
    expect(Math.max(...inGap)).toBeLessThan(Math.min(...elsewhere));
  });

  it('cuts off an end where the model has jumped to another line', () => {
    const torn = coarseLine((x) => (x < 260 ? { yPx: edgeAt(x) - 150 } : {}));
    const { points } = refineInferiorBorder(drawFilm(), torn);
    expect(points[0]?.[0]).toBeGreaterThan(250);
    expect(points.at(-1)?.[0]).toBeGreaterThan(1405);
  });

  it('bridges columns in the middle on which the model has jumped to another line', () => {
    const torn = coarseLine((x) => (x > 900 && x < 1000 ? { yPx: edgeAt(x) + 90 } : {}));
    const { points } = refineInferiorBorder(drawFilm(), torn);
    expect(points.at(-1)?.[0]).toBeGreaterThan(1405);
    expect(Math.max(...points.map(([x, y]) => Math.abs(y - edgeAt(x))))).toBeLessThan(1);
  });

  it('gives the same line whatever the scale of the grey values', () => {
    const film = drawFilm();
    const other = { ...film, values: film.values.map((value) => 17 * value - 4000) };
    const line = refineInferiorBorder(film, coarseLine());
    const same = refineInferiorBorder(other, coarseLine());
    expect(same.edgeStrength).toBeCloseTo(line.edgeStrength, 4);
    expect(same.points[100]?.[1]).toBeCloseTo(line.points[100]![1], 3);
  });

  it('returns nothing when the model saw no border', () => {
    const border = refineInferiorBorder(
      drawFilm(),
      coarseLine(() => ({ presence: 0.1 })),
    );
    expect(border).toEqual({ points: [], support: [], residualPx: 0, edgeStrength: 0 });
  });
});
