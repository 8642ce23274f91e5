import { describe, expect, it } from 'vitest';
import type { VertebraFinding } from '../exam/analysis.ts';
import { forEachPoint } from '../exam/film-scale.ts';
import { bodyPoints, foundBody, foundColumn, type BodyShape } from '../testing/vertebra-shapes.ts';
import type { FoundBody } from './found-spine.ts';
import { measureVertebrae } from './vertebra-findings.ts';
import { lossOf, measureHeights } from './vertebral-heights.ts';
import { LEVELS, type Level } from './vertebral-level.ts';

const FILM = { columns: 400, rows: 500 };

function measured(bodies: readonly FoundBody[], top: Level | null): readonly VertebraFinding[] {
  const places = bodies.map((_, index) => index);
  const topIndex = top === null ? null : LEVELS.indexOf(top);
  return measureVertebrae(bodies, { places, topIndex, confidence: top === null ? null : 0.8 }, FILM);
}

/** L1 to L4 with one shape at L2. */
function withL2(shape: BodyShape, differing: Partial<FoundBody> = {}): VertebraFinding {
  const bodies = foundColumn([{}, shape, {}, {}], (index) => (index === 1 ? differing : {}));
  return measured(bodies, 'L1')[1]!;
}

describe('the heights of a vertebral body', () => {
  it('are the distances of the pairs of points, whatever way the picture is turned', () => {
    const errors = forEachPoint(() => 0.3);
    for (const turnDegrees of [0, 37, 180]) {
      const heights = measureHeights(
        bodyPoints({ anterior: 21, middle: 25, posterior: 30, turnDegrees }),
        errors,
      );
      expect(heights.anterior.value).toBeCloseTo(21, 6);
      expect(heights.middle.value).toBeCloseTo(25, 6);
      expect(heights.posterior.value).toBeCloseTo(30, 6);
      expect(heights.posterior.error).toBeCloseTo(0.3 * Math.SQRT2, 9);
    }
  });

  it('give a loss whose error is that of both heights, as drawn at random', () => {
    const [height, whole] = [
      { value: 21, error: 0.5 },
      { value: 30, error: 0.7 },
    ];
    const loss = lossOf(height, whole);
    expect(loss.value).toBeCloseTo(30, 9);
    // 40,000 draws of (21 + 0.5 z1) / (30 + 0.7 z2), z from a sum of evenly spread phases.
    let state = 1;
    const uniform = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    const draws = Array.from(
      { length: 40_000 },
      () => 100 * (1 - (21 + 0.5 * normal()) / (30 + 0.7 * normal())),
    );
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
    const spread = Math.sqrt(draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / draws.length);
    expect(loss.error / spread).toBeCloseTo(1, 1);
  });
});

describe('the finding of a vertebral body', () => {
  it('of even bodies is grade 0 from T4 to L4', () => {
    const column = measured(foundColumn([{}, {}, {}, {}]), 'L1');
    expect(column.map(({ level, genantGrade, deformity }) => [level, genantGrade, deformity])).toEqual([
      ['L1', 0, 'none'],
      ['L2', 0, 'none'],
      ['L3', 0, 'none'],
      ['L4', 0, 'none'],
    ]);
    expect(column.every(({ assessable, reason }) => assessable && reason === null)).toBe(true);
  });

  it.each([
    [{ anterior: 21 }, 'wedge', 30, 2],
    [{ middle: 16.5 }, 'biconcave', 45, 3],
    [{ anterior: 24, middle: 23.4 }, 'biconcave', 22, 1],
    [{ anterior: 30, middle: 30, posterior: 30 }, 'none', 0, 0],
  ] as const)('of the shape %o is %s', (shape, deformity, lossPercent, genantGrade) => {
    const found = withL2(shape);
    expect(found).toMatchObject({ deformity, genantGrade, assessable: true });
    if (deformity !== 'none') expect(found.lossPercent?.[deformity]).toBeCloseTo(lossPercent, 6);
  });

  it('compares a crushed body with its neighbour above, by what the levels usually measure', () => {
    const found = withL2({ posterior: 19.5 });
    expect(found).toMatchObject({ deformity: 'crush', genantGrade: 2 });
    // L1 stands 30 high, so L2 should stand 30 * 30.48 / 30.24.
    expect(found.lossPercent?.crush).toBeCloseTo(100 * (1 - 19.5 / ((30 * 30.48) / 30.24)), 6);
    // Two neighbours differ by 3.8 % of themselves between people, besides what the points add.
    expect(found.lossErrorPercent?.crush).toBeGreaterThan(3.8 * (19.5 / 30.24));
  });

  it('takes the growth from level to level for no loss', () => {
    // T10 stands as high as the usual ratio to T9 asks: grade and crush are nil.
    const usual = [24.3, 25.4, 26.8, 28.65, 30.24].map((posterior) => ({
      posterior,
      anterior: posterior * 0.95,
    }));
    for (const { lossPercent, genantGrade } of measured(foundColumn(usual), 'T9')) {
      expect(lossPercent?.crush).toBeCloseTo(0, 6);
      expect(genantGrade).toBe(0);
    }
  });

  it('does not measure one fractured body by another', () => {
    const bodies = foundColumn([{}, { posterior: 18 }, { posterior: 18 }, {}]);
    const column = measured(bodies, 'L1');
    expect(column.map(({ deformity }) => deformity)).toEqual(['none', 'crush', 'crush', 'none']);
  });

  it('has no crush where every other body is deformed, and says so', () => {
    const column = measured(foundColumn([{ anterior: 20 }, { anterior: 20 }, { anterior: 20 }]), 'L1');
    for (const { lossPercent, remarks, genantGrade } of column) {
      expect(lossPercent?.crush).toBeNull();
      expect(remarks).toContain('no-reference-vertebra');
      expect(genantGrade).toBe(2);
    }
  });

  it('of L5 and of T3 has losses and no grade', () => {
    const lumbar = measured(foundColumn([{}, {}, { posterior: 24, anterior: 32 }]), 'L3');
    expect(lumbar[2]).toMatchObject({
      level: 'L5',
      reason: 'level-not-graded',
      genantGrade: null,
      assessable: true,
    });
    expect(lumbar[2]?.lossPercent?.wedge).toBeLessThan(0);
    const thoracic = measured(foundColumn([{}, {}, {}]), 'T3');
    expect(thoracic[0]).toMatchObject({ level: 'T3', reason: 'level-outside-range', genantGrade: null });
    expect(thoracic[1]).toMatchObject({ level: 'T4', reason: null, genantGrade: 0 });
  });

  it('of a body that is lower behind by nature is no crush', () => {
    const column = measured(foundColumn([{}, {}, {}, { posterior: 22, middle: 26, anterior: 30 }]), 'L1');
    expect(column[3]).toMatchObject({ level: 'L4', genantGrade: 0, deformity: 'none' });
    expect(column[3]?.remarks).toContain('posterior-wedge');
    expect(column[3]?.lossPercent?.crush).toBeGreaterThan(20);
  });

  it('is graded under a relative name where the level is not known', () => {
    const column = measured(foundColumn([{}, { anterior: 20 }, {}]), null);
    expect(column.map(({ level, genantGrade }) => [level, genantGrade])).toEqual([
      ['V1', 0],
      ['V2', 2],
      ['V3', 0],
    ]);
    expect(column[1]?.levelConfidence).toBeNull();
  });

  it('is none for a body with a missing corner, at the rim or unclear, and none of them measures another', () => {
    const unsure = { ...forEachPoint(() => 0.9), inferiorPosterior: 0.1 };
    const refused = [
      withL2({ anterior: 10 }, { pointConfidences: unsure }),
      withL2({ anterior: 10 }, { pointErrorsPx: { ...forEachPoint(() => 0.4), inferiorPosterior: 10 } }),
      withL2({ anterior: 10, centre: [19, 78] }),
      withL2({ anterior: 10 }, { isClear: false }),
    ];
    expect(refused.map(({ reason }) => reason)).toEqual([
      'point-uncertain',
      'point-uncertain',
      'cut-off',
      'body-unclear',
    ]);
    for (const { assessable, genantGrade, lossPercent, heightsPx } of refused) {
      expect([assessable, genantGrade, lossPercent, heightsPx]).toEqual([false, null, null, null]);
    }
  });

  it('tells a middle height of two contours and does not grade it', () => {
    const pointErrorsPx = { ...forEachPoint(() => 0.4), superiorMiddle: 2.5 };
    const found = withL2({ middle: 20 }, { pointErrorsPx });
    expect(found).toMatchObject({ genantGrade: 0, deformity: 'none' });
    expect(found.remarks).toContain('double-contour');
    expect(found.lossPercent?.biconcave).toBeCloseTo(33.3, 1);
  });

  it('says that a loss lies within its error of a boundary', () => {
    expect(withL2({ anterior: 30 * 0.805 }).remarks).toContain('near-grade-boundary');
    expect(withL2({ anterior: 30 * 0.9 }).remarks).not.toContain('near-grade-boundary');
  });

  it('tells a mild wedge between straight endplates at T12 from one with a depressed endplate, and from one at L3', () => {
    const wedge = { anterior: 23, middle: 26.5 };
    const at = (level: Level, shape: BodyShape) =>
      measured([foundBody({ centre: [100, 40], ...shape }), foundBody({ centre: [100, 78] })], level)[0]!;
    expect(at('T12', wedge)).toMatchObject({ genantGrade: 1, deformity: 'wedge' });
    expect(at('T12', wedge).remarks).toContain('short-anterior-height-normal');
    expect(at('T12', { ...wedge, middle: 23.5, upperDepressionPx: 2 }).remarks).not.toContain(
      'short-anterior-height-normal',
    );
    expect(at('L3', wedge).remarks).not.toContain('short-anterior-height-normal');
    expect(at('T12', { ...wedge, anterior: 22 }).remarks).not.toContain('short-anterior-height-normal');
  });

  it('says that one endplate only is depressed', () => {
    const shape = { middle: 26, upperDepressionPx: 2 };
    expect(withL2(shape).remarks).toContain('one-endplate-depressed');
    expect(withL2({ middle: 22 }).remarks).not.toContain('one-endplate-depressed');
  });
});
