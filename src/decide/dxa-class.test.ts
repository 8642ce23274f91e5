import { describe, expect, it } from 'vitest';
import { densityClassOf } from './dxa-class.ts';

const only = (lumbarSpine: number) => ({ lumbarSpine, femoralNeck: null, totalHip: null });

describe('the class of a DXA', () => {
  it.each([
    [-0.99, 'normal'],
    [-1, 'normal'],
    [-1.01, 'osteopenia'],
    [-2.49, 'osteopenia'],
    [-2.5, 'osteoporosis'],
    [-4, 'osteoporosis'],
  ] as const)('of a T-score of %d is %s', (score, densityClass) => {
    expect(densityClassOf(only(score), 70)).toBe(densityClass);
  });

  it('is that of the lowest of spine, neck and hip', () => {
    expect(densityClassOf({ lumbarSpine: 0.4, femoralNeck: -2.6, totalHip: -1.2 }, 70)).toBe('osteoporosis');
  });

  it('is not given below 50 years, for an unknown age, or where nothing was measured', () => {
    expect(densityClassOf(only(-3), 49)).toBeNull();
    expect(densityClassOf(only(-3), null)).toBeNull();
    expect(densityClassOf({ lumbarSpine: null, femoralNeck: null, totalHip: null }, 70)).toBeNull();
    expect(densityClassOf(only(-3), 50)).toBe('osteoporosis');
  });
});
