/** What follows from the points and names that a person gave to the bodies of a spine. Pure. */
import type { SpineFinding, VertebraFinding } from '../exam/analysis.ts';
import { VERTEBRA_POINTS } from '../exam/analysis.ts';
import type { VertebraCorrection } from '../exam/correction.ts';
import type { PointPx } from '../exam/film.ts';
import { forEachPoint } from '../exam/film-scale.ts';
import type { PixelSize } from '../imaging/area-average.ts';
import { bodyFrame, distancePx } from './body-frame.ts';
import type { FoundBody } from './found-spine.ts';
import { measureVertebrae } from './vertebra-findings.ts';
import { LEVELS, type LevelNames, placesOf } from './vertebral-level.ts';

/**
 * One standard error of a point that a person set, as a share of the body's height: two readers' ratios of heights vary
 * by 4.5 points (clinical-rules), and four points make a ratio.
 */
const READER_ERROR_SHARE = 0.0225;
/** A correction stands for the body whose centre lies so near to where it was measured, in heights of the body. */
const SAME_BODY_MAX = 0.5;

/** A spine with a person's points, and the corrections for which no body was found. */
export interface CorrectedSpine {
  readonly vertebrae: readonly VertebraFinding[];
  /** Names that the corrected bodies have now. */
  readonly levels: readonly string[];
  readonly lost: readonly VertebraCorrection[];
}

/** The points and the name of a measured body as a person finds them. */
export function vertebraPointsOf(vertebra: VertebraFinding): VertebraCorrection {
  const { level, assessable, pointsPx } = vertebra;
  return { measuredAtPx: bodyFrame(pointsPx).centrePx, level, assessable, pointsPx };
}

/** Whether a person changed anything of a body. */
export function isVertebraChanged(measured: VertebraFinding, points: VertebraCorrection): boolean {
  const before = vertebraPointsOf(measured);
  const isMoved = VERTEBRA_POINTS.some((name) => !samePoint(before.pointsPx[name], points.pointsPx[name]));
  return isMoved || before.level !== points.level || before.assessable !== points.assessable;
}

/**
 * Measures and grades all bodies anew with a person's points in their places: a body that was moved is also what its
 * neighbours are compared with. Without corrections every value is the measured one.
 */
export function correctVertebrae(
  spine: Pick<SpineFinding, 'vertebrae'>,
  corrections: readonly VertebraCorrection[],
  film: PixelSize,
): CorrectedSpine {
  const { vertebrae } = spine;
  if (corrections.length === 0) return { vertebrae, levels: [], lost: [] };
  const found = corrections.map((correction) => ({ correction, index: bodyOf(correction, vertebrae) }));
  const ofBody = vertebrae.map((_, index) => found.find((each) => each.index === index)?.correction ?? null);
  const measured = vertebrae.map(bodyOfFinding);
  const bodies = measured.map((body, index) => correctedBody(body, ofBody[index] ?? null));
  const names = namesOf(vertebrae, ofBody, measured);
  const corrected = measureVertebrae(bodies, names, film);
  return {
    vertebrae: corrected,
    levels: corrected.flatMap(({ level }, index) => (ofBody[index] == null ? [] : [level])),
    lost: found.flatMap(({ correction, index }) => (index < 0 ? [correction] : [])),
  };
}

/** The names of all bodies when one of them is given another: the others are counted from it. */
export function renameLevels(
  vertebrae: readonly VertebraFinding[],
  levels: readonly string[],
  index: number,
  to: string,
): string[] {
  const places = placesOfNames(levels) ?? placesOf(vertebrae.map(bodyOfFinding));
  const top = levelIndex(to) - (places[index] ?? 0);
  return levels.map((level, at) => LEVELS[top + (places[at] ?? 0)] ?? level);
}

/** The names that a body can be given so that all of a chain have one, from the top. */
export function possibleLevels(
  vertebrae: readonly VertebraFinding[],
  levels: readonly string[],
  index: number,
): string[] {
  const places = placesOfNames(levels) ?? placesOf(vertebrae.map(bodyOfFinding));
  const own = places[index] ?? 0;
  const bottom = places.at(-1) ?? 0;
  return LEVELS.filter((_, at) => at - own >= 0 && at - own + bottom < LEVELS.length);
}

/** Whether names run from top to bottom, each level once; relative ones are left as they were measured. */
export function areLevelsInOrder(levels: readonly string[]): boolean {
  const places = levels.map(levelIndex);
  if (places.every((place) => place < 0)) return true;
  return places.every((place, index) => place >= 0 && place > (places[index - 1] ?? -1));
}

function bodyOf({ measuredAtPx }: VertebraCorrection, vertebrae: readonly VertebraFinding[]): number {
  const away = vertebrae.map(({ pointsPx }) => {
    const { centrePx, heightPx } = bodyFrame(pointsPx);
    return distancePx(centrePx, measuredAtPx) / heightPx;
  });
  const nearest = Math.min(...away);
  return nearest <= SAME_BODY_MAX ? away.indexOf(nearest) : -1;
}

function bodyOfFinding(vertebra: VertebraFinding): FoundBody {
  const { pointsPx, pointErrorsPx, pointConfidences, confidence, reason } = vertebra;
  // Ribs only count for the naming, which is done.
  return {
    ...{ pointsPx, pointErrorsPx, pointConfidences, confidence },
    isClear: reason !== 'body-unclear',
    thoracic: 0.5,
  };
}

/** A person who set a body's points vouches for all six, moved or left. */
function correctedBody(body: FoundBody, correction: VertebraCorrection | null): FoundBody {
  if (correction === null) return body;
  const { pointsPx, assessable } = correction;
  if (!assessable) return { ...body, pointsPx, isSetAside: true };
  const readerErrorPx = READER_ERROR_SHARE * bodyFrame(pointsPx).heightPx;
  return {
    ...body,
    pointsPx,
    pointErrorsPx: forEachPoint((name) => Math.min(body.pointErrorsPx[name], readerErrorPx)),
    pointConfidences: forEachPoint(() => 1),
    confidence: 1,
    isClear: true,
  };
}

function namesOf(
  vertebrae: readonly VertebraFinding[],
  ofBody: readonly (VertebraCorrection | null)[],
  measured: readonly FoundBody[],
): LevelNames {
  const levels = vertebrae.map(({ level }, index) => ofBody[index]?.level ?? level);
  const isNamed = levels.some((level, index) => level !== vertebrae[index]?.level);
  const confidence = isNamed ? 1 : (vertebrae[0]?.levelConfidence ?? null);
  const places = areLevelsInOrder(levels) ? placesOfNames(levels) : null;
  if (places === null) return { places: placesOf(measured), topIndex: null, confidence: null };
  return { places, topIndex: levelIndex(levels[0] ?? ''), confidence };
}

/** Places counted from the topmost; null where the names are only relative. */
function placesOfNames(levels: readonly string[]): number[] | null {
  const indices = levels.map(levelIndex);
  const [top = -1] = indices;
  return indices.some((index) => index < 0) ? null : indices.map((index) => index - top);
}

function levelIndex(level: string): number {
  return (LEVELS as readonly string[]).indexOf(level);
}

function samePoint(a: PointPx, b: PointPx): boolean {
  return a[0] === b[0] && a[1] === b[1];
}
