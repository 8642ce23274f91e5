import { describe, expect, it } from 'vitest';
import { bodyFrame, type BodyCorners } from './body-frame.ts';
import { fitsChain, nextSteps } from './vertebra-walk.ts';

/** A body of 40 x 30 pixels with its front to the left. */
function bodyAt(x: number, y: number): BodyCorners {
  return {
    superiorAnterior: [x - 20, y - 15],
    superiorPosterior: [x + 20, y - 15],
    inferiorAnterior: [x - 20, y + 15],
    inferiorPosterior: [x + 20, y + 15],
  };
}

const centres = (chain: readonly BodyCorners[]) =>
  nextSteps(chain).map(({ corners }) => bodyFrame(corners).centrePx);

describe('the walk along a chain of vertebrae', () => {
  it('looks one body above the top and one below the bottom, and another one further', () => {
    expect(centres([bodyAt(100, 100), bodyAt(104, 137)])).toEqual([
      [96, 63],
      [92, 26],
      [108, 174],
      [112, 211],
    ]);
  });

  it('looks into a gap next to the upper body', () => {
    const steps = nextSteps([bodyAt(100, 100), bodyAt(100, 211)]);
    expect(steps.map(({ index }) => index)).toEqual([0, 0, 1, 2, 2]);
    expect(bodyFrame(steps[2]?.corners ?? bodyAt(0, 0)).centrePx[1]).toBeCloseTo(137, 5);
  });

  it('goes on turning with the spine', () => {
    const turned = (corners: BodyCorners, angle: number): BodyCorners => {
      const turn = ([x, y]: readonly [number, number]) =>
        [Math.cos(angle) * x - Math.sin(angle) * y, Math.sin(angle) * x + Math.cos(angle) * y] as const;
      return {
        superiorAnterior: turn(corners.superiorAnterior),
        superiorPosterior: turn(corners.superiorPosterior),
        inferiorAnterior: turn(corners.inferiorAnterior),
        inferiorPosterior: turn(corners.inferiorPosterior),
      };
    };
    const circle = [0, 0.1, 0.2].map((angle) => turned(bodyAt(400, 0), angle));
    const below = nextSteps(circle).at(-2);
    const wanted = bodyFrame(turned(bodyAt(400, 0), 0.3)).centrePx;
    const found = bodyFrame(below?.corners ?? bodyAt(0, 0)).centrePx;
    expect(Math.hypot(found[0] - wanted[0], found[1] - wanted[1])).toBeLessThan(2);
  });

  it('takes a body that stands where it should, and none that overlaps, is much larger, far off or turned', () => {
    const chain = [bodyAt(100, 100), bodyAt(100, 137)];
    const step = { corners: bodyAt(100, 174), index: 2, nearerPx: null };
    expect(fitsChain(chain, step, bodyAt(101, 173))).toBe(true);
    expect(fitsChain(chain, step, bodyAt(101, 145))).toBe(false);
    expect(fitsChain(chain, step, bodyAt(101, 220))).toBe(false);
    const wide: BodyCorners = {
      superiorAnterior: [60, 165],
      superiorPosterior: [140, 165],
      inferiorAnterior: [60, 195],
      inferiorPosterior: [140, 195],
    };
    expect(fitsChain(chain, step, wide)).toBe(false);
    const onItsSide: BodyCorners = {
      superiorAnterior: [85, 200],
      superiorPosterior: [85, 160],
      inferiorAnterior: [115, 200],
      inferiorPosterior: [115, 160],
    };
    expect(fitsChain(chain, step, onItsSide)).toBe(false);
  });

  it('looks nowhere from a single body, which has no direction', () => {
    expect(nextSteps([bodyAt(100, 100)])).toEqual([]);
  });
});
