/** What a person sets on a film in the place of what was measured. Pixels of the original image. Pure. */
import type { PanoramicFinding, ReportedSide, Side, SpineFinding, VertebraPoint } from './analysis.ts';
import type { PointPx } from './film.ts';

/** The points of a side that a person can set. */
export const SIDE_POINTS = ['outerPx', 'innerPx', 'foramenPx', 'foramenMarginPx'] as const;

/** One of them: border, endosteal margin, centre of the foramen, its lower margin. */
export type SidePoint = (typeof SIDE_POINTS)[number];

/** A side as a person set it; null: that point was not seen. */
export interface SideCorrection {
  readonly side: Side;
  /** False: a person says that this side cannot be measured. */
  readonly assessable: boolean;
  readonly outerPx: PointPx | null;
  readonly innerPx: PointPx | null;
  readonly foramenPx: PointPx | null;
  readonly foramenMarginPx: PointPx | null;
}

/** A vertebra as a person set it. */
export interface VertebraCorrection {
  /** Centre of the measured body that it stands for: levels may be renamed, and another model may find others. */
  readonly measuredAtPx: PointPx;
  readonly level: string;
  /** False: a person says that this body cannot be graded. */
  readonly assessable: boolean;
  readonly pointsPx: Readonly<Record<VertebraPoint, PointPx>>;
}

/** All that a person set on a film; a later one takes the place of an earlier one. Empty: what was measured stands. */
export interface PointsCorrection {
  readonly sides: readonly SideCorrection[];
  readonly vertebrae: readonly VertebraCorrection[];
}

/** Who corrected points. */
export interface Corrector {
  readonly userId: string;
  /** The name that colleagues see. */
  readonly name: string;
  readonly role: 'coordinator' | 'radiologist';
}

/** A correction on its way to a result. */
export interface OrderedCorrection extends PointsCorrection {
  readonly by: Corrector;
  readonly atMs: number;
}

/** What was measured before a person's points took its place. */
export interface MeasuredBefore {
  readonly outcome: string;
  readonly panoramic: {
    readonly sides: readonly [ReportedSide, ReportedSide];
    readonly meanWidthMm: PanoramicFinding['meanWidthMm'];
  } | null;
  readonly spine: Pick<SpineFinding, 'vertebrae' | 'worstGrade'> | null;
}

/** A correction as it stands in a result: who made it, what it changed, and what was measured. */
export interface AppliedCorrection {
  readonly by: Corrector;
  readonly atMs: number;
  /** Sides whose points are a person's. */
  readonly sides: readonly Side[];
  /** Vertebrae whose points or names are a person's, by the names that they have now. */
  readonly levels: readonly string[];
  readonly measured: MeasuredBefore;
}

/** Whether a person took everything back. */
export function isWithdrawn({ sides, vertebrae }: PointsCorrection): boolean {
  return sides.length === 0 && vertebrae.length === 0;
}
