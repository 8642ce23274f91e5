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
  readonly probabilities: { readonly C1: number; readonly C2: number; readonly C3: number };
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
}

/** A side as it is reported: with millimetres where the scale is known. */
export interface ReportedSide extends SideMeasurement {
  readonly widthMm: number | null;
  readonly mci: CorticalIndex | null;
}

/** Scale of a film. Detector scale is not corrected for magnification (clinical-rules). */
export interface Spacing {
  readonly mmPerPx: number | null;
  readonly source: 'calibrated' | 'detector' | 'option' | 'none';
}

/** What was found on a panoramic film. */
export interface PanoramicFinding {
  readonly inferiorBorderPx: readonly PointPx[];
  readonly sides: readonly [ReportedSide, ReportedSide];
  /** Vertical magnification of the device where it is known; null means not corrected. */
  readonly magnification: number | null;
  readonly meanWidthMm: number | null;
  /** A monotone score of thin cortex for sorting, 0..1; not a probability of disease. */
  readonly lowBoneDensityScore: number | null;
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
  } | null;
  readonly spacing: Spacing;
  readonly outcome: Outcome;
  readonly reasons: readonly Reason[];
  readonly panoramic: PanoramicFinding | null;
  readonly spine: null;
  readonly quality: { readonly usable: boolean; readonly problems: readonly string[] };
  readonly models: readonly ModelIdentity[];
  readonly timingsMs: StageTimings;
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
    quality: { usable: false, problems: end.problems },
    models: [],
    timingsMs: { read: 0, decode: 0, prepare: 0, inference: 0, measure: 0, report: 0, total: 0 },
  };
}
