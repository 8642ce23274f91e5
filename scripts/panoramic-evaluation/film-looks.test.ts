import { describe, expect, it } from 'vitest';
import { createCanvas } from '../phantom/canvas.ts';
import { createSeededRandom } from '../phantom/seeded-random.ts';
import { FILM_LOOKS, type LookedFilm, type PlainJaw } from './film-looks.ts';
import { invertPlacement, placeOnFilm } from './film-placement.ts';
import { greyAt } from './grey-at.ts';

const [COLUMNS, ROWS] = [350, 160];

/** Bone above row 120, air below it. */
function openJaw(): PlainJaw {
  const canvas = createCanvas(COLUMNS, ROWS, 0.2, 0);
  canvas.values.fill(0.2).fill(0.6, 0, 120 * COLUMNS);
  const outline = Array.from({ length: 300 }, (_, index) => [25 + index, 119] as const);
  return { canvas, outline, sites: [[100, 119], [250, 119]] }; // prettier-ignore
}

function apply(name: string, seed = 5): LookedFilm {
  const look = FILM_LOOKS.find((one) => one.name === name);
  if (look === undefined) throw new Error(`no look ${name}`);
  return look.apply(openJaw(), createSeededRandom(seed));
}

/** A loop, for a matcher takes seconds for so many values. */
function isSame(one: Float32Array, other: Float32Array): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}

function differing(one: LookedFilm, other: LookedFilm): number {
  return one.canvas.values.filter((value, index) => value !== other.canvas.values[index]).length;
}

describe('the looks', () => {
  it('leave the film that they are made from as it is, and are the same for the same seed', () => {
    for (const look of FILM_LOOKS) {
      const jaw = openJaw();
      const before = jaw.canvas.values.slice();
      const first = look.apply(jaw, createSeededRandom(3));
      expect(isSame(jaw.canvas.values, before), look.name).toBe(true);
      const again = look.apply(jaw, createSeededRandom(3));
      expect(isSame(again.canvas.values, first.canvas.values), look.name).toBe(true);
      expect(
        first.canvas.values.every((value) => Number.isFinite(value)),
        look.name,
      ).toBe(true);
    }
  });

  it('show the same bone at the place that they say, where they move it', () => {
    for (const name of ['smaller', 'larger', 'tilted-right', 'tilted-left', 'sheared', 'black-frame']) {
      const { canvas, placement } = apply(name);
      const toPicture = invertPlacement(placement);
      const grey = (row: number): number => greyAt(canvas, ...placeOnFilm(toPicture, [175, row]));
      expect(
        [grey(110), grey(130)].map((value) => value.toFixed(2)),
        name,
      ).toEqual(['0.60', '0.20']);
    }
  });

  it('say the scale of the detector that made the picture, or none', () => {
    expect(apply('smaller').canvas.mmPerPx).toBeCloseTo(0.2 / 0.6, 9);
    expect(apply('larger').canvas).toMatchObject({ columns: 490, rows: 224 });
    expect(apply('tilted-left').canvas.mmPerPx).toBeCloseTo(0.2, 9);
    expect(apply('no-scale').hasScale).toBe(false);
    expect(apply('twelve-bit').bits).toBe(12);
  });

  it('turn the grey scale over, and cut the film off above or below the sites', () => {
    expect(apply('inverted').canvas.values[0]).toBeCloseTo(0.4, 6);
    expect(apply('chin-cut').canvas.rows).toBeLessThan(119);
    expect(apply('chin-trimmed').canvas.rows).toBe(129);
  });

  it('cross the border with shadows and lay metal over the bone, where they are called so', () => {
    const plain = apply('no-scale');
    const least = {
      hyoid: 120,
      airway: 500,
      implants: 500,
      plate: 300,
      markers: 120,
      'gain-seams': 5000,
    };
    for (const [name, pixels] of Object.entries(least))
      expect(differing(apply(name), plain), name).toBeGreaterThan(pixels);
    expect(apply('plate').canvas.values.some((value) => value > 1.2)).toBe(true);
    expect(apply('airway').canvas.values.some((value) => value < 0.15)).toBe(true);
  });
});
