import { describe, expect, it } from 'vitest';
import type { PointPx } from '../../src/exam/film.ts';
import type { SixPoints } from '../../src/measure/body-frame.ts';
import { matchBodies, overlapOf } from './body-matching.ts';

/** A body of 40 x 30 pixels whose front is to the left, or to the right where it is turned. */
function body(left: number, top: number, facing: 'left' | 'right' = 'left', width = 40): SixPoints {
  const [front, back] = facing === 'left' ? [left, left + width] : [left + width, left];
  const at = (x: number, y: number): PointPx => [x, top + y];
  const middle = left + width / 2;
  return {
    superiorAnterior: at(front, 0),
    superiorMiddle: at(middle, 0),
    superiorPosterior: at(back, 0),
    inferiorAnterior: at(front, 30),
    inferiorMiddle: at(middle, 30),
    inferiorPosterior: at(back, 30),
  };
}

describe('the overlap of two outlines', () => {
  it('is what they share of what both cover, whichever way they face', () => {
    expect(overlapOf(body(0, 0), body(0, 0))).toBe(1);
    expect(overlapOf(body(0, 0), body(0, 0, 'right'))).toBe(1);
    expect(overlapOf(body(0, 0), body(20, 0))).toBeCloseTo(1 / 3, 12);
    expect(overlapOf(body(0, 0, 'right'), body(0, 15))).toBeCloseTo(1 / 3, 12);
    expect(overlapOf(body(0, 0), body(50, 0))).toBe(0);
    // A smaller outline inside a larger one.
    expect(overlapOf(body(0, 0), body(10, 0, 'left', 20))).toBeCloseTo(0.5, 12);
  });
});

describe('finds and labels', () => {
  it('are paired by the largest overlap, one find a body, and the second find of a body is a double', () => {
    const labels = [body(0, 0), body(0, 40)];
    const finds = [body(6, 2), body(1, 41), body(0, 1)];
    expect(matchBodies(labels, finds, [])).toMatchObject({ findOf: [2, 1], doubled: [0], offBody: [] });
  });

  it('do not pair when the centre lies more than half a body away', () => {
    expect(matchBodies([body(0, 0)], [body(21, 0)], [])).toMatchObject({ findOf: [null], offBody: [0] });
    expect(matchBodies([body(0, 0)], [body(19, 0)], [])).toMatchObject({ findOf: [0], offBody: [] });
  });

  it('what lies on a body that can be seen is not false, and the sacrum is told apart', () => {
    const visible = [
      { centrePx: [20, 15] as PointPx, heightPx: 30, isSacrum: false },
      { centrePx: [20, 95] as PointPx, heightPx: 30, isSacrum: true },
    ];
    const finds = [body(4, 0), body(0, 82), body(200, 0)];
    expect(matchBodies([], finds, visible)).toEqual({
      ...{ findOf: [], onVisible: [0], onSacrum: [1], doubled: [], offBody: [2] },
    });
  });
});
