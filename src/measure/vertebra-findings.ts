/** From found bodies to findings: which can be graded, what each has lost, and what a reader should know. Pure. */
import type { Deformity, GenantGrade, VertebraFinding } from '../exam/analysis.ts';
import { VERTEBRA_POINTS } from '../exam/analysis.ts';
import type { PointPx } from '../exam/film.ts';
import { countedLosses, GRADE_BOUNDARIES_PERCENT, gradeOfLoss } from '../exam/vertebral-deformity.ts';
import type { PixelSize } from '../imaging/area-average.ts';
import { bodyFrame, CORNERS, dot, minus, type SixPoints } from './body-frame.ts';
import type { FoundBody } from './found-spine.ts';
import { lossOf, measureHeights, usualRatio, type BodyHeights, type Estimate } from './vertebral-heights.ts';
import { PITCH_USUAL } from './vertebra-chain.ts';
import { LEVELS, type LevelNames } from './vertebral-level.ts';

/** Why a body that a person set aside is not graded. */
const BODY_SET_ASIDE = 'vertebra-set-aside';
/** A corner below this confidence is a missing corner, and a body with one is never graded (clinical-rules). */
const CORNER_CONFIDENCE_MIN = 0.3;
/**
 * Two readers agree on a loss within 12.5 points in 95 of 100 (clinical-rules), an error of 6.4 of each; half as much
 * again and a corner counts as missing, whatever its confidence.
 */
const WEDGE_ERROR_POINTS_MAX = 10;
/** Height of a body over its width; 0.7 to 0.95 in the labels of lateral films, the crushed ones left out. */
const HEIGHT_TO_WIDTH_USUAL = 0.75;
/** A body that is not graded and lower than this share of its neighbours may be the very one that is crushed. */
const LOW_AMONG_NEIGHBOURS = 0.75;
/** A middle height whose error is a larger share of the posterior height is that of two contours, not of one. */
const MIDDLE_ERROR_MAX = 0.06;
/** A body that is this much taller in front than behind is of a shape of its own (L5, a slipped L4), not crushed. */
const POSTERIOR_WEDGE_MIN = 1.15;
/** The middle of a straight endplate lies this close to the line between its corners, in posterior heights. */
const STRAIGHT_MAX = 0.06;
const DEPRESSED_MIN = 0.12;

/** A body with what is known of it so far. */
interface Measured {
  readonly body: FoundBody;
  /** Place in the chain, missed bodies counted. */
  readonly place: number;
  /** Index in LEVELS; null where levels are relative. */
  readonly levelIndex: number | null;
  /** Why nothing is measured, else null. */
  readonly refusal: string | null;
  readonly heights: BodyHeights;
  readonly wedge: Estimate;
  readonly biconcave: Estimate;
  readonly isMiddleClear: boolean;
}

/** Measures and grades the bodies of a chain, from the top; in pixels of the film. */
export function measureVertebrae(
  bodies: readonly FoundBody[],
  names: LevelNames,
  film: PixelSize,
): VertebraFinding[] {
  const measured = bodies.map((body, index) => measureBody(body, names, index, film));
  const references = measured.filter((each) => isReference(each, measured));
  return measured.map((each, index) => {
    const finding = findingOf(each, index, references, names);
    const below = measured[index + 1];
    const isGapBelow = below === undefined ? goesOnBelow(each, film) : below.place > each.place + 1;
    const remarks = [
      ...finding.remarks,
      ...(isGapBelow ? ['vertebra-missed-below'] : []),
      ...(isLowAndUngraded(measured, index) ? ['low-and-not-graded'] : []),
    ];
    return { ...finding, remarks };
  });
}

/** Whether the chain ends in the lumbar spine where the film does not: a body that is not found there may be crushed. */
function goesOnBelow({ levelIndex, body }: Measured, film: PixelSize): boolean {
  if (levelIndex === null || levelIndex < FIRST_LUMBAR || levelIndex >= LAST_GRADED) return false;
  const { centrePx, downward, heightPx } = bodyFrame(body.pointsPx);
  const [x, y] = [0, 1].map((axis) => (centrePx[axis] ?? 0) + PITCH_USUAL * heightPx * (downward[axis] ?? 0));
  return x !== undefined && y !== undefined && x > 0 && y > 0 && x < film.columns && y < film.rows;
}

function isLowAndUngraded(measured: readonly Measured[], index: number): boolean {
  const own = measured[index];
  if (own?.refusal !== 'point-uncertain') return false;
  const neighbours = [measured[index - 1], measured[index + 1]].filter((each) => each !== undefined);
  return neighbours.some(
    (each) =>
      bodyFrame(own.body.pointsPx).heightPx < LOW_AMONG_NEIGHBOURS * bodyFrame(each.body.pointsPx).heightPx,
  );
}

function measureBody(body: FoundBody, names: LevelNames, index: number, film: PixelSize): Measured {
  const { places, topIndex } = names;
  const place = places[index] ?? index;
  const heights = measureHeights(body.pointsPx, body.pointErrorsPx);
  const wedge = lossOf(heights.anterior, heights.posterior);
  const { superiorMiddle, inferiorMiddle } = body.pointConfidences;
  return {
    body,
    place,
    levelIndex: topIndex === null ? null : topIndex + place,
    refusal: refusalOf(body, heights, wedge, film),
    heights,
    wedge,
    biconcave: lossOf(heights.middle, heights.posterior),
    isMiddleClear:
      heights.middle.error <= MIDDLE_ERROR_MAX * heights.posterior.value &&
      Math.min(superiorMiddle, inferiorMiddle) >= CORNER_CONFIDENCE_MIN,
  };
}

function refusalOf(body: FoundBody, heights: BodyHeights, wedge: Estimate, film: PixelSize): string | null {
  const { isClear, pointsPx, pointErrorsPx, pointConfidences } = body;
  if (body.isSetAside === true) return BODY_SET_ASIDE;
  if (!isClear) return 'body-unclear';
  const isCut = VERTEBRA_POINTS.some((point) => {
    const [x, y] = pointsPx[point];
    // A point that its own error could put beyond the rim belongs to a body that may go on there.
    const rimPx = pointErrorsPx[point];
    return x < rimPx || y < rimPx || x > film.columns - 1 - rimPx || y > film.rows - 1 - rimPx;
  });
  if (isCut) return 'cut-off';
  const isSure = CORNERS.every((corner) => pointConfidences[corner] >= CORNER_CONFIDENCE_MIN);
  // A crushed body is low, and the same uncertain corner is a larger share of it: that must not hide the worst ones.
  const { widthPx } = bodyFrame(pointsPx);
  const lowness = Math.min(1, heights.posterior.value / (HEIGHT_TO_WIDTH_USUAL * widthPx));
  return isSure && wedge.error * lowness <= WEDGE_ERROR_POINTS_MAX ? null : 'point-uncertain';
}

const FIRST_GRADED = LEVELS.indexOf('T4');
const LAST_GRADED = LEVELS.indexOf('L4');
const FIRST_LUMBAR = LEVELS.indexOf('L1');

/** Genant's range is T4 to L4; a body whose level is not known is graded all the same, and its name says so. */
function levelRefusal(levelIndex: number | null): string | null {
  if (levelIndex === null) return null;
  if (levelIndex < FIRST_GRADED) return 'level-outside-range';
  return levelIndex > LAST_GRADED ? 'level-not-graded' : null;
}

/** Whether a body can stand for what its neighbours measured before: no loss of its own shape, and not a short one. */
function isReference(own: Measured, all: readonly Measured[]): boolean {
  if (!isSound(own)) return false;
  const others = all.filter(isSound).map((other) => heightFor(own, other));
  const tall = others.sort((a, b) => a - b)[Math.floor(0.75 * (others.length - 1))] ?? 0;
  // Losses make short, nothing makes tall: the upper quarter is what the spine measured when most of it is crushed.
  return own.heights.posterior.value >= 0.8 * tall;
}

function isSound({ refusal, levelIndex, wedge, biconcave, isMiddleClear }: Measured): boolean {
  if (refusal !== null || levelRefusal(levelIndex) !== null) return false;
  return gradeOfLoss(wedge.value) === 0 && (!isMiddleClear || gradeOfLoss(biconcave.value) === 0);
}

/** The posterior height that a body should have by another one. */
function heightFor(own: Measured, other: Measured): number {
  const ratio = usualRatio(own.levelIndex, other.levelIndex, other.place - own.place);
  return other.heights.posterior.value * (ratio?.value ?? 1);
}

/** Loss of posterior height against the nearest body without a fracture, the upper one first (clinical-rules). */
function crushOf(own: Measured, references: readonly Measured[]): Estimate | null {
  const away = (other: Measured): number => Math.abs(other.place - own.place);
  const [nearest] = references
    .filter((other) => other !== own)
    .sort((a, b) => away(a) - away(b) || a.place - b.place);
  if (nearest === undefined) return null;
  const ratio = usualRatio(own.levelIndex, nearest.levelIndex, nearest.place - own.place);
  if (ratio === null) return null;
  const { value, error } = nearest.heights.posterior;
  const usual = { value: value * ratio.value, error: error * ratio.value };
  return lossOf(own.heights.posterior, usual, ratio.error);
}

function findingOf(
  own: Measured,
  index: number,
  references: readonly Measured[],
  { confidence }: LevelNames,
): VertebraFinding {
  const { body, levelIndex, refusal, heights, wedge, biconcave } = own;
  const known = {
    level: levelIndex === null ? `V${index + 1}` : (LEVELS[levelIndex] ?? `V${index + 1}`),
    levelConfidence: confidence,
    confidence: body.confidence,
    pointsPx: body.pointsPx,
    pointConfidences: body.pointConfidences,
    pointErrorsPx: body.pointErrorsPx,
  };
  if (refusal !== null) {
    return {
      ...known,
      assessable: false,
      reason: refusal,
      heightsPx: null,
      lossPercent: null,
      lossErrorPercent: null,
      genantGrade: null,
      deformity: null,
      remarks: [],
    };
  }
  const crush = crushOf(own, references);
  const losses = {
    lossPercent: { wedge: wedge.value, biconcave: biconcave.value, crush: crush?.value ?? null },
    lossErrorPercent: { wedge: wedge.error, biconcave: biconcave.error, crush: crush?.error ?? null },
  };
  const reason = levelRefusal(levelIndex);
  const shape = shapeRemarks(own);
  const [largest] = countedLosses({ ...losses, remarks: shape });
  const grade = largest === undefined ? 0 : gradeOfLoss(largest.lossPercent);
  const deformity = grade === 0 || largest === undefined ? 'none' : largest.deformity;
  const isGraded = reason === null;
  const isNear = GRADE_BOUNDARIES_PERCENT.some(
    (boundary) => largest !== undefined && Math.abs(largest.lossPercent - boundary) <= largest.errorPercent,
  );
  return {
    ...known,
    assessable: true,
    reason,
    heightsPx: {
      anterior: heights.anterior.value,
      middle: heights.middle.value,
      posterior: heights.posterior.value,
    },
    ...losses,
    genantGrade: isGraded ? grade : null,
    deformity: isGraded ? deformity : null,
    remarks: [
      ...(isGraded ? shape : []),
      ...(isGraded && isNear ? ['near-grade-boundary'] : []),
      ...(isGraded && isShortInFront(own, grade, deformity) ? ['short-anterior-height-normal'] : []),
      ...(isGraded && crush === null ? ['no-reference-vertebra'] : []),
    ],
  };
}

function shapeRemarks({ heights, body, wedge, isMiddleClear }: Measured): string[] {
  const [upper, lower] = depressionsOf(body.pointsPx, heights.posterior.value);
  const isOneEndplate = Math.max(upper, lower) >= DEPRESSED_MIN && Math.min(upper, lower) < STRAIGHT_MAX;
  const isTallInFront = heights.anterior.value > POSTERIOR_WEDGE_MIN * heights.posterior.value;
  return [
    ...(isMiddleClear ? [] : ['double-contour']),
    ...(isTallInFront ? ['posterior-wedge'] : []),
    ...(isMiddleClear && isOneEndplate && gradeOfLoss(wedge.value) === 0 ? ['one-endplate-depressed'] : []),
  ];
}

/**
 * At the thoracolumbar junction a body without a fracture is lower in front: by 3 to 6 % of its back on CT
 * (priors/ctspinopelvic1k_level_gradients.csv, `wedge_ratio_*`), by 13 to 15 % in the labels of lateral films, whose
 * posterior corners lie on the lips. So a wedge of grade 1 between straight endplates is within what is usual there.
 */
function isShortInFront(
  { levelIndex, body, heights }: Measured,
  grade: GenantGrade,
  deformity: Deformity,
): boolean {
  const isJunction =
    levelIndex !== null && levelIndex >= LEVELS.indexOf('T11') && levelIndex <= LEVELS.indexOf('L1');
  const depressions = depressionsOf(body.pointsPx, heights.posterior.value);
  return isJunction && grade === 1 && deformity === 'wedge' && Math.max(...depressions) < STRAIGHT_MAX;
}

/** How far the middle of each endplate lies inside the line between its corners, in posterior heights. */
function depressionsOf(points: SixPoints, posteriorPx: number): readonly [number, number] {
  const upper = insideLine(
    points.superiorMiddle,
    points.superiorAnterior,
    points.superiorPosterior,
    points.inferiorMiddle,
  );
  const lower = insideLine(
    points.inferiorMiddle,
    points.inferiorAnterior,
    points.inferiorPosterior,
    points.superiorMiddle,
  );
  return [upper / posteriorPx, lower / posteriorPx];
}

/** Distance of a point from the line a-b, positive on the side where `towards` lies. */
function insideLine(point: PointPx, a: PointPx, b: PointPx, towards: PointPx): number {
  const [dx, dy] = minus(b, a);
  const length = Math.max(Math.hypot(dx, dy), 1e-6);
  const normal: PointPx = [-dy / length, dx / length];
  const distance = dot(minus(point, a), normal);
  return dot(minus(towards, a), normal) >= 0 ? distance : -distance;
}
