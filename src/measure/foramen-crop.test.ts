import { describe, expect, it } from 'vitest';
import type { PointPx } from '../exam/film.ts';
import { plainFilm } from '../imaging/prepare-image.ts';
import { cutForamenCrop, placeForamenCrop, type MentalRegion } from './foramen-crop.ts';
import { cropToFilm } from './vertebra-crop.ts';

const CANVAS = {
  ...{ columns: 128, rows: 96, centreColumn: 63.5, centreRow: 85.5, mmPerPx: 0.4 },
  ...{ percentileLow: 1, percentileHigh: 99 },
};

/** Waves in whole grey values, the same in any language. */
const FILM = plainFilm(
  2600,
  1000,
  Uint8Array.from({ length: 2600 * 1000 }, (_, i) => {
    const [x, y] = [i % 2600, Math.floor(i / 2600)];
    return Math.floor(110.5 + 60 * Math.sin(x / 29) * Math.cos(y / 27) + 40 * Math.sin((x + y) / 63));
  }),
);

/** A jaw from 100 to 2500, lowest in the middle. */
const BORDER = Array.from({ length: 601 }, (_, i): PointPx => [
  100 + 4 * i,
  900 - ((100 + 4 * i - 1300) / 100) ** 2 * 2,
]);

function region(changes: Partial<MentalRegion> = {}): MentalRegion {
  return { border: BORDER, roughPx: [870, 700], side: 'R', mmPerPx: 0.1, ...changes };
}

describe('where the crop of a mental region lies', () => {
  it('has the border 4 mm above its lower rim, distal on the right and the teeth up, on both sides', () => {
    const [right, left] = [
      placeForamenCrop(region(), CANVAS)!,
      placeForamenCrop(region({ side: 'L', roughPx: [1730, 700] }), CANVAS)!,
    ];
    expect(right.scale).toBeCloseTo(4, 9);
    // The patient's right is left in the picture, and distal goes on to the left there.
    expect([right.right[0] < -3.9, left.right[0] > 3.9]).toEqual([true, true]);
    expect(right.down[1]).toBeGreaterThan(3.9);
    expect(right.originPx[0] + left.originPx[0]).toBeCloseTo(2600, 3);
    const [x, y] = cropToFilm(right, CANVAS, [CANVAS.centreColumn, CANVAS.centreRow]);
    expect(y).toBeCloseTo(900 - ((x - 1300) / 100) ** 2 * 2, 0);
  });

  it('is moved to where foramina are, and sized by the border where the film has no scale', () => {
    const beside = placeForamenCrop(region({ roughPx: [1290, 700] }), CANVAS)!;
    expect(beside.originPx[0]).toBeGreaterThan(1050);
    expect(beside.originPx[0]).toBeLessThan(1130);
    const blind = placeForamenCrop(region({ mmPerPx: null }), CANVAS)!;
    expect(blind.scale).toBeCloseTo((0.4 * 2400) / 241, 6);
  });

  it('is nowhere without a border below the foramen', () => {
    expect(placeForamenCrop(region({ border: [] }), CANVAS)).toBeNull();
    expect(placeForamenCrop(region({ roughPx: [870, 990] }), CANVAS)).toBeNull();
  });
});

/** Every 20th value of every 16th row of what `crops.plain_crop` of models/training/mental-foramen makes of it. */
const PYTHON = [
  [0.507, 0.646, 0.363, 0.367, 0.419, 0.947, 0.224],
  [0.45, 0.922, 0.298, 0.329, 0.492, 0.656, 0.492],
  [0.626, 0.314, 0.914, 0.256, 0.29, 0.543, 0.894],
  [0.011, 0.717, 0.638, 0.443, 0.406, 0.356, 0.604],
  [0.386, 0.333, 0.449, 0.984, 0.098, 0.422, 0.538],
  [0.485, 0.14, 0.721, 0.398, 0.776, 0.237, 0.311],
];

describe('the crop of a mental region', () => {
  it('is what training sees: grey values, and where along the jaw they lie', () => {
    const frame = placeForamenCrop(region(), CANVAS)!;
    const planes = cutForamenCrop(FILM, frame, region(), CANVAS);
    expect(planes).toHaveLength(2 * 96 * 128);
    PYTHON.forEach((values, index) =>
      values.forEach((value, at) => expect(planes[index * 16 * 128 + at * 20]).toBeCloseTo(value, 1.7)),
    );
    const share = planes.subarray(96 * 128);
    // From the front to the back of the jaw, and the border's end would be 1.
    expect(share[0]!).toBeLessThan(share[127]!);
    expect(share[85 * 128 + 63]!).toBeCloseTo((1300 - frame.originPx[0]) / 1200, 2);
  });

  it('is black where the film ends and beyond it', () => {
    const border = BORDER.map(([x, y]): PointPx => [x - 800, y]);
    const cut = region({ border, roughPx: [-20, 700] });
    const frame = placeForamenCrop(cut, CANVAS)!;
    const planes = cutForamenCrop(FILM, frame, cut, CANVAS);
    const row = planes.subarray(40 * 128, 41 * 128);
    expect(Math.max(...row.subarray(100))).toBe(0);
    expect(Math.max(...row.subarray(0, 20))).toBeGreaterThan(0.2);
  });
});
