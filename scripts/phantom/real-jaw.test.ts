import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRealJaw, type RealJaw } from './real-jaw.ts';

const JAWS = JSON.parse(
  readFileSync(new URL('./real-jaws.json', import.meta.url), 'utf8'),
) as readonly RealJaw[];

const REQUEST = {
  seed: 740,
  filmHeightMm: 120,
  widthRightMm: 3,
  widthLeftMm: 4.5,
  classRight: 'C1',
  classLeft: 'C2',
  toothless: false,
  scale: 1,
  foramenHeightMm: 16.5,
} as const;

describe('a jaw in real geometry', () => {
  it('has the border and the foramina of its film and widths that are asked for', () => {
    for (const real of JAWS) {
      const jaw = createRealJaw(REQUEST, real);
      const border = jaw.outlineMm.slice(jaw.borderFrom, jaw.borderTo + 1);
      expect(border[0]?.[0]).toBeCloseTo(real.borderMm[0]?.[0] ?? NaN, 6);
      expect(border.at(-1)?.[0]).toBeCloseTo(real.borderMm.at(-1)?.[0] ?? NaN, 6);
      for (const [index, width] of [3, 4.5].entries()) {
        const side = jaw.sides[index];
        if (side === undefined) throw new Error('a jaw has two sides');
        const { outerMm, innerMm, foramenMm } = side;
        const [across, up] = [innerMm[0] - outerMm[0], innerMm[1] - outerMm[1]];
        expect(Math.hypot(across, up)).toBeCloseTo(width, 9);
        // The foramen lies on the same perpendicular, to half a millimetre.
        const off = ((foramenMm[0] - outerMm[0]) * up - (foramenMm[1] - outerMm[1]) * across) / width;
        expect(Math.abs(off)).toBeLessThan(0.5);
        expect(foramenMm[1]).toBeLessThan(innerMm[1]);
      }
    }
  });

  it('is a closed outline without jumps', () => {
    for (const real of JAWS) {
      const { outlineMm } = createRealJaw(REQUEST, real);
      const steps = outlineMm.map(([x, y], index) => {
        const [nextX, nextY] = outlineMm[(index + 1) % outlineMm.length] ?? [x, y];
        return Math.hypot(nextX - x, nextY - y);
      });
      expect(Math.max(...steps)).toBeLessThan(1.5);
    }
  });
});
