import { describe, expect, it } from 'vitest';
import type { PointPx } from '../exam/film.ts';
import { fitBorderFrame } from './border-frame.ts';

const line: PointPx[] = Array.from({ length: 60 }, (_, k): PointPx => [k * 8, 300 - 0.25 * k * 8]);

describe('the frame of the border below a foramen', () => {
  it('has its origin where the perpendicular through the foramen meets the border', () => {
    const foramen: PointPx = [220, 100];
    const frame = fitBorderFrame(line, foramen, 60);
    const [ox, oy] = frame?.originPx ?? [0, 0];
    expect(oy).toBeCloseTo(300 - 0.25 * ox, 3);
    // The border runs along (4, -1): a perpendicular has no part along it.
    expect((foramen[0] - ox) * 4 - (foramen[1] - oy)).toBeCloseTo(0, 1);
    expect(frame?.foramenHeightPx).toBeCloseTo(Math.hypot(foramen[0] - ox, foramen[1] - oy), 3);
  });

  it('follows a bend and is not drawn away by a wrong stretch', () => {
    const bent = Array.from({ length: 80 }, (_, k): PointPx => {
      const x = k * 4;
      return [x, 300 - 0.001 * (x - 160) ** 2 + (k > 50 && k < 54 ? 15 : 0)];
    });
    const frame = fitBorderFrame(bent, [160, 150], 60);
    if (frame === null) throw new Error('no frame');
    expect(frame.originPx[0]).toBeCloseTo(160, 0);
    expect(frame.originPx[1]).toBeCloseTo(300, 0);
    expect(frame.up[1]).toBeLessThan(-0.999);
  });

  it('is absent where the outline lies above the foramen or elsewhere', () => {
    expect(fitBorderFrame(line, [220, 290], 60)).toBeNull();
    expect(fitBorderFrame(line, [900, 100], 60)).toBeNull();
    expect(fitBorderFrame([], [220, 100], 60)).toBeNull();
  });
});
