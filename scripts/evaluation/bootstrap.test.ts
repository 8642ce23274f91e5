import { describe, expect, it } from 'vitest';
import { mean } from '../bench/statistics.ts';
import { bootstrapInterval } from './bootstrap.ts';

const NUMBERS = Array.from({ length: 100 }, (_, index) => index);

describe('the bootstrap', () => {
  it('gives about the interval of the mean that theory gives', () => {
    // The standard error of the mean of 0 to 99 is sqrt((100^2 - 1) / 12 / 100) = 2.887.
    const interval = bootstrapInterval(NUMBERS, mean, { seed: 5, rounds: 4000 });
    expect(interval?.[0]).toBeCloseTo(49.5 - 1.96 * 2.887, 0);
    expect(interval?.[1]).toBeCloseTo(49.5 + 1.96 * 2.887, 0);
  });

  it('is the same for the same seed and another for another', () => {
    const draw = (seed: number) => bootstrapInterval(NUMBERS, mean, { seed, rounds: 200 });
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('draws films and not bodies: of one film there is nothing to vary', () => {
    expect(bootstrapInterval([[1, 2, 3]], (films) => mean(films.flat()))).toEqual([2, 2]);
    expect(bootstrapInterval([], (films) => mean(films))).toBeNull();
  });
});
