import { describe, expect, it } from 'vitest';
import type { GenantGrade, VertebraFinding } from '../../src/exam/analysis.ts';
import type { PointPx } from '../../src/exam/film.ts';
import { forEachPoint } from '../../src/exam/film-scale.ts';
import { gradeOfLoss } from '../../src/exam/vertebral-deformity.ts';
import { compareFilm } from './film-comparison.ts';
import { summariseFilms } from './finding-figures.ts';
import { summariseGrading } from './grading-figures.ts';
import type { SimulatedBody } from './simulated-truth.ts';

/** A body of 40 x 30 pixels, `row` bodies down. */
function pointsAt(row: number, shiftPx = 0): SimulatedBody['pointsPx'] {
  return forEachPoint((name): PointPx => {
    const x = name.endsWith('Anterior') ? 0 : name.endsWith('Middle') ? 20 : 40;
    return [100 + x + shiftPx, 40 * row + (name.startsWith('superior') ? 0 : 30)];
  });
}

function label(level: string, row: number, wedge: number): SimulatedBody {
  const lossPercent = { wedge, biconcave: 4, crush: -2 };
  return { level, pointsPx: pointsAt(row), genantGrade: gradeOfLoss(wedge), lossPercent };
}

function find(level: string, row: number, wedge: number, grade: GenantGrade | null): VertebraFinding {
  return {
    ...{ level, levelConfidence: 0.9, assessable: grade !== null, reason: null, confidence: 0.9 },
    pointsPx: pointsAt(row, 2),
    pointConfidences: forEachPoint(() => 0.9),
    pointErrorsPx: forEachPoint(() => 0.5),
    heightsPx: { anterior: 30, middle: 30, posterior: 30 },
    lossPercent: grade === null ? null : { wedge, biconcave: 6, crush: null },
    lossErrorPercent: grade === null ? null : { wedge: 3, biconcave: 1, crush: null },
    ...{ genantGrade: grade, deformity: 'none', remarks: [] },
  };
}

const FILM = compareFilm<SimulatedBody>(
  {
    ...{ file: 'one', facing: 'left', visible: [] },
    bodies: [
      label('T12', 0, 2),
      label('L1', 1, 45),
      label('L2', 2, 22),
      label('L3', 3, 5),
      label('L5', 4, 30),
    ],
  },
  {
    facing: 'left',
    vertebrae: [
      find('T12', 0, 4, 0),
      find('L1', 1, 41, 3),
      find('L3', 2, 17, 0),
      find('L3', 3, 0, null),
      find('L5', 4, 30, 2),
      find('L5', 9, 0, 0),
    ],
    ...{ sacrumPx: null, worstGrade: 3, fractureScore: 0.9 },
  },
);

describe('the figures of grades', () => {
  const grading = summariseGrading([FILM]);

  it('are reckoned over graded bodies from T4 to L4', () => {
    expect(grading.grades.confusion).toEqual([[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]]); // prettier-ignore
    expect(grading.grades.notGraded).toEqual([1, 0, 0, 0]);
    expect(grading.grades.missed).toEqual([0, 0, 0, 0]);
    // Pairs (0, 0), (1, 0), (3, 3): squares of what they lie apart sum to 1, by chance to 11.
    expect(grading.grades.kappaQuadratic.value).toBeCloseTo(10 / 11, 10);
    expect(grading.areaUnderCurve).toMatchObject({ value: 1, cases: 2, controls: 1 });
  });

  it('take the mean of the absolute error of a loss, and its sign for the bias', () => {
    expect(grading.lossErrorPoints.wedge.value).toBeCloseTo((2 + 4 + 5) / 3, 10);
    expect(grading.lossBiasPoints.wedge.value).toBeCloseTo((2 - 4 - 5) / 3, 10);
    expect(grading.lossErrorPoints.biconcave.value).toBeCloseTo(2, 10);
    expect(grading.lossErrorPoints.crush.value).toBeNull();
    expect(grading.lossErrorPoints.overall.value).toBeCloseTo((2 + 4 + 5 + 6) / 6, 10);
    expect(grading.lossErrorPointsDeformed.wedge.value).toBeCloseTo(4.5, 10);
  });

  it('count how often the truth lies within the stated error', () => {
    expect(grading.coverage.wedge.within1).toMatchObject({ count: 1, of: 3 });
    expect(grading.coverage.wedge.within196).toMatchObject({ count: 3, of: 3 });
  });

  it('say which films a policy calls positive', () => {
    expect(grading.filmsByPolicy.map(({ positiveOfFractured }) => positiveOfFractured.count)).toEqual([1, 1]);
    expect(grading.filmsByPolicy[1]?.positiveOfOthers).toMatchObject({ count: 0, of: 0, value: null });
  });
});

describe('the figures of finding', () => {
  it('count found bodies, finds that lie off any body, and right levels', () => {
    const finding = summariseFilms([FILM]);
    expect(finding.bodiesFound).toMatchObject({ count: 5, of: 5, value: 1 });
    expect(finding.otherFinds).toEqual({ offBody: 1, doubled: 0, onVisibleBody: 0, onSacrum: 0 });
    expect(finding.levelsRight).toMatchObject({ count: 4, of: 5 });
    expect(finding.facingRight).toMatchObject({ count: 1, of: 1 });
    expect(finding.cornerErrorPercent.value).toBeCloseTo((100 * 2) / 30, 10);
    expect(finding.falseGrades).toEqual({ soundBodies: 2, grade1: 0, grade2: 0 });
  });

  it('name a film without a spine, whose bodies are all missed', () => {
    const missed = compareFilm(
      { file: 'two', facing: 'left', visible: [], bodies: [label('L1', 0, 2)] },
      null,
    );
    expect(summariseFilms([missed])).toMatchObject({
      filmsWithoutSpine: 1,
      bodiesFound: { count: 0, of: 1, value: 0 },
      cornerErrorPercent: { value: null, interval95: null },
      facingRight: { count: 0, of: 0, value: null },
    });
  });
});
