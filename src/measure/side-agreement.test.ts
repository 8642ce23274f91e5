import { describe, expect, it } from 'vitest';
import type { SideMeasurement } from '../exam/analysis.ts';
import type { PointPx } from '../exam/film.ts';
import { compareSides } from './side-agreement.ts';

/** A side whose border rises distally by some degrees; heights and widths in pixels. */
function sideOf(
  side: 'R' | 'L',
  { heightPx = 180, widthPx = 45, degrees = 12, confidence = 0.8, errorPx = 3 },
): SideMeasurement {
  const angle = ((side === 'R' ? 1 : -1) * degrees * Math.PI) / 180;
  const at = (depth: number): PointPx => [1000 + Math.sin(angle) * depth, 1100 - Math.cos(angle) * depth];
  return {
    side,
    assessable: true,
    reason: null,
    foramenPx: at(heightPx),
    foramenConfidence: confidence,
    outerPx: at(0),
    innerPx: at(widthPx),
    widthPx,
    pmi: 0.3,
    uncertaintyPx: errorPx,
    otherWidthPx: null,
    widthsBeside: [],
    mci: null,
  };
}

const reasonsOf = (right: SideMeasurement, left: SideMeasurement) =>
  compareSides(right, left).map(({ reason }) => reason);

describe('the comparison of both sides', () => {
  it('leaves a jaw alone whose sides differ as those of people do, and a tilted head too', () => {
    expect(reasonsOf(sideOf('R', {}), sideOf('L', { widthPx: 60, heightPx: 210 }))).toEqual([null, null]);
    expect(reasonsOf(sideOf('R', { degrees: 22 }), sideOf('L', { degrees: 0 }))).toEqual([null, null]);
    expect(reasonsOf(sideOf('R', { widthPx: 15 }), sideOf('L', { widthPx: 60 }))).toEqual([null, null]);
  });

  it('does not believe the less certain of two foramina at very different heights', () => {
    const low = sideOf('R', { heightPx: 100, widthPx: 30, confidence: 0.3 });
    expect(reasonsOf(low, sideOf('L', {}))).toEqual(['sides-disagree', null]);
    expect(compareSides(low, sideOf('L', {}))[0]).toMatchObject({ assessable: false, widthPx: 30 });
  });

  it('does not believe a border that is no mirror image of the other', () => {
    expect(reasonsOf(sideOf('R', {}), sideOf('L', { degrees: -30 }))).toEqual([null, 'sides-disagree']);
  });

  it('does not believe an implausible width beside a usual one that it differs from', () => {
    expect(reasonsOf(sideOf('R', { widthPx: 88 }), sideOf('L', {}))).toEqual(['sides-disagree', null]);
    expect(reasonsOf(sideOf('R', { widthPx: 88, errorPx: 12 }), sideOf('L', {}))).toEqual([null, null]);
  });

  it('has nothing to say of one side alone', () => {
    const none = { ...sideOf('L', { heightPx: 90 }), assessable: false, reason: 'border-at-rim' };
    expect(reasonsOf(sideOf('R', {}), none)).toEqual([null, 'border-at-rim']);
  });
});
