import { describe, expect, it } from 'vitest';
import type { VertebraFinding } from '../exam/analysis.ts';
import { forEachPoint } from '../exam/film-scale.ts';
import { gradeOfLoss } from '../exam/vertebral-deformity.ts';
import { decideFracture, type FracturePolicy } from './fracture-policy.ts';
import { reasonText } from './reason-texts.ts';

/** A vertebra with one loss; the other two are small. */
function vertebra(
  level: string,
  lossPercent: number,
  errorPercent = 4,
  differing: Partial<VertebraFinding> = {},
): VertebraFinding {
  const grade = gradeOfLoss(lossPercent);
  return {
    level,
    levelConfidence: 0.8,
    assessable: true,
    reason: null,
    confidence: 0.95,
    pointsPx: forEachPoint(() => [0, 0]),
    pointConfidences: forEachPoint(() => 0.9),
    pointErrorsPx: forEachPoint(() => 0.4),
    heightsPx: { anterior: 20, middle: 28, posterior: 30 },
    lossPercent: { wedge: lossPercent, biconcave: 3, crush: 1 },
    lossErrorPercent: { wedge: errorPercent, biconcave: 3, crush: 5 },
    genantGrade: grade,
    deformity: grade === 0 ? 'none' : 'wedge',
    remarks: [],
    ...differing,
  };
}

const SOUND = [vertebra('T12', 4), vertebra('L2', 5), vertebra('L3', 2)];
const UNGRADED = { genantGrade: null, deformity: null } as const;

function decide(own: readonly VertebraFinding[], policy?: Partial<FracturePolicy>) {
  return decideFracture({ vertebrae: [...SOUND, ...own] }, { gradeMin: 2, standardErrorsMin: 1, ...policy });
}

describe('the decision on a lateral film', () => {
  it('is positive for a moderate wedge beyond its error, in words that name level, kind, loss, error and grade', () => {
    const { outcome, reasons, worstGrade } = decide([vertebra('L1', 32, 4)]);
    expect([outcome, worstGrade]).toEqual(['positive', 2]);
    expect(reasons[0]?.text).toBe(
      'L1 is wedged: 32 % loss of anterior height, standard error 4 points: grade 2 (moderate).',
    );
    expect(reasonText(reasons[0]!.code, 'sv', reasons[0]!.values)).toContain('L1 är kilformad: 32 %');
  });

  it.each([
    [1, 1, 24, 4, 'positive'],
    [1, 1, 23.999, 4, 'negative'],
    [1, 0, 20, 4, 'positive'],
    [1, 0, 19.999, 4, 'negative'],
    [2, 1, 29.001, 4, 'positive'],
    [2, 1, 29, 4, 'negative'],
    [2, 0, 25.001, 9, 'positive'],
    [2, 0, 25, 9, 'negative'],
    [2, 2, 33.001, 4, 'positive'],
    [2, 2, 33, 4, 'negative'],
    [3, 1, 44.001, 4, 'positive'],
    [3, 1, 44, 4, 'negative'],
  ] as const)(
    'by grade %d and %d errors, a loss of %d +- %d is %s',
    (gradeMin, standardErrorsMin, loss, error, outcome) => {
      expect(decide([vertebra('L1', loss, error)], { gradeMin, standardErrorsMin }).outcome).toBe(outcome);
    },
  );

  it('tells a grade below the limit of the site and one within its error, and stays negative', () => {
    const mild = decide([vertebra('L1', 22, 1)]);
    expect(mild.outcome).toBe('negative');
    expect(mild.worstGrade).toBe(1);
    expect(mild.reasons.map(({ code }) => code)).toEqual([
      'vertebral-deformity-not-counted',
      'vertebra-wedge-mild',
      'grade-below-policy',
    ]);
    const unsure = decide([vertebra('L1', 27, 4)]);
    expect(unsure.reasons.map(({ code }) => code)).toEqual([
      'vertebral-deformity-not-counted',
      'vertebra-wedge-moderate',
      'grade-within-error',
    ]);
  });

  it('says of every negative that it rules out neither a fracture nor low bone density', () => {
    for (const own of [[], [vertebra('L1', 22, 1)]]) {
      const [first] = decide(own).reasons;
      expect(first?.text).toContain('does not rule out a fracture or low bone density');
      expect(reasonText(first!.code, 'sv', first!.values)).toContain(
        'utesluter inte fraktur eller låg bentäthet',
      );
    }
  });

  it('counts no wedge that is usual at its level', () => {
    const remarks = ['short-anterior-height-normal'];
    const { outcome, reasons } = decide([vertebra('L1', 24.9, 1, { remarks })], { gradeMin: 1 });
    expect(outcome).toBe('negative');
    expect(reasons.map(({ code }) => code)).toContain('short-anterior-height-normal');
  });

  it('puts the worst of several deformities first', () => {
    const { reasons } = decide([vertebra('T11', 31, 2), vertebra('L1', 45, 2), vertebra('L4', 26, 4)]);
    expect(reasons.slice(0, 3).map(({ code, values }) => [code, values['level']])).toEqual([
      ['vertebra-wedge-severe', 'L1'],
      ['vertebra-wedge-moderate', 'T11'],
      ['vertebra-wedge-moderate', 'L4'],
    ]);
  });

  it('is not assessable with fewer than three graded bodies, unless one of them is a finding', () => {
    const two = [
      vertebra('L1', 3),
      vertebra('L2', 4),
      vertebra('L5', 50, 1, { ...UNGRADED, reason: 'level-not-graded' }),
    ];
    const few = decideFracture({ vertebrae: two });
    expect([few.outcome, few.reasons[0]?.code, few.worstGrade]).toEqual([
      'not-assessable',
      'too-few-vertebrae',
      0,
    ]);
    expect(decideFracture({ vertebrae: [vertebra('L1', 50, 1), ...two] }).outcome).toBe('positive');
    expect(decideFracture({ vertebrae: [] })).toMatchObject({
      outcome: 'not-assessable',
      worstGrade: null,
      fractureScore: null,
    });
  });

  it('judges no film negative on which a vertebra among the others was missed or is hardly seen', () => {
    const unseen = { ...UNGRADED, assessable: false, reason: 'body-unclear' };
    for (const doubtful of [
      vertebra('L1', 0, 1, unseen),
      vertebra('L1', 4, 2, { remarks: ['vertebra-missed-below'] }),
      vertebra('L1', 4, 2, { ...UNGRADED, reason: 'point-uncertain', remarks: ['low-and-not-graded'] }),
    ]) {
      const { outcome, reasons } = decide([doubtful]);
      expect([outcome, reasons[0]?.code]).toEqual(['not-assessable', 'not-every-vertebra-seen']);
      expect(decide([doubtful, vertebra('L4', 45)]).outcome).toBe('positive');
    }
  });

  it('says once for all levels why they are not graded and what is to be known of them', () => {
    const cut = {
      ...UNGRADED,
      assessable: false,
      reason: 'cut-off',
      lossPercent: null,
      lossErrorPercent: null,
    };
    const { reasons } = decide([vertebra('T11', 0, 1, cut), vertebra('T10', 0, 1, cut)]);
    expect(reasons.filter(({ code }) => code === 'cut-off').map(({ values }) => values['level'])).toEqual([
      'T11, T10',
    ]);
  });

  it('says that levels are relative', () => {
    const { reasons } = decide([vertebra('V4', 3, 2, { levelConfidence: null })]);
    expect(reasons.at(-1)?.code).toBe('levels-relative');
  });

  it('has a score that rises with the loss and falls with its error', () => {
    const scoreOf = (loss: number, error: number) =>
      decide([vertebra('L1', loss, error)]).fractureScore ?? NaN;
    expect(scoreOf(24, 4)).toBeCloseTo(0.5, 9);
    expect(scoreOf(30, 4)).toBeGreaterThan(scoreOf(25, 4));
    expect(scoreOf(30, 4)).toBeLessThan(scoreOf(30, 2));
    expect(scoreOf(2, 2)).toBeLessThan(0.05);
  });
});
