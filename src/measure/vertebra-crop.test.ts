import { describe, expect, it } from 'vitest';
import type { PointPx } from '../exam/film.ts';
import { plainFilm } from '../imaging/prepare-image.ts';
import type { BodyCorners } from './body-frame.ts';
import { cropToFilm, cutCrop, placeCrop, reduceForCrops } from './vertebra-crop.ts';

const TARGET = {
  columns: 128,
  rows: 112,
  bodyWidthPx: 56,
  centreColumn: 63.5,
  centreRow: 55.5,
  percentileLow: 1,
  percentileHigh: 99,
};

/** Waves in whole grey values, the same in any language. */
function waves(columns: number, rows: number) {
  const words = Uint8Array.from({ length: columns * rows }, (_, i) => {
    const [x, y] = [i % columns, Math.floor(i / columns)];
    return Math.floor(110.5 + 60 * Math.sin(x / 9) * Math.cos(y / 7) + 40 * Math.sin((x + y) / 23));
  });
  return plainFilm(columns, rows, words);
}

function corners(sa: PointPx, sp: PointPx, ia: PointPx, ip: PointPx): BodyCorners {
  return { superiorAnterior: sa, superiorPosterior: sp, inferiorAnterior: ia, inferiorPosterior: ip };
}

/**
 * Every 16th value of what `crops.plain_crop(film, *crops.placement(points))` of models/training/vertebrae makes of
 * the same waves: a body that faces right, and a larger one beyond the film's upper left.
 */
const PYTHON = [
  {
    film: waves(320, 260),
    corners: corners([230, 70], [120, 78], [225, 150], [118, 160]),
    scale: 1.9443,
    factor: 1,
    tolerance: 0.004,
    mean: 0.4999,
    samples: [
      [0.0, 0.0, 0.371, 0.762, 0.589, 0.53, 0.336, 0.211],
      [0.55, 0.563, 0.288, 0.373, 0.532, 0.916, 0.242, 0.612],
      [0.442, 0.913, 0.405, 0.371, 0.362, 0.477, 0.813, 0.568],
      [0.627, 0.309, 0.85, 0.57, 0.333, 0.277, 0.637, 0.502],
      [0.354, 0.18, 0.686, 0.511, 0.785, 0.338, 0.238, 0.558],
      [0.363, 0.74, 0.0, 0.65, 0.599, 0.685, 0.442, 0.314],
      [0.823, 0.623, 0.407, 0.437, 0.183, 0.865, 0.571, 0.509],
    ],
  },
  {
    film: waves(900, 700),
    corners: corners([60, 80], [380, 60], [80, 290], [400, 270]),
    scale: 5.7254,
    factor: 2,
    tolerance: 0.02,
    mean: 0.3141,
    samples: [
      [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
      [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
      [0.0, 0.0, 0.174, 0.983, 0.242, 0.557, 0.359, 0.643],
      [0.0, 0.0, 0.726, 0.443, 0.632, 0.422, 0.263, 0.847],
      [0.0, 0.0, 0.554, 0.352, 0.965, 0.0, 0.752, 0.421],
      [0.0, 0.0, 0.23, 0.795, 0.492, 0.369, 0.541, 0.356],
      [0.0, 0.0, 0.44, 0.622, 0.487, 0.636, 0.068, 0.907],
    ],
  },
];

describe('the crop of a vertebra', () => {
  it.each(PYTHON)('is what training saw, at $scale film pixels for one', (expected) => {
    const frame = placeCrop(expected.corners, TARGET);
    expect(frame.scale).toBeCloseTo(expected.scale, 4);
    const reduced = reduceForCrops(expected.film, [frame], TARGET);
    expect(reduced.factor).toBe(expected.factor);
    const crop = cutCrop(reduced, frame, TARGET);
    expected.samples.forEach((line, row) => {
      line.forEach((value, column) => {
        const found = crop[16 * row * TARGET.columns + 16 * column] ?? NaN;
        expect(Math.abs(found - value), `row ${row}, column ${column}`).toBeLessThan(expected.tolerance);
      });
    });
    expect(crop.reduce((sum, value) => sum + value, 0) / crop.length).toBeCloseTo(expected.mean, 2);
  });

  it.each([
    ['left', corners([40, 30], [90, 34], [42, 70], [92, 74])],
    ['right', corners([90, 34], [40, 30], [92, 74], [42, 70])],
  ])('of a body that faces %s has its front left, its top up and its width in the middle', (_, body) => {
    const frame = placeCrop(body, TARGET);
    const at = (column: number, row: number) => cropToFilm(frame, TARGET, [column, row]);
    expect(at(63.5, 55.5)).toEqual([66, 52]);
    const [front, back] = [at(63.5 - 28, 55.5), at(63.5 + 28, 55.5)];
    expect(Math.hypot(front[0] - back[0], front[1] - back[1])).toBeCloseTo(Math.hypot(50, 4), 6);
    expect(Math.sign(front[0] - back[0])).toBe(
      Math.sign(body.superiorAnterior[0] - body.superiorPosterior[0]),
    );
    expect(at(63.5, 0)[1]).toBeLessThan(at(63.5, 111)[1]);
  });

  it('is black where hardly any of it lies on the film', () => {
    const frame = placeCrop(corners([-900, -900], [-850, -900], [-900, -860], [-850, -860]), TARGET);
    const crop = cutCrop(reduceForCrops(waves(60, 50), [frame], TARGET), frame, TARGET);
    expect(crop.every((value) => value === 0)).toBe(true);
  });

  it('comes from means of whole blocks of that part of the film that the crops show', () => {
    const film = plainFilm(
      900,
      700,
      Uint8Array.from({ length: 630_000 }, (_, i) => (i * 7) % 251),
    );
    const frame = placeCrop(corners([400, 300], [640, 300], [400, 420], [640, 420]), TARGET);
    const reduced = reduceForCrops(film, [frame], TARGET);
    expect(reduced).toMatchObject({ factor: 2, filmColumns: 900, filmRows: 700, top: 19 });
    const at = (column: number, row: number) =>
      (((reduced.top + row) * 900 + reduced.left + column) * 7) % 251;
    expect(reduced.values[0]).toBeCloseTo((at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1)) / 4, 4);
  });
});
