import type { AppliedCorrection } from './correction.ts';
import type { PointPx } from './film.ts';

/** What the view of a film can be; `other` is everything that this service does not handle. */
export type ViewName =
  'panoramic' | 'spine-lateral' | 'spine-frontal' | 'chest-frontal' | 'chest-lateral' | 'other';

/** How one film ended. A finding for triage, never a diagnosis. */
export type Outcome = 'positive' | 'negative' | 'not-assessable' | 'not-eligible' | 'refused';

/** A reason in words; the code is stable, the text is for people. */
export interface Reason {
  readonly code: string;
  readonly text: string;
}

/** The patient's right (left in the picture) or left. */
export type Side = 'R' | 'L';

/** Klemetti's cortical index; null where the service has no reading of it. */
export interface CorticalIndex {
  readonly class: 'C1' | 'C2' | 'C3';
  /** How sure the reading is between the three classes; no probability of disease. */
  readonly probabilities: { readonly C1: number; readonly C2: number; readonly C3: number };
  /** What the class was read from, distal to the foramen. */
  readonly signs: CorticalSigns;
}

/** The measurable signs of Klemetti's classes (models/training/mandible-contour/labels/TRACING_RULE.md). */
export interface CorticalSigns {
  /** Depth of the defects of the margin against its smooth course, pixels. */
  readonly roughnessPx: number;
  /** Lines of bone above the margin, each beyond a gap of its own. */
  readonly residueLayers: number;
  /** Share of the band that is dark, 0 to 1. */
  readonly porosityShare: number;
}

/** The width beside the foramen, where a misplaced foramen would have read it. */
export interface WidthBeside {
  /** Place along the tangent, pixels to the right of the perpendicular through the foramen. */
  readonly alongPx: number;
  /** null where it could not be read. */
  readonly widthPx: number | null;
}

/** One side of the mandible, measured in pixels of the original image. Absent values are null with a reason. */
export interface SideMeasurement {
  readonly side: Side;
  readonly assessable: boolean;
  /** Code that says why the side is not assessable, else null. */
  readonly reason: string | null;
  readonly foramenPx: PointPx | null;
  readonly foramenConfidence: number | null;
  /** Where the perpendicular through the foramen meets the periosteal border. */
  readonly outerPx: PointPx | null;
  /** Where it meets the endosteal margin. */
  readonly innerPx: PointPx | null;
  readonly widthPx: number | null;
  /** Panoramic mandibular index (Benson 1991): width / distance from the border to the foramen's inferior margin. */
  readonly pmi: number | null;
  /** One standard error of widthPx. */
  readonly uncertaintyPx: number | null;
  /** The width at the other of two margins between which the rule of residues hardly decides; null where it does. */
  readonly otherWidthPx: number | null;
  /** The width at several places round the foramen, left to right; empty where none was read. */
  readonly widthsBeside: readonly WidthBeside[];
  readonly mci: CorticalIndex | null;
}

/** A side as it is reported: with millimetres where the scale is known. */
export interface ReportedSide extends SideMeasurement {
  readonly widthMm: number | null;
}

/** Scale of a film. Detector scale is not corrected for magnification (clinical-rules). */
export interface Spacing {
  readonly mmPerPx: number | null;
  readonly source: 'calibrated' | 'detector' | 'option' | 'none';
  /** Magnification that the film itself states (0018,1114) and that mmPerPx is divided by; left out where it states none. */
  readonly statedMagnification?: number;
}

/** The calibration of a device that a film's millimetres were corrected by. */
export interface AppliedProfile {
  readonly name: string;
  /** Who or what the magnification comes from, in the site's words. */
  readonly source: string;
  /** Day of the calibration, YYYY-MM-DD. */
  readonly calibratedOn: string;
  /** One standard error of the magnification; null where the site gave none. */
  readonly uncertainty: number | null;
}

/** What was found on a panoramic film. */
export interface PanoramicFinding {
  readonly inferiorBorderPx: readonly PointPx[];
  readonly sides: readonly [ReportedSide, ReportedSide];
  /** Vertical magnification of the device where it is known; null means not corrected. */
  readonly magnification: number | null;
  /** The site's calibration of the device that the magnification comes from; null where there is none. */
  readonly deviceProfile: AppliedProfile | null;
  readonly meanWidthMm: number | null;
  /** A monotone score of thin cortex for sorting, 0..1; not a probability of disease. */
  readonly lowBoneDensityScore: number | null;
}

/** Names of the six points of a vertebral body (Genant 1993), in the order in which they are listed everywhere. */
export const VERTEBRA_POINTS = [
  'superiorAnterior',
  'superiorMiddle',
  'superiorPosterior',
  'inferiorAnterior',
  'inferiorMiddle',
  'inferiorPosterior',
] as const;

/** One of the six points. */
export type VertebraPoint = (typeof VERTEBRA_POINTS)[number];

/** Grade of a vertebral deformity after Genant 1993: 0 none, 1 mild, 2 moderate, 3 severe. */
export type GenantGrade = 0 | 1 | 2 | 3;

/** The type of a deformity: that of the largest loss. */
export type Deformity = 'none' | 'wedge' | 'biconcave' | 'crush';

/** Percent of height lost (clinical-rules, Vertebral deformity); crush is null where no reference vertebra is seen. */
export interface HeightLossPercent {
  readonly wedge: number;
  readonly biconcave: number;
  readonly crush: number | null;
}

/** One vertebral body, measured in pixels of the original image. Absent values are null with a reason. */
export interface VertebraFinding {
  /** T4 to L5; or V1, V2 ... from the top where nothing tells the level. */
  readonly level: string;
  /** 0 to 1; null where the level is only relative. */
  readonly levelConfidence: number | null;
  readonly assessable: boolean;
  /** Code that says why it is not graded, else null. */
  readonly reason: string | null;
  /** That a whole vertebral body is there, 0 to 1. */
  readonly confidence: number;
  readonly pointsPx: Readonly<Record<VertebraPoint, PointPx>>;
  readonly pointConfidences: Readonly<Record<VertebraPoint, number>>;
  /** One standard error of each point along the height of the body. */
  readonly pointErrorsPx: Readonly<Record<VertebraPoint, number>>;
  readonly heightsPx: {
    readonly anterior: number;
    readonly middle: number;
    readonly posterior: number;
  } | null;
  readonly lossPercent: HeightLossPercent | null;
  /** One standard error of each loss, percentage points. */
  readonly lossErrorPercent: HeightLossPercent | null;
  readonly genantGrade: GenantGrade | null;
  readonly deformity: Deformity | null;
  /** Codes of what a reader should know: a loss near a boundary, a known mimic ... */
  readonly remarks: readonly string[];
}

/** What was found on a lateral film of the spine or chest. */
export interface SpineFinding {
  /** Where the front of the body points in the picture. */
  readonly facing: 'left' | 'right';
  /** From top to bottom. */
  readonly vertebrae: readonly VertebraFinding[];
  /** Middle of the upper endplate of S1 where it was seen. */
  readonly sacrumPx: PointPx | null;
  /** Of the graded vertebrae; null where none was graded. */
  readonly worstGrade: GenantGrade | null;
  /** A monotone score of the largest loss beyond its error, for sorting, 0..1; not a probability of fracture. */
  readonly fractureScore: number | null;
}

/** What a site's own model says of bone density on a film; this service ships none. */
export interface BoneDensityFinding {
  /** The model's own score; what it means stands in that model's card. */
  readonly score: number;
  /** The limit of that model's manifest. */
  readonly limit: number;
  readonly isLow: boolean;
}

/** Milliseconds spent in each stage. */
export interface StageTimings {
  readonly read: number;
  readonly decode: number;
  readonly prepare: number;
  readonly inference: number;
  readonly measure: number;
  /** Drawing and writing the pictures and reports; 0 where none were asked for. */
  readonly report: number;
  /** The sum of the stages. */
  readonly total: number;
}

/** The model that produced a number. */
export interface ModelIdentity {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
}

/** The result of one image: contract `osteotriage.analysis/1`. */
export interface AnalysisResult {
  readonly schema: 'osteotriage.analysis/1';
  readonly file: string;
  readonly sopInstanceUid: string | null;
  readonly image: { readonly columns: number; readonly rows: number; readonly bitsStored: number } | null;
  readonly view: {
    readonly name: ViewName;
    readonly source: 'dicom' | 'model' | 'option';
    readonly confidence: number;
    /** Degrees clockwise by which the picture is turned against upright; null where it was not looked at. */
    readonly turnDegrees: 0 | 90 | 180 | 270 | null;
    /** null where it was not looked at or cannot be told. */
    readonly isMirrored: boolean | null;
  } | null;
  readonly spacing: Spacing;
  readonly outcome: Outcome;
  readonly reasons: readonly Reason[];
  readonly panoramic: PanoramicFinding | null;
  readonly spine: SpineFinding | null;
  readonly boneDensity: BoneDensityFinding | null;
  readonly quality: { readonly usable: boolean; readonly problems: readonly string[] };
  readonly models: readonly ModelIdentity[];
  readonly timingsMs: StageTimings;
  /** Points that a person set, and what was measured; left out where nobody corrected anything. */
  readonly correction?: AppliedCorrection;
}

/** The result under the name of what the film holds: where it lay is another place each time, and nobody's concern. */
export function namedAfterInstance(analysis: AnalysisResult, sopInstanceUid: string): AnalysisResult {
  return { ...analysis, file: `${sopInstanceUid}.dcm` };
}

/** The result of a file of which nothing was read. */
export function unreadAnalysis(
  file: string,
  end: { readonly outcome: Outcome; readonly reason: Reason; readonly problems: readonly string[] },
): AnalysisResult {
  return {
    schema: 'osteotriage.analysis/1',
    file,
    sopInstanceUid: null,
    image: null,
    view: null,
    spacing: { mmPerPx: null, source: 'none' },
    outcome: end.outcome,
    reasons: [end.reason],
    panoramic: null,
    spine: null,
    boneDensity: null,
    quality: { usable: false, problems: end.problems },
    models: [],
    timingsMs: { read: 0, decode: 0, prepare: 0, inference: 0, measure: 0, report: 0, total: 0 },
  };
}
