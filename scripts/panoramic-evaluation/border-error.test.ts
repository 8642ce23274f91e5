import { describe, expect, it } from 'vitest';
import { plainFilm } from '../../src/imaging/prepare-image.ts';
import type { PointPx } from '../../src/exam/film.ts';
import { borderErrorPx, meanDistancePx, middleOutline } from './border-error.ts';

const LINE: readonly PointPx[] = [[0, 10], [50, 10], [100, 10]]; // prettier-ignore

describe('the border error', () => {
  it('is the mean distance from the outline to the line, whatever stands on the line besides', () => {
    expect(meanDistancePx([[20, 13], [60, 9], [70, 10]], LINE)).toBeCloseTo(4 / 3, 12); // prettier-ignore
  });

  it('is that of the nearer expert', () => {
    expect(borderErrorPx([[[20, 15]], [[20, 12]]], LINE)).toBe(2);
  });

  it('is no number without an outline, an expert or a line', () => {
    expect(borderErrorPx([], LINE)).toBeNaN();
    expect(meanDistancePx([], LINE)).toBeNaN();
    expect(meanDistancePx([[3, 3]], [])).toBeNaN();
  });

  it('takes the lowest pixel of the mask in the middle 60 % of its width', () => {
    const mask = new Uint8Array(20 * 10);
    for (let x = 5; x <= 15; x += 1) for (let y = 2; y <= 6; y += 1) mask[y * 20 + x] = 255;
    const outline = middleOutline(plainFilm(20, 10, mask));
    expect(outline[0]).toEqual([7, 6]);
    expect(outline.at(-1)).toEqual([13, 6]);
  });
});
