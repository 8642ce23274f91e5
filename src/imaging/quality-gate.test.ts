import { describe, expect, it } from 'vitest';
import type { Film } from '../exam/film.ts';
import { filmOfValues } from '../testing/value-films.ts';
import { assessQuality } from './quality-gate.ts';

function filmOf(columns: number, rows: number, valueAt: (i: number) => number): Film {
  return filmOfValues(
    columns,
    rows,
    Array.from({ length: columns * rows }, (_, i) => valueAt(i)),
  );
}

describe('the quality gate', () => {
  it('lets an ordinary film through without a word, with a black surround', () => {
    const film = filmOf(800, 400, (i) => (i % 800 < 300 ? 0 : (i * 37) % 4000));
    expect(assessQuality(film)).toEqual({ usable: true, problems: [] });
  });

  it.each([
    ['too-small', filmOf(200, 100, (i) => i % 255)],
    ['flat-image', filmOf(800, 400, () => 12)],
    ['flat-image', filmOf(800, 400, (i) => (i === 5 ? 200 : 0))],
    ['mostly-clipped', filmOf(800, 400, (i) => Math.min(255, i % 700))],
  ] as const)('stops a film that is %s', (problem, film) => {
    const quality = assessQuality(film);
    expect(quality.usable).toBe(false);
    expect(quality.problems).toContain(problem);
  });

  it.each([
    ['partly-clipped', filmOf(800, 400, (i) => Math.min(255, i % 320))],
    ['few-grey-levels', filmOf(800, 400, (i) => i % 12)],
  ] as const)('notes that a film is %s but lets it through', (problem, film) => {
    expect(assessQuality(film)).toEqual({ usable: true, problems: [problem] });
  });
});
