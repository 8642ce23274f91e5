import type { GenantGrade } from '../../src/exam/analysis.ts';
import { countedLosses } from '../../src/exam/vertebral-deformity.ts';
import { decideFracture } from '../../src/decide/fracture-policy.ts';
import { LEVELS } from '../../src/measure/vertebral-level.ts';
import type { BodyComparison, FilmComparison } from './film-comparison.ts';
import { type Estimate, estimateOf, meanOf, type Share, shareOf } from '../evaluation/estimate.ts';
import { rankingQuality } from './ranking.ts';
import { countPairs, type KappaWeights, weightedKappa } from '../evaluation/rating-agreement.ts';
import type { SimulatedBody } from './simulated-truth.ts';

type Film = FilmComparison<SimulatedBody>;
type Body = BodyComparison<SimulatedBody>;
type Loss = keyof SimulatedBody['lossPercent'];

const LOSSES = ['wedge', 'biconcave', 'crush'] as const satisfies readonly Loss[];

/** Grades against a known truth, of the bodies from T4 to L4, which are those that are graded. */
export interface GradingFigures {
  /** Mean absolute error in percentage points of each loss, and of all of them together. */
  readonly lossErrorPoints: Readonly<Record<Loss | 'overall', Estimate>>;
  /** The same on bodies of grade 1 and more. */
  readonly lossErrorPointsDeformed: Readonly<Record<Loss | 'overall', Estimate>>;
  /** Mean signed error, found less true. */
  readonly lossBiasPoints: Readonly<Record<Loss, Estimate>>;
  readonly grades: {
    /** Rows by the true grade, columns by the found one. */
    readonly confusion: readonly (readonly number[])[];
    readonly kappaQuadratic: Estimate;
    readonly kappaLinear: Estimate;
    /** By the true grade: found but not graded, and not found at all. */
    readonly notGraded: readonly number[];
    readonly missed: readonly number[];
  };
  /** Of grade 1 or more by the largest loss that counts. */
  readonly areaUnderCurve: Estimate & {
    readonly deLongInterval95: readonly [number, number] | null;
    readonly cases: number;
    readonly controls: number;
  };
  /** How often the true loss lies within one stated standard error (68 % if it is honest), and within 1.96 (95 %). */
  readonly coverage: Readonly<Record<Loss, { readonly within1: Share; readonly within196: Share }>>;
  readonly filmsByPolicy: readonly PolicyFigures[];
}

/** Films that a policy calls positive, against the worst true grade among the bodies from T4 to L4. */
interface PolicyFigures {
  readonly gradeMin: 1 | 2;
  readonly positiveOfFractured: Share;
  readonly positiveOfOthers: Share;
}

/** Lays grades and losses beside the truth. */
export function summariseGrading(films: readonly Film[]): GradingFigures {
  return {
    lossErrorPoints: lossErrors(films, () => true),
    lossErrorPointsDeformed: lossErrors(films, ({ label }) => label.genantGrade > 0),
    lossBiasPoints: byLoss((loss) => meanOf(films, (film) => differences(film, loss))),
    grades: {
      confusion: confusionOf(films),
      kappaQuadratic: kappaOf(films, 'quadratic'),
      kappaLinear: kappaOf(films, 'linear'),
      notGraded: countByGrade(films, ({ find }) => find !== null && find.genantGrade === null),
      missed: countByGrade(films, ({ find }) => find === null),
    },
    areaUnderCurve: areaOf(films),
    coverage: byLoss((loss) => ({
      within1: coverageOf(films, loss, 1),
      within196: coverageOf(films, loss, 1.96),
    })),
    filmsByPolicy: ([1, 2] as const).map((gradeMin) => policyFigures(films, gradeMin)),
  };
}

/** L5 is measured and not graded, so it is left out here. */
function gradable({ bodies }: Film): Body[] {
  return bodies.filter(({ label }) => label.level !== LEVELS.at(-1));
}

function byLoss<Value>(valueOf: (loss: Loss) => Value): Record<Loss, Value> {
  return { wedge: valueOf('wedge'), biconcave: valueOf('biconcave'), crush: valueOf('crush') };
}

function lossErrors(
  films: readonly Film[],
  counts: (body: Body) => boolean,
): Record<Loss | 'overall', Estimate> {
  const errors = (film: Film, loss: Loss): number[] => differences(film, loss, counts).map(Math.abs);
  return {
    ...byLoss((loss) => meanOf(films, (film) => errors(film, loss))),
    overall: meanOf(films, (film) => LOSSES.flatMap((loss) => errors(film, loss))),
  };
}

/** Found less true, percentage points. */
function differences(film: Film, loss: Loss, counts: (body: Body) => boolean = () => true): number[] {
  return gradable(film)
    .filter(counts)
    .flatMap(({ label, find }) => {
      const found = find?.lossPercent?.[loss] ?? null;
      return found === null ? [] : [found - label.lossPercent[loss]];
    });
}

function confusionOf(films: readonly Film[]): number[][] {
  const pairs = films.flatMap(gradable).flatMap(({ label, find }) => {
    const grade = find?.genantGrade ?? null;
    return grade === null ? [] : [[label.genantGrade, grade] as const];
  });
  return countPairs(pairs, 4);
}

function kappaOf(films: readonly Film[], weights: KappaWeights): Estimate {
  return estimateOf(films, (some) => weightedKappa(confusionOf(some), weights));
}

function countByGrade(films: readonly Film[], isSo: (body: Body) => boolean): number[] {
  const bodies = films.flatMap(gradable).filter(isSo);
  return [0, 1, 2, 3].map((grade) => bodies.filter(({ label }) => label.genantGrade === grade).length);
}

function areaOf(films: readonly Film[]): GradingFigures['areaUnderCurve'] {
  const rank = (some: readonly Film[]): { cases: number[]; controls: number[] } => {
    const scored = some.flatMap(gradable).flatMap(({ label, find }) => {
      if (find?.genantGrade == null) return [];
      const [largest] = countedLosses(find);
      return largest === undefined ? [] : [{ isCase: label.genantGrade > 0, score: largest.lossPercent }];
    });
    const scores = (isCase: boolean): number[] =>
      scored.filter((one) => one.isCase === isCase).map(({ score }) => score);
    return { cases: scores(true), controls: scores(false) };
  };
  const { cases, controls } = rank(films);
  const quality = rankingQuality(cases, controls);
  return {
    ...estimateOf(films, (some) => {
      const drawn = rank(some);
      return rankingQuality(drawn.cases, drawn.controls).area;
    }),
    deLongInterval95: Number.isNaN(quality.standardError) ? null : quality.interval95,
    cases: cases.length,
    controls: controls.length,
  };
}

function coverageOf(films: readonly Film[], loss: Loss, errors: number): Share {
  return shareOf(
    films,
    (film) =>
      gradable(film).flatMap(({ label, find }) => {
        const found = find?.lossPercent?.[loss] ?? null;
        const error = find?.lossErrorPercent?.[loss] ?? null;
        return found === null || error === null ? [] : [Math.abs(found - label.lossPercent[loss]) / error];
      }),
    (off) => off <= errors,
  );
}

function policyFigures(films: readonly Film[], gradeMin: 1 | 2): PolicyFigures {
  const worst = (film: Film): GenantGrade =>
    gradable(film).reduce<GenantGrade>(
      (most, { label }) => (label.genantGrade > most ? label.genantGrade : most),
      0,
    );
  const isPositive = ({ finding }: Film): boolean =>
    finding !== null && decideFracture(finding, { gradeMin, standardErrorsMin: 1 }).outcome === 'positive';
  const positives = (isFractured: boolean): Share =>
    shareOf(films, (film) => (worst(film) >= gradeMin === isFractured ? [film] : []), isPositive);
  return { gradeMin, positiveOfFractured: positives(true), positiveOfOthers: positives(false) };
}
