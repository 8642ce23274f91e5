/** Points under a person's hands, and the values that follow from them by the service's own functions. Pure. */
import { sideWidthMm } from '../../decide/referral-policy.ts';
import type {
  AnalysisResult,
  ReportedSide,
  Side,
  VertebraFinding,
  VertebraPoint,
} from '../../exam/analysis.ts';
import { VERTEBRA_POINTS } from '../../exam/analysis.ts';
import {
  type PointsCorrection,
  SIDE_POINTS,
  type SideCorrection,
  type SidePoint,
  type VertebraCorrection,
} from '../../exam/correction.ts';
import type { PointPx } from '../../exam/film.ts';
import {
  correctSide,
  isSideChanged,
  moveSidePoint,
  sidePointsOf,
  startingPoints,
} from '../../measure/corrected-side.ts';
import {
  correctVertebrae,
  isVertebraChanged,
  renameLevels,
  vertebraPointsOf,
} from '../../measure/corrected-vertebra.ts';

/** Everything of a film that can be corrected, as it stands now. */
export interface CorrectionDraft {
  /** The sides of a panoramic film; empty on another. */
  readonly sides: readonly SideCorrection[];
  /** The bodies of a lateral film from the top; empty on another. */
  readonly vertebrae: readonly VertebraCorrection[];
}

/** Names one point: of a side, or of the body at a place. */
export type PointName =
  | { readonly side: Side; readonly point: SidePoint }
  | { readonly body: number; readonly point: VertebraPoint };

/** A point that can be moved, with its place. */
export interface DraftPoint {
  readonly name: PointName;
  readonly at: PointPx;
}

/** What the models measured, whatever a person set since. */
export function measuredSides({ panoramic, correction }: AnalysisResult): readonly ReportedSide[] {
  return correction?.measured.panoramic?.sides ?? panoramic?.sides ?? [];
}

/** The same of a spine. */
export function measuredVertebrae({ spine, correction }: AnalysisResult): readonly VertebraFinding[] {
  return correction?.measured.spine?.vertebrae ?? spine?.vertebrae ?? [];
}

/** The draft of what was measured, with what a person saved before in its places. */
export function draftOf(analysis: AnalysisResult, saved: PointsCorrection | undefined): CorrectionDraft {
  const sides = measuredSides(analysis).map(
    (side) => saved?.sides.find((each) => each.side === side.side) ?? sidePointsOf(side),
  );
  const bodies = measuredVertebrae(analysis).map(vertebraPointsOf);
  const vertebrae = bodies.map((body) => saved?.vertebrae.find((each) => isSameBody(each, body)) ?? body);
  return { sides, vertebrae };
}

/** What of a draft differs from what was measured: what is sent. */
export function changesOf(analysis: AnalysisResult, draft: CorrectionDraft): PointsCorrection {
  const sides = measuredSides(analysis);
  const vertebrae = measuredVertebrae(analysis);
  return {
    sides: draft.sides.filter((points, index) => isChanged(sides[index], points, isSideChanged)),
    vertebrae: draft.vertebrae.filter((points, index) =>
      isChanged(vertebrae[index], points, isVertebraChanged),
    ),
  };
}

/** All points that can be moved now: those of a side, or of one body. */
export function pointsOf(draft: CorrectionDraft, body: number): readonly DraftPoint[] {
  const ofSides = draft.sides.flatMap((side) =>
    side.assessable
      ? SIDE_POINTS.flatMap((point): DraftPoint[] => {
          const at = side[point];
          return at === null ? [] : [{ name: { side: side.side, point }, at }];
        })
      : [],
  );
  const vertebra = draft.vertebrae[body];
  const ofBody =
    vertebra?.assessable === true
      ? VERTEBRA_POINTS.map((point): DraftPoint => ({ name: { body, point }, at: vertebra.pointsPx[point] }))
      : [];
  return [...ofSides, ...ofBody];
}

/** A draft with one point moved; it stays on the film, to a hundredth of a pixel. */
export function movePoint(
  draft: CorrectionDraft,
  name: PointName,
  to: PointPx,
  film: { readonly columns: number; readonly rows: number },
): CorrectionDraft {
  const within = (value: number, end: number): number =>
    Math.round(Math.min(Math.max(value, 0), end - 1) * 100) / 100;
  const place: PointPx = [within(to[0], film.columns), within(to[1], film.rows)];
  if ('side' in name) {
    const sides = draft.sides.map((side) =>
      side.side === name.side ? moveSidePoint(side, name.point, place) : side,
    );
    return { ...draft, sides };
  }
  const vertebrae = draft.vertebrae.map((vertebra, index) =>
    index === name.body ? { ...vertebra, pointsPx: { ...vertebra.pointsPx, [name.point]: place } } : vertebra,
  );
  return { ...draft, vertebrae };
}

/** A draft in which a side can be measured or not; one that was not found gets points to begin with. */
export function setSideAssessable(
  draft: CorrectionDraft,
  name: Side,
  assessable: boolean,
  film: { readonly columns: number; readonly rows: number },
): CorrectionDraft {
  const other = draft.sides.find(({ side }) => side !== name);
  const sides = draft.sides.map((side) => {
    if (side.side !== name) return side;
    const isPlaced = side.outerPx !== null && side.innerPx !== null;
    return !assessable || isPlaced || other === undefined
      ? { ...side, assessable }
      : startingPoints(name, other, film);
  });
  return { ...draft, sides };
}

/** A draft in which a body can be graded or not. */
export function setBodyAssessable(
  draft: CorrectionDraft,
  body: number,
  assessable: boolean,
): CorrectionDraft {
  const vertebrae = draft.vertebrae.map((each, index) => (index === body ? { ...each, assessable } : each));
  return { ...draft, vertebrae };
}

/** A draft in which a body has another name, and the others are counted from it. */
export function renameBody(
  analysis: AnalysisResult,
  draft: CorrectionDraft,
  body: number,
  to: string,
): CorrectionDraft {
  const levels = renameLevels(
    measuredVertebrae(analysis),
    draft.vertebrae.map(({ level }) => level),
    body,
    to,
  );
  const vertebrae = draft.vertebrae.map((each, index) => ({ ...each, level: levels[index] ?? each.level }));
  return { ...draft, vertebrae };
}

/** A side with the values that follow from a draft. */
export function draftSide(analysis: AnalysisResult, points: SideCorrection): ReportedSide | null {
  const measured = measuredSides(analysis).find(({ side }) => side === points.side);
  if (measured === undefined) return null;
  const side = isSideChanged(measured, points) ? correctSide(measured, points) : measured;
  const magnification = analysis.panoramic?.magnification ?? null;
  return { ...side, widthMm: sideWidthMm(side, analysis.spacing, magnification) };
}

/** The bodies with the values that follow from a draft. */
export function draftVertebrae(analysis: AnalysisResult, draft: CorrectionDraft): readonly VertebraFinding[] {
  const vertebrae = measuredVertebrae(analysis);
  const { image } = analysis;
  if (image === null) return vertebrae;
  return correctVertebrae({ vertebrae }, changesOf(analysis, draft).vertebrae, image).vertebrae;
}

function isSameBody(one: VertebraCorrection, other: VertebraCorrection): boolean {
  const [a, b] = [one.measuredAtPx, other.measuredAtPx];
  return Math.hypot(a[0] - b[0], a[1] - b[1]) < 1;
}

function isChanged<Measured, Points>(
  measured: Measured | undefined,
  points: Points,
  differs: (measured: Measured, points: Points) => boolean,
): boolean {
  return measured !== undefined && differs(measured, points);
}
