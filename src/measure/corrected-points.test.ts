import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReportedSide, VertebraFinding } from '../exam/analysis.ts';
import { VERTEBRA_POINTS } from '../exam/analysis.ts';
import type { PointPx } from '../exam/film.ts';
import { exampleReport, TALKATIVE_SIDE } from '../testing/example-report.ts';
import { foundColumn } from '../testing/vertebra-shapes.ts';
import { correctSide, moveSidePoint, sidePointsOf, startingPoints } from './corrected-side.ts';
import { correctVertebrae, possibleLevels, renameLevels, vertebraPointsOf } from './corrected-vertebra.ts';
import { measureVertebrae } from './vertebra-findings.ts';
import { LEVELS } from './vertebral-level.ts';

const FILM = { columns: 2000, rows: 4000 };

function sidesOf(options: Parameters<typeof exampleReport>[0] = {}): readonly ReportedSide[] {
  return exampleReport({ rightSide: TALKATIVE_SIDE, ...options }).analysis.panoramic?.sides ?? [];
}

/** A chain from T10 to L4 with wedges of these losses, named from the top. */
function chain(losses: readonly number[]): readonly VertebraFinding[] {
  const bodies = foundColumn(losses.map((percent) => ({ anterior: 30 * (1 - percent / 100) })));
  const places = losses.map((_, index) => index);
  return measureVertebrae(bodies, { places, topIndex: LEVELS.indexOf('T10'), confidence: 0.9 }, FILM);
}

describe('points that a person set on a side', () => {
  it('that are the measured ones give the measured values to the last digit', () => {
    const width = fc.double({ min: 8, max: 60, noNaN: true });
    const pmi = fc.option(fc.double({ min: 0.05, max: 0.6, noNaN: true }));
    fc.assert(
      fc.property(width, width, pmi, (right, left, index) => {
        for (const side of sidesOf({ widthPx: { R: right, L: left }, pmi: index })) {
          expect(correctSide(side, sidePointsOf(side))).toEqual(side);
        }
      }),
    );
  });

  it('give the width between border and margin, and the index by the lower margin of the foramen', () => {
    const [right] = sidesOf({ widthPx: { R: 30, L: 30 }, pmi: 0.25 }) as [ReportedSide];
    const points = sidePointsOf(right);
    const [x, y] = points.innerPx ?? [0, 0];
    const [outerX, outerY] = points.outerPx ?? [0, 0];
    const wider: PointPx = [x + 0.2 * (x - outerX), y + 0.2 * (y - outerY)];
    const corrected = correctSide(right, moveSidePoint(points, 'innerPx', wider));
    expect(corrected.widthPx).toBeCloseTo(36, 9);
    expect(corrected.pmi).toBeCloseTo(0.3, 9);
    // What was said of the measured margin is not said of a person's.
    expect(corrected).toMatchObject({ uncertaintyPx: null, otherWidthPx: null, widthsBeside: [] });
    expect(corrected.mci).toEqual(right.mci);
  });

  it('take the lower margin of the foramen with its centre', () => {
    const [right] = sidesOf() as [ReportedSide];
    const points = sidePointsOf(right);
    const [x, y] = points.foramenPx ?? [0, 0];
    const [marginX, marginY] = points.foramenMarginPx ?? [0, 0];
    const moved = moveSidePoint(points, 'foramenPx', [x + 7, y - 12]);
    expect(moved.foramenMarginPx).toEqual([marginX + 7, marginY - 12]);
    expect(correctSide(right, moved).widthPx).toBe(right.widthPx);
  });

  it('can set a side aside, and can measure one that was not found', () => {
    const [right, left] = sidesOf({ widthPx: { R: 28, L: null } }) as [ReportedSide, ReportedSide];
    const aside = correctSide(right, { ...sidePointsOf(right), assessable: false });
    expect(aside).toMatchObject({ assessable: false, reason: 'side-set-aside', widthPx: right.widthPx });
    const placed = startingPoints('L', sidePointsOf(right), { columns: 2800, rows: 1244 });
    const found = correctSide(left, placed);
    expect(found).toMatchObject({ assessable: true, reason: null });
    expect(found.widthPx).toBeCloseTo(28, 9);
    expect(found.outerPx).toEqual([2799 - (right.outerPx?.[0] ?? 0), right.outerPx?.[1]]);
  });
});

describe('points that a person set on vertebrae', () => {
  it('change nothing where nothing was corrected, and no measured number where they are the measured ones', () => {
    const losses = fc.array(fc.integer({ min: 0, max: 45 }), { minLength: 4, maxLength: 7 });
    fc.assert(
      fc.property(losses, fc.nat(6), (percents, at) => {
        const vertebrae = chain(percents);
        expect(correctVertebrae({ vertebrae }, [], FILM).vertebrae).toBe(vertebrae);
        const body = vertebrae[at % vertebrae.length];
        if (body === undefined) return;
        const { vertebrae: touched, levels } = correctVertebrae(
          { vertebrae },
          [vertebraPointsOf(body)],
          FILM,
        );
        expect(levels).toEqual([body.level]);
        const numbers = ({ level, heightsPx, lossPercent, genantGrade }: VertebraFinding) => ({
          ...{ level, heightsPx, lossPercent, genantGrade },
        });
        expect(touched.map(numbers)).toEqual(vertebrae.map(numbers));
      }),
    );
  });

  it('give the heights, the losses and the grade of the moved points, with the error of a reader', () => {
    const vertebrae = chain([0, 0, 0, 0, 0]);
    const [, , body] = vertebrae;
    if (body === undefined) throw new Error('the chain has a third body');
    const points = vertebraPointsOf(body);
    const [x, y] = points.pointsPx.superiorAnterior;
    const height = body.heightsPx?.anterior ?? 0;
    const lower: PointPx = [x, y + 0.3 * height];
    const moved = { ...points, pointsPx: { ...points.pointsPx, superiorAnterior: lower } };
    const corrected = correctVertebrae({ vertebrae }, [moved], FILM).vertebrae[2];
    expect(corrected?.lossPercent?.wedge).toBeCloseTo(30, 0);
    expect(corrected).toMatchObject({ level: 'T12', genantGrade: 2, deformity: 'wedge', confidence: 1 });
    expect(corrected?.lossErrorPercent?.wedge).toBeLessThan(5);
    expect(VERTEBRA_POINTS.map((name) => corrected?.pointConfidences[name])).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('are found again by their place when another model counts the bodies otherwise', () => {
    const vertebrae = chain([0, 0, 35, 0, 0]);
    const correction = { ...vertebraPointsOf(vertebrae[2]!), assessable: false };
    const fewer = correctVertebrae({ vertebrae: vertebrae.slice(1) }, [correction], FILM);
    expect(fewer.levels).toEqual(['T12']);
    expect(fewer.vertebrae[1]).toMatchObject({ reason: 'vertebra-set-aside', genantGrade: null });
    const gone = correctVertebrae({ vertebrae: vertebrae.slice(3) }, [correction], FILM);
    expect(gone.lost).toEqual([correction]);
  });

  it('name a body, and the others are counted from it', () => {
    const vertebrae = chain([0, 0, 0]);
    const levels = vertebrae.map(({ level }) => level);
    expect(renameLevels(vertebrae, levels, 1, 'L1')).toEqual(['T12', 'L1', 'L2']);
    expect(possibleLevels(vertebrae, levels, 1)).toEqual(LEVELS.slice(1, -1));
    const named = vertebrae.map((body, index) => ({
      ...vertebraPointsOf(body),
      level: renameLevels(vertebrae, levels, 1, 'L1')[index] ?? '',
    }));
    const renamed = correctVertebrae({ vertebrae }, named, FILM).vertebrae;
    expect(renamed.map(({ level, levelConfidence }) => [level, levelConfidence])).toEqual([
      ['T12', 1],
      ['L1', 1],
      ['L2', 1],
    ]);
  });
});
