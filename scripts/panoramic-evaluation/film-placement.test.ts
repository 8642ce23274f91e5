import { describe, expect, it } from 'vitest';
import { enlargedBy, invertPlacement, placeOnFilm, shiftedBy, tiltedAbout } from './film-placement.ts';

describe('where a picture lies on its film', () => {
  it('comes back to the same point by the inverse', () => {
    for (const placement of [enlargedBy(0.6), shiftedBy(-60, 20), tiltedAbout([700, 300], 4, 0.07, 50)]) {
      const [x, y] = placeOnFilm(invertPlacement(placement), placeOnFilm(placement, [123.4, 567.8]));
      expect(x).toBeCloseTo(123.4, 9);
      expect(y).toBeCloseTo(567.8, 9);
    }
  });

  it('keeps the centre of a tilted film, moved by the border that was added', () => {
    const [x, y] = placeOnFilm(tiltedAbout([700, 300], -4, 0.05, 50), [750, 350]);
    expect(x).toBeCloseTo(700, 9);
    expect(y).toBeCloseTo(300, 9);
  });

  it('lays the corners of the outermost pixels upon each other where the size differs', () => {
    expect(placeOnFilm(enlargedBy(0.5), [-0.5, -0.5])).toEqual([-0.5, -0.5]);
    expect(placeOnFilm(enlargedBy(0.5), [99.5, 49.5])).toEqual([199.5, 99.5]);
  });

  it('turns by the angle and shears across', () => {
    const [x, y] = placeOnFilm(tiltedAbout([0, 0], 90, 0, 0), [10, 0]);
    expect([x, y].map((value) => Math.round(value))).toEqual([0, 10]);
    expect(placeOnFilm(tiltedAbout([0, 0], 0, 0.1, 0), [0, 10])).toEqual([1, 10]);
  });
});
