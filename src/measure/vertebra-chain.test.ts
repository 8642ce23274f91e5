import { describe, expect, it } from 'vitest';
import { bodyPoints, finderGrid, UNSCALED, type BodyShape } from '../testing/vertebra-shapes.ts';
import { bodyFrame, CORNERS, distancePx } from './body-frame.ts';
import { findChain } from './vertebra-chain.ts';

const LIMITS = { centre: 0.3, sacrum: 0.3 };

/** A lumbar spine with its curve, from the top. */
const CURVE: readonly BodyShape[] = [0, 1, 2, 3, 4].map((index) => ({
  centre: [180 + 6 * (index - 2) ** 2, 100 + 44 * index],
  turnDegrees: -12 * (index - 2) * 0.5,
  widthPx: 46 + 2 * index,
  posterior: 34,
}));

function chainOf(shapes: readonly BodyShape[], ...[more, sacrum]: [BodyShape[]?, [number, number]?]) {
  const bodies = [...shapes, ...(more ?? [])].map((shape) => ({ points: bodyPoints(shape) }));
  return findChain(finderGrid(bodies, sacrum ?? null), UNSCALED, LIMITS);
}

describe('the chain of vertebral bodies', () => {
  it('has the corners of every body, from top to bottom, to a fraction of a pixel', () => {
    const chain = chainOf(CURVE);
    expect(chain).toMatchObject({ facing: 'left', facingConfidence: 1, sacrum: null });
    expect(chain?.bodies).toHaveLength(5);
    chain?.bodies.forEach(({ corners }, index) => {
      const truth = bodyPoints(CURVE[index]);
      for (const corner of CORNERS) expect(distancePx(corners[corner], truth[corner])).toBeLessThan(0.2);
    });
  });

  it('speaks of pixels of the film, not of the canvas', () => {
    const grid = finderGrid(CURVE.map((shape) => ({ points: bodyPoints(shape) })));
    const input = { ...UNSCALED, scaleColumns: 0.25, scaleRows: 0.2, left: 30, top: 10 };
    const corners = findChain(grid, input, LIMITS)?.bodies[0]?.corners.superiorAnterior ?? [NaN, NaN];
    const [x, y] = bodyPoints(CURVE[0]).superiorAnterior;
    expect(corners[0]).toBeCloseTo((x - 30 + 0.5) / 0.25 - 0.5, 0);
    expect(corners[1]).toBeCloseTo((y - 10 + 0.5) / 0.2 - 0.5, 0);
  });

  it('drops a find that lies beside the spine', () => {
    const chain = chainOf(CURVE, [{ centre: [60, 200], widthPx: 48, posterior: 34 }]);
    expect(chain?.bodies).toHaveLength(5);
    expect(chain?.bodies.every(({ corners }) => corners.superiorAnterior[0] > 120)).toBe(true);
  });

  it('drops the weaker of two finds on one body', () => {
    const [first] = CURVE;
    const doubled = [
      ...CURVE.map((shape) => ({ points: bodyPoints(shape) })),
      {
        points: bodyPoints({ ...first, centre: [first!.centre![0] + 8, first!.centre![1] + 9] }),
        confidence: 0.5,
      },
    ];
    expect(findChain(finderGrid(doubled), UNSCALED, LIMITS)?.bodies).toHaveLength(5);
  });

  it('goes on over a body that was missed', () => {
    expect(chainOf(CURVE.filter((_, index) => index !== 2))?.bodies).toHaveLength(4);
  });

  it('goes on over a body that has lost half of its height', () => {
    const crushed = CURVE.map((shape, index) =>
      index === 2 ? { ...shape, posterior: 17, anterior: 14 } : shape,
    );
    expect(chainOf(crushed)?.bodies).toHaveLength(5);
  });

  it('ends above the sacrum', () => {
    const s1: BodyShape = { centre: [212, 316], turnDegrees: -35, widthPx: 48, posterior: 30 };
    expect(chainOf(CURVE, [s1])?.bodies).toHaveLength(6);
    const chain = chainOf(CURVE, [s1], [206, 304]);
    expect(chain?.bodies).toHaveLength(5);
    expect(chain?.sacrum?.confidence).toBeCloseTo(0.9, 1);
    expect(distancePx(chain?.sacrum?.point ?? [0, 0], [206, 304])).toBeLessThan(1);
  });

  it('faces where most of its bodies face, and turns the others round', () => {
    const mixed = CURVE.map(
      (shape, index) => ({ ...shape, facing: index === 1 ? 'left' : 'right' }) as const,
    );
    const chain = chainOf(mixed);
    expect(chain?.facing).toBe('right');
    expect(chain?.facingConfidence).toBeCloseTo(0.8, 1);
    expect(chain?.bodies.every(({ corners }) => bodyFrame(corners).backward[0] < 0)).toBe(true);
  });

  it('is none of two bodies, and none of an empty answer', () => {
    expect(chainOf(CURVE.slice(0, 2))).toBeNull();
    expect(chainOf([])).toBeNull();
  });
});
