import { describe, expect, it } from 'vitest';
import type { PointPx } from '../exam/film.ts';
import { filmOfValues } from '../testing/value-films.ts';
import { findFootPoint, layBorderPath } from './border-path.ts';
import { cutSiteStrip, meanProfile, sampleFilm } from './site-strip.ts';

const line: PointPx[] = Array.from({ length: 60 }, (_, k): PointPx => [k * 8, 300 - 0.25 * k * 8]);
/** The film's value is the depth below that line. */
const film = filmOfValues(
  480,
  320,
  Float32Array.from({ length: 480 * 320 }, (_, at) => {
    const [x, y] = [at % 480, Math.floor(at / 480)];
    return (300 - 0.25 * x - y) / Math.hypot(1, 0.25);
  }),
);
const reach = { alongFrom: -15, alongTo: 25, depthFrom: -5, depthTo: 60 };

describe('a straightened strip', () => {
  it('has its site where the perpendicular through the foramen meets the border', () => {
    const path = layBorderPath(line, 1, 10);
    const foot = path && findFootPoint(path, [220, 100], 10);
    if (foot === null) throw new Error('no foot point');
    const [ox, oy] = foot.point;
    expect(oy).toBeCloseTo(300 - 0.25 * ox, 3);
    expect((220 - ox) * 4 - (100 - oy)).toBeCloseTo(0, 1);
    expect(foot.foramenHeightPx).toBeCloseTo(Math.hypot(220 - ox, 100 - oy), 2);
  });

  it('follows a bend, and a jump of a few points does not draw it away', () => {
    const bent = Array.from({ length: 80 }, (_, k): PointPx => {
      const x = k * 4;
      return [x, 300 - 0.001 * (x - 160) ** 2 + (k > 50 && k < 54 ? 15 : 0)];
    });
    const path = layBorderPath(bent, 1, 10);
    const foot = path && findFootPoint(path, [160, 150], 10);
    expect(foot?.point[0]).toBeCloseTo(160, -0.5);
    expect(Math.abs((foot?.point[1] ?? NaN) - 300)).toBeLessThan(1);
    expect(foot?.normal[1]).toBeLessThan(-0.998);
  });

  it('reads the depth below the border whatever the border’s direction and the size of a step', () => {
    for (const stepPx of [0.7, 1, 1.4]) {
      const path = layBorderPath(line, stepPx, 10);
      const foot = path && findFootPoint(path, [220, 100], 10);
      if (path === null || foot === null) throw new Error('no foot point');
      const strip = cutSiteStrip(film, { path, side: 'L', pxPerMm: 10, at: foot.at, offset: 3 }, reach);
      const profile = meanProfile(strip, -15, 25);
      expect(profile[5]).toBeCloseTo(3 * stepPx, 1);
      expect(profile[45]).toBeCloseTo(43 * stepPx, 1);
    }
  });

  it('runs distally on both sides', () => {
    const columns = filmOfValues(
      480,
      320,
      Float32Array.from({ length: 480 * 320 }, (_, at) => at % 480),
    );
    const path = layBorderPath(line, 1, 10);
    if (path === null) throw new Error('no path');
    const first = { R: 215 + 1 / 3, L: 184 + 1 / 3 };
    for (const side of ['R', 'L'] as const) {
      const strip = cutSiteStrip(columns, { path, side, pxPerMm: 10, at: 200, offset: 0 }, reach);
      const row = strip.samples.subarray(5 * strip.columns, 6 * strip.columns);
      const isRising = (row[40] ?? 0) > (row[0] ?? 0);
      expect(isRising).toBe(side === 'L');
      expect(Math.abs((row[0] ?? 0) - first[side])).toBeLessThan(8);
    }
  });

  it('knows nothing outside the film', () => {
    expect(sampleFilm(film, -1, 5)).toBeNaN();
    expect(sampleFilm(film, 3, 319.5)).toBeNaN();
    expect(sampleFilm(film, 10.5, 20.5)).toBeCloseTo((300 - 2.625 - 20.5) / Math.hypot(1, 0.25), 1);
  });
});
