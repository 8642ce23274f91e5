import { describe, expect, it } from 'vitest';
import type { PhantomOptions, PhantomSide } from './panoramic-phantom.ts';
import { renderPanoramicPhantom } from './panoramic-phantom.ts';

const OPTIONS: PhantomOptions = {
  seed: 5,
  columns: 1500,
  rows: 640,
  bits: 12,
  mcwRightMm: 4.5,
  mcwLeftMm: 2.6,
};

type Rendered = ReturnType<typeof renderPanoramicPhantom>;

/** Brightness along the perpendicular through the foramen, the mean of a strip of 4 mm beside it. */
function profileOf({ film, truth }: Rendered, side: PhantomSide): { at: number[]; value: number[] } {
  const [ox, oy] = side.outerPx;
  const length = Math.hypot(side.innerPx[0] - ox, side.innerPx[1] - oy);
  const [nx, ny] = [(side.innerPx[0] - ox) / length, (side.innerPx[1] - oy) / length];
  const at: number[] = [];
  const value: number[] = [];
  for (let along = -3; along < 9; along += 0.1) {
    let sum = 0;
    const steps = 21;
    for (let step = 0; step < steps; step += 1) {
      const across = ((step / (steps - 1)) * 4 - 2) / truth.mmPerPx;
      const x = Math.round(ox + (nx * along) / truth.mmPerPx - ny * across);
      const y = Math.round(oy + (ny * along) / truth.mmPerPx + nx * across);
      sum += film.samples[y * film.columns + x] ?? 0;
    }
    at.push(along);
    value.push(sum / steps);
  }
  return { at, value };
}

function meanBetween(profile: { at: number[]; value: number[] }, from: number, to: number): number {
  const inside = profile.value.filter(
    (_, index) => (profile.at[index] ?? 0) >= from && (profile.at[index] ?? 0) < to,
  );
  return inside.reduce((sum, value) => sum + value, 0) / inside.length;
}

function crossing(
  profile: { at: number[]; value: number[] },
  level: number,
  from: number,
  to: number,
): number {
  const index = profile.at.findIndex((at, k) => {
    if (at < from || at > to) return false;
    return ((profile.value[k - 1] ?? 0) - level) * ((profile.value[k] ?? 0) - level) <= 0;
  });
  return profile.at[index] ?? Number.NaN;
}

describe('a panoramic phantom', () => {
  const rendered = renderPanoramicPhantom(OPTIONS);

  it('has the size and the depth that were asked for', () => {
    const { film } = rendered;
    expect([film.columns, film.rows, film.samples.length]).toEqual([1500, 640, 1500 * 640]);
    const brightest = film.samples.reduce((most, sample) => Math.max(most, sample), 0);
    expect(brightest).toBeGreaterThan(3000);
    expect(brightest).toBeLessThanOrEqual(4095);
  });

  it('is the same for the same options and another for another seed', () => {
    const small = { ...OPTIONS, columns: 400, rows: 172 };
    const first = renderPanoramicPhantom(small);
    const again = renderPanoramicPhantom(small);
    expect(
      Buffer.compare(Buffer.from(again.film.samples.buffer), Buffer.from(first.film.samples.buffer)),
    ).toBe(0);
    expect(again.truth.sides).toEqual(first.truth.sides);
    const other = renderPanoramicPhantom({ ...small, seed: 6 });
    expect(
      Buffer.compare(Buffer.from(other.film.samples.buffer), Buffer.from(first.film.samples.buffer)),
    ).not.toBe(0);
  });

  it('places inner and outer edge exactly the stated width apart, and the foramen on their line', () => {
    const { truth } = rendered;
    for (const side of truth.sides) {
      const [dx, dy] = [side.innerPx[0] - side.outerPx[0], side.innerPx[1] - side.outerPx[1]];
      const [fx, fy] = [side.foramenPx[0] - side.outerPx[0], side.foramenPx[1] - side.outerPx[1]];
      expect(Math.hypot(dx, dy) * truth.mmPerPx).toBeCloseTo(side.mcwMm, 6);
      expect((dx * fy - dy * fx) / Math.hypot(dx, dy) / Math.hypot(fx, fy)).toBeCloseTo(0, 6);
    }
    expect(truth.sides.map((side) => side.mcwMm)).toEqual([4.5, 2.6]);
  });

  it('has its foot of the perpendicular on the border, at a right angle', () => {
    for (const side of rendered.truth.sides) {
      const distances = rendered.truth.borderPx.map(([x, y]) =>
        Math.hypot(x - side.outerPx[0], y - side.outerPx[1]),
      );
      expect(Math.min(...distances)).toBeLessThan(1e-6);
      const nearest = rendered.truth.borderPx.map(([x, y]) =>
        Math.hypot(x - side.foramenPx[0], y - side.foramenPx[1]),
      );
      const straight = Math.hypot(side.foramenPx[0] - side.outerPx[0], side.foramenPx[1] - side.outerPx[1]);
      expect(Math.min(...nearest)).toBeGreaterThan(straight - 0.5);
    }
  });

  it('draws both edges of the cortex half way between their plateaus, where the truth says', () => {
    for (const side of rendered.truth.sides) {
      const profile = profileOf(rendered, side);
      const outside = meanBetween(profile, -2.5, -1);
      const cortex = meanBetween(profile, 0.8, side.mcwMm - 0.8);
      const marrow = meanBetween(profile, side.mcwMm + 0.9, side.mcwMm + 2.4);
      expect(cortex).toBeGreaterThan(marrow * 1.15);
      expect(Math.abs(crossing(profile, (outside + cortex) / 2, -1, 1))).toBeLessThan(0.25);
      expect(
        Math.abs(crossing(profile, (marrow + cortex) / 2, side.mcwMm - 1, side.mcwMm + 1) - side.mcwMm),
      ).toBeLessThan(0.3);
    }
  });

  it('lists the border from left to right with points close together', () => {
    const { borderPx } = rendered.truth;
    const gaps = borderPx
      .slice(1)
      .map(([x, y], index) => Math.hypot(x - (borderPx[index]?.[0] ?? 0), y - (borderPx[index]?.[1] ?? 0)));
    expect(Math.max(...gaps)).toBeLessThan(8);
    expect(borderPx[0]?.[0]).toBeLessThan(200);
    expect(borderPx.at(-1)?.[0]).toBeGreaterThan(1300);
  });

  it('cuts a side away without moving the other', () => {
    const cut = renderPanoramicPhantom({
      ...OPTIONS,
      columns: 600,
      rows: 430,
      cropLeftMm: 118,
      filmWidthMm: 296,
    });
    expect(cut.truth.sides[0].foramenPx[0]).toBeLessThan(0);
    expect(cut.truth.sides[1].foramenPx[0]).toBeGreaterThan(0);
  });
});
