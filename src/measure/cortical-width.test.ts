import { describe, expect, it } from 'vitest';
import type { BandPhantom } from '../testing/band-phantom.ts';
import { borderOf, createRandom, foramenOf, MM_PER_PX, renderBand } from '../testing/band-phantom.ts';
import { filmOfValues } from '../testing/value-films.ts';
import { measureCorticalWidth } from './cortical-width.ts';

function measure(phantom: BandPhantom, border = borderOf(phantom.slope ?? 0.12)) {
  const [xPx, yPx] = foramenOf(phantom.slope ?? 0.12);
  const film = renderBand(phantom);
  const foramen = { xPx, yPx, confidence: 0.9 };
  return measureCorticalWidth({ film, border, foramen, side: 'R', mmPerPx: MM_PER_PX });
}

function errorsMm(phantoms: readonly BandPhantom[], shift: (seed: number) => number): number[] {
  return phantoms.map((phantom) => {
    const slope = phantom.slope ?? 0.12;
    const border = borderOf(slope, shift(phantom.seed), 0.5, createRandom(phantom.seed + 77));
    const side = measure(phantom, border);
    expect(side, JSON.stringify(phantom)).toMatchObject({ assessable: true, reason: null });
    return (side.widthPx ?? NaN) * MM_PER_PX - phantom.widthMm;
  });
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const WIDTHS: readonly BandPhantom[] = [1.5, 1.9, 2.4, 2.9, 3.3, 3.8, 4.4, 5, 5.5, 6].map((widthMm, k) => ({
  widthMm,
  seed: 10 + k,
  blurPx: 1.4 + 0.3 * (k % 4),
  noise: 40 + 15 * (k % 4),
  slope: -0.2 + 0.05 * k,
}));

describe('the cortical width', () => {
  it('is right on bands of known width, blur and noise', () => {
    const errors = errorsMm(WIDTHS, () => 0);
    expect(mean(errors.map(Math.abs))).toBeLessThan(0.1);
    expect(Math.abs(mean(errors))).toBeLessThan(0.05);
  });

  it('does not follow an outline that is 0.2 mm off to either side', () => {
    const errors = errorsMm(WIDTHS, (seed) => (seed % 2 === 0 ? 2 : -2));
    expect(mean(errors.map(Math.abs))).toBeLessThan(0.15);
    expect(Math.abs(mean(errors))).toBeLessThan(0.05);
  });

  it('finds the end of a wall that brightens inwards like a tube', () => {
    const tubes = WIDTHS.map((phantom) => ({ ...phantom, profile: 'tube' as const }));
    const errors = errorsMm(tubes, () => 0);
    expect(mean(errors.map(Math.abs))).toBeLessThan(0.15);
  });

  it('leaves out a residue that lies beyond a dark gap', () => {
    const side = measure({ widthMm: 3, residueAtMm: 4.1, seed: 5 });
    expect((side.widthPx ?? 0) * MM_PER_PX).toBeCloseTo(3, 0);
    expect(Math.abs((side.widthPx ?? 0) * MM_PER_PX - 3)).toBeLessThan(0.2);
  });

  it('keeps a shallow canal inside the band', () => {
    const side = measure({ widthMm: 4.6, canalAtMm: 2.6, seed: 6 });
    expect(Math.abs((side.widthPx ?? 0) * MM_PER_PX - 4.6)).toBeLessThan(0.2);
  });

  it('lies on the perpendicular through the foramen, with the index from the same line', () => {
    const side = measure({ widthMm: 3.5, seed: 7, slope: 0.12 });
    const [fx, fy] = side.foramenPx ?? [0, 0];
    const [ox, oy] = side.outerPx ?? [0, 0];
    const [ix, iy] = side.innerPx ?? [0, 0];
    expect(Math.hypot(ix - ox, iy - oy)).toBeCloseTo(side.widthPx ?? 0, 6);
    const across = ((ix - ox) * (fy - oy) - (iy - oy) * (fx - ox)) / Math.hypot(ix - ox, iy - oy);
    expect(Math.abs(across)).toBeLessThan(0.1);
    // The drawn foramen darkens by half 14 to 16 px from its centre, which lies 140 px above the border.
    expect(side.pmi).toBeGreaterThan(35 / 130);
    expect(side.pmi).toBeLessThan(35 / 115);
  });

  it('states an uncertainty that covers its own error', () => {
    for (const phantom of WIDTHS) {
      const side = measure(phantom);
      const error = Math.abs((side.widthPx ?? NaN) - phantom.widthMm / MM_PER_PX);
      expect(error).toBeLessThan(3.5 * (side.uncertaintyPx ?? 0));
    }
  });

  it('measures without a spacing, in pixels', () => {
    const film = renderBand({ widthMm: 3.2, seed: 8 });
    const [xPx, yPx] = foramenOf(0.12);
    const foramen = { xPx, yPx, confidence: 0.9 };
    const side = measureCorticalWidth({ film, border: borderOf(0.12), foramen, side: 'L', mmPerPx: null });
    expect(side).toMatchObject({ side: 'L', assessable: true });
    expect(Math.abs((side.widthPx ?? 0) - 32)).toBeLessThan(2);
  });

  it('reads the width beside the foramen too, from left to right', () => {
    const { widthsBeside, widthPx } = measure({ widthMm: 3.5, seed: 7, slope: 0.12 });
    expect(widthsBeside.length).toBeGreaterThanOrEqual(5);
    const places = widthsBeside.map(({ alongPx }) => alongPx);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect((places.at(-1) ?? 0) * MM_PER_PX).toBeCloseTo(5, 0);
    for (const beside of widthsBeside)
      expect(Math.abs((beside.widthPx ?? NaN) - (widthPx ?? NaN))).toBeLessThan(3);
  });
});

describe('a side that is not assessable says why', () => {
  const film = renderBand({ widthMm: 3, seed: 3 });
  const [xPx, yPx] = foramenOf(0.12);
  const border = borderOf(0.12);
  const base = { film, border, side: 'R', mmPerPx: MM_PER_PX } as const;

  it('when there is no foramen, or hardly one', () => {
    const none = measureCorticalWidth({ ...base, foramen: null });
    expect(none).toMatchObject({
      assessable: false,
      reason: 'foramen-not-found',
      foramenPx: null,
      widthPx: null,
    });
    const faint = measureCorticalWidth({ ...base, foramen: { xPx, yPx, confidence: 0.01 } });
    expect(faint).toMatchObject({ assessable: false, reason: 'foramen-not-found' });
  });

  it('when the border ends close behind the foramen, as on a film that was cut there', () => {
    const foramen = { xPx, yPx, confidence: 0.9 };
    const cut = border.filter(([x]) => x > xPx - 150);
    expect(measureCorticalWidth({ ...base, foramen, border }).assessable).toBe(true);
    expect(measureCorticalWidth({ ...base, foramen, border: cut }).reason).toBe('out-of-picture');
    expect(measureCorticalWidth({ ...base, foramen, border: cut, side: 'L' }).assessable).toBe(true);
  });

  it('when the outline does not pass below the foramen', () => {
    const foramen = { xPx, yPx, confidence: 0.9 };
    expect(measureCorticalWidth({ ...base, foramen, border: [] }).reason).toBe('border-not-visible');
    const away = border.slice(59);
    expect(measureCorticalWidth({ ...base, foramen: { ...foramen, xPx: 30 }, border: away }).reason).toBe(
      'border-not-visible',
    );
  });

  it('when the film ends above the border', () => {
    const cut = renderBand({ widthMm: 3, seed: 3, bottomPx: 215 });
    const side = measureCorticalWidth({ ...base, film: cut, foramen: { xPx, yPx, confidence: 0.9 } });
    expect(side).toMatchObject({ assessable: false, reason: 'out-of-picture' });
  });

  it('when the chin is cut off close below the border', () => {
    const cut = renderBand({ widthMm: 3, seed: 3, bottomPx: 236 });
    const side = measureCorticalWidth({ ...base, film: cut, foramen: { xPx, yPx, confidence: 0.9 } });
    expect(side).toMatchObject({ assessable: false, reason: 'border-at-rim', widthPx: null });
  });

  it('when a black frame cuts through the bone', () => {
    const framed = filmOfValues(
      film.columns,
      film.rows,
      Array.from(film.samples, (word, at) => (at > 200 * film.columns ? 0 : (film.values[word] ?? 0))),
    );
    const level = border.map(([x]): [number, number] => [x, 200.5]);
    const foramen = { xPx, yPx, confidence: 0.9 };
    const side = measureCorticalWidth({ ...base, film: framed, border: level, foramen });
    expect(side).toMatchObject({ assessable: false, reason: 'border-at-rim', widthPx: null });
  });

  it('when black and white were exchanged, whatever the band', () => {
    for (const phantom of WIDTHS.slice(0, 5)) {
      const { columns, rows, samples, values } = renderBand({ ...phantom, slope: 0.12 });
      const inverted = Array.from(samples, (word) => 4095 - (values[word] ?? 0));
      const upsideDown = filmOfValues(columns, rows, inverted);
      const foramen = { xPx, yPx, confidence: 0.9 };
      const side = measureCorticalWidth({ ...base, film: upsideDown, foramen });
      expect(side).toMatchObject({ assessable: false, reason: 'grey-scale-inverted', widthPx: null });
    }
  });

  it('when metal lies over the place, or the grey scale is cut off at white', () => {
    const borderRow = border.find(([x]) => x >= xPx)?.[1] ?? NaN;
    const plate = filmOfValues(
      film.columns,
      film.rows,
      Array.from(film.samples, (word, at) => {
        const row = Math.floor(at / film.columns);
        return Math.abs(row - borderRow + 40) < 14 ? 4095 : (film.values[word] ?? 0);
      }),
    );
    const side = measureCorticalWidth({ ...base, film: plate, foramen: { xPx, yPx, confidence: 0.9 } });
    expect(side).toMatchObject({ assessable: false, reason: 'grey-scale-clipped', widthPx: null });
  });

  it('when the pixels are too coarse to show a gap', () => {
    const foramen = { xPx, yPx, confidence: 0.9 };
    expect(measureCorticalWidth({ ...base, foramen, mmPerPx: 0.5 })).toMatchObject({
      assessable: false,
      reason: 'resolution-too-low',
    });
  });

  it('when there is nothing but grain', () => {
    const random = createRandom(9);
    const grain = filmOfValues(
      film.columns,
      film.rows,
      Array.from(film.samples, () => 800 + 60 * random()),
    );
    const side = measureCorticalWidth({ ...base, film: grain, foramen: { xPx, yPx, confidence: 0.9 } });
    expect(side.assessable).toBe(false);
    expect(side.reason).toMatch(/border-not-visible|contrast-too-low|margin-unclear/);
  });
});
