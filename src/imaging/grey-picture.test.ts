import { describe, expect, it } from 'vitest';
import { filmOfValues } from '../testing/value-films.ts';
import { cutFilm, greyPicture } from './grey-picture.ts';

const wedge = filmOfValues(
  64,
  32,
  Array.from({ length: 64 * 32 }, (_, i) => 10 * (i % 64) - 200),
);

describe('a film as a grey picture', () => {
  it('runs from its own black to its own white', () => {
    const { pixels } = greyPicture(wedge, { columns: 64, rows: 32 });
    expect([pixels[0], pixels[63]]).toEqual([0, 255]);
    expect(pixels[32]).toBeCloseTo((255 * 32) / 63, -1);
  });

  it('keeps a slope a slope at half and at twice its size', () => {
    for (const columns of [32, 128]) {
      const { pixels } = greyPicture(wedge, { columns, rows: columns / 2 });
      const line = [...pixels.subarray(columns * 3, columns * 4)];
      expect(line).toEqual([...line].sort((a, b) => a - b));
      expect(line[columns / 2]).toBeGreaterThan(120);
      expect(line[columns / 2]).toBeLessThan(135);
    }
  });

  it('shows a part in greys of its own', () => {
    const part = cutFilm(wedge, { left: 20, top: 4, columns: 8, rows: 8 });
    const { pixels } = greyPicture(part, { columns: 16, rows: 16 });
    expect(pixels).toHaveLength(256);
    expect([pixels[0], pixels[15]]).toEqual([0, 255]);
  });

  it('makes of a flat film a flat picture', () => {
    const flat = filmOfValues(30, 20, new Array<number>(600).fill(7));
    for (const columns of [11, 90]) {
      expect(new Set(greyPicture(flat, { columns, rows: 5 }).pixels).size).toBe(1);
    }
  });
});
