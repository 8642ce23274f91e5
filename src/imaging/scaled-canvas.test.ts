import { describe, expect, it } from 'vitest';
import { histogramOf } from './histogram.ts';
import { plainFilm } from './prepare-image.ts';
import { fillCanvas, type ScaledCanvas } from './scaled-canvas.ts';

// Two columns and one row: black and white.
const film = plainFilm(2, 1, new Uint8Array([0, 200]));
const CANVAS: ScaledCanvas = {
  ...{ columns: 2, rows: 2, fit: 'stretch', channels: 1, mean: [0], standardDeviation: [1] },
  range: { kind: 'fixed', low: 0, high: 200 },
};

function fill(changes: Partial<ScaledCanvas>, order: 'planes' | 'pixels' = 'planes'): number[] {
  return Array.from(fillCanvas(film, { ...CANVAS, ...changes }, order, histogramOf(film)));
}

describe('the canvas of a network of others', () => {
  it('is filled, or holds the film in its middle with black round it', () => {
    expect(fill({})).toEqual([0, 1, 0, 1]);
    expect(fill({ rows: 3, fit: 'letterbox' })).toEqual([0, 0, 0, 1, 0, 0]);
  });

  it('has a range of fixed values or of percentiles, and what lies beyond is clipped', () => {
    expect(fill({ range: { kind: 'fixed', low: 100, high: 150 } })).toEqual([0, 1, 0, 1]);
    expect(fill({ range: { kind: 'fixed', low: 0, high: 400 } })).toEqual([0, 0.5, 0, 0.5]);
    expect(fill({ range: { kind: 'percentiles', low: 0, high: 100 } })).toEqual([0, 1, 0, 1]);
  });

  it('repeats the grey in three channels, each with its own mean and deviation, in either order', () => {
    const three = { rows: 1, channels: 3 as const, mean: [0, 0.5, 1], standardDeviation: [1, 0.5, 0.25] };
    expect(fill(three)).toEqual([0, 1, -1, 1, -4, 0]);
    expect(fill(three, 'pixels')).toEqual([0, -1, -4, 1, 1, 0]);
  });

  it('is as black round the film as black itself', () => {
    expect(fill({ rows: 3, fit: 'letterbox', mean: [0.5], standardDeviation: [0.5] })).toEqual([
      -1, -1, -1, 1, -1, -1,
    ]);
  });
});
