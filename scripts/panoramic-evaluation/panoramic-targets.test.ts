import { describe, expect, it } from 'vitest';
import type { PanoramicFigures } from './panoramic-figures.ts';
import { judgePanoramic } from './panoramic-targets.ts';

const NOTHING = { medianMm: { value: null }, percentile90Mm: { value: null } };

describe('the panoramic figures beside what they were to reach', () => {
  it('a part that did not run is neither met nor missed', () => {
    expect(judgePanoramic({}).every(({ met, value }) => met === null && value === null)).toBe(true);
  });

  it('a bias to either side counts, and a bound that is just reached is met', () => {
    const value = (mm: number | null) => ({ value: mm, interval95: null });
    const all = { meanAbsoluteErrorMm: value(0.1), biasMm: value(-0.031) };
    const judged = judgePanoramic({ phantoms: { all } } as unknown as PanoramicFigures);
    const named = (start: string) => judged.find(({ name }) => name.startsWith(start));
    expect(named('phantoms: mean')).toMatchObject({ value: 0.1, met: true });
    expect(named('phantoms: bias')).toMatchObject({ value: 0.031, met: false });
  });

  it('four films of 89 may be refused, five not', () => {
    const judge = (count: number) =>
      judgePanoramic({
        border: { ...NOTHING, refusedFilms: { value: count / 89 } },
      } as unknown as PanoramicFigures).find(({ name }) => name.includes('refused'))?.met;
    expect([judge(4), judge(5)]).toEqual([true, false]);
  });
});
