import { describe, expect, it } from 'vitest';
import type { SpineFigures } from './spine-figures.ts';
import { judgeFigures } from './spine-targets.ts';

const SPEED = { totalMs: 350 } as SpineFigures['speed'];
const CT = { largestDifferencePoints: null } as SpineFigures['ct'];

describe('the figures beside what they were to reach', () => {
  it('a part that did not run is neither met nor missed', () => {
    expect(judgeFigures({}).every(({ met, value }) => met === null && value === null)).toBe(true);
  });

  it('a bound that is just reached is met, and what could not be reckoned is not', () => {
    const judged = judgeFigures({ ...(SPEED && { speed: SPEED }), ...(CT && { ct: CT }) });
    const named = (start: string) => judged.find(({ name }) => name.startsWith(start));
    expect(named('speed')).toMatchObject({ value: 350, met: true });
    expect(named('real CT')).toMatchObject({ value: null, met: false });
  });
});
