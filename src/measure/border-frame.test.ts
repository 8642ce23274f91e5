import { describe, expect, it } from 'vitest';
import type { PointPx } from '../exam/film.ts';
import { filmOfValues } from '../testing/value-films.ts';
import { fitBorderFrame, placeOnBorder } from './border-frame.ts';
import { averageColumns, cutStrip, sampleFilm } from './profile-strip.ts';

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
    expect(frame.bendPerPx).toBeCloseTo(0.001, 3);
    const { point, normal } = placeOnBorder(frame, 30);
    expect(point[1]).toBeCloseTo(299.1, 0);
    expect(normal[1]).toBeLessThan(-0.99);
  });

  it('is absent where the outline lies above the foramen or elsewhere', () => {
    expect(fitBorderFrame(line, [220, 290], 60)).toBeNull();
    expect(fitBorderFrame(line, [900, 100], 60)).toBeNull();
    expect(fitBorderFrame([], [220, 100], 60)).toBeNull();
  });
});

describe('a straightened strip', () => {
  const depths = Float32Array.from({ length: 480 * 320 }, (_, at) => {
    const [x, y] = [at % 480, Math.floor(at / 480)];
    return (300 - 0.25 * x - y) / Math.hypot(1, 0.25);
  });
  const film = filmOfValues(480, 320, depths);

  it('reads the depth below the border whatever the border’s direction', () => {
    const frame = fitBorderFrame(line, [220, 100], 60);
    if (frame === null) throw new Error('no frame');
    const strip = cutStrip(film, frame, { fromPx: -20, toPx: 20, depthFromPx: -5, depthToPx: 60 });
    const profile = averageColumns(strip, 0, strip.alongPx.length - 1);
    expect(profile[10]).toBeCloseTo(0, 1);
    expect(profile[110]).toBeCloseTo(50, 1);
  });

  it('knows nothing outside the film', () => {
    expect(sampleFilm(film, -1, 5)).toBeNaN();
    expect(sampleFilm(film, 3, 319.5)).toBeNaN();
    expect(sampleFilm(film, 10.5, 20.5)).toBeCloseTo((300 - 2.625 - 20.5) / Math.hypot(1, 0.25), 1);
  });
});
