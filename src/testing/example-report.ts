/** A film's result as the pipeline gives it, made by hand, for tests of what is written about it. */
import { decideReferral, sideWidthMm } from '../decide/referral-policy.ts';
import type { AnalysisResult, AppliedProfile, ReportedSide, Side, Spacing } from '../exam/analysis.ts';
import type { ImageHeader } from '../exam/exam.ts';
import type { FilmDisplay } from '../report/presentation-state.ts';
import type { ReportIdentity, ReportInput } from '../report/report-object.ts';

/** What a test wants to be different. */
export interface ExampleOptions {
  readonly widthPx?: { readonly R: number | null; readonly L: number | null };
  readonly pmi?: number | null;
  readonly spacing?: Spacing;
  readonly magnification?: number | null;
  readonly deviceProfile?: AppliedProfile | null;
  /** What the right side has besides its width: a rival margin, widths beside the foramen, a class. */
  readonly rightSide?: Partial<
    Pick<ReportedSide, 'otherWidthPx' | 'widthsBeside' | 'mci' | 'foramenConfidence'>
  >;
  readonly header?: Partial<ReportInput['header']>;
  readonly revision?: number;
  readonly predecessor?: ReportInput['predecessor'];
}

/** Everything that may be said of a side: two near margins, an uncertain foramen, a class. */
export const TALKATIVE_SIDE: NonNullable<ExampleOptions['rightSide']> = {
  otherWidthPx: 41.5,
  widthsBeside: [-52, -26, 0, 26, 52].map((alongPx, index) => ({
    alongPx,
    widthPx: [26, 27.4, 28.2, null, 33][index] ?? null,
  })),
  foramenConfidence: 0.6,
  mci: {
    class: 'C2',
    probabilities: { C1: 0.2, C2: 0.7, C3: 0.1 },
    signs: { roughnessPx: 6.2, residueLayers: 1, porosityShare: 0.12 },
  },
};

/** A calibration of an invented device. */
export const EXAMPLE_PROFILE: AppliedProfile = {
  name: 'Room 2',
  source: 'step phantom',
  calibratedOn: '2026-05-04',
  uncertainty: 0.02,
};

/** A header of an invented person. */
export const EXAMPLE_HEADER: ImageHeader = {
  studyInstanceUid: '2.25.1001',
  seriesInstanceUid: '2.25.1002',
  sopInstanceUid: '2.25.1003',
  sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1',
  transferSyntaxUid: '1.2.840.10008.1.2.1',
  modality: 'PX',
  patientId: 'PHANTOM-1',
  issuerOfPatientId: 'OSTEOTRIAGE-PHANTOMS',
  patientName: 'Exempel^Åsa Örjana',
  patientBirthDate: '19500401',
  patientAgeYears: 75,
  patientSex: 'F',
  studyDate: '20250615',
  studyTime: '101500',
  accessionNumber: 'ACC1',
  studyDescription: 'Panoramaröntgen',
  seriesDescription: null,
  protocolName: null,
  bodyPartExamined: 'JAW',
  viewPosition: null,
  viewMeaning: null,
  manufacturer: 'Phantom works',
  manufacturerModelName: 'Phantom',
  stationName: null,
  rows: 1244,
  columns: 2800,
  bitsStored: 12,
};

const IDENTITY: ReportIdentity = {
  manufacturer: 'Osteotriage',
  modelName: 'osteotriage',
  softwareVersion: '0.1.0',
  deviceSerialNumber: 'test-installation',
  deviceUid: '2.25.42',
};

/** Everything a report is built from, decided by the real policy. */
export function exampleReport(options: ExampleOptions = {}): ReportInput {
  const spacing = options.spacing ?? { mmPerPx: 0.0959, source: 'detector' };
  const magnification = options.magnification ?? null;
  const widthPx = options.widthPx ?? { R: 28.2, L: 27.1 };
  const pmi = options.pmi === undefined ? 0.21 : options.pmi;
  const sides = [
    { ...exampleSide('R', widthPx.R, pmi, spacing, magnification), ...options.rightSide },
    exampleSide('L', widthPx.L, pmi, spacing, magnification),
  ] as const;
  const decision = decideReferral({ sides, spacing, magnification });
  const analysis: AnalysisResult = {
    schema: 'osteotriage.analysis/1',
    file: 'example.dcm',
    sopInstanceUid: EXAMPLE_HEADER.sopInstanceUid,
    image: { columns: 2800, rows: 1244, bitsStored: 12 },
    view: {
      name: 'panoramic',
      source: 'dicom',
      confidence: 0.99,
      turnDegrees: null,
      isMirrored: null,
    },
    spacing,
    outcome: decision.outcome,
    reasons: decision.reasons,
    panoramic: {
      inferiorBorderPx: exampleBorder(),
      sides,
      magnification,
      deviceProfile: options.deviceProfile ?? null,
      meanWidthMm: decision.meanWidthMm,
      lowBoneDensityScore: decision.lowBoneDensityScore,
    },
    spine: null,
    boneDensity: null,
    quality: { usable: true, problems: [] },
    models: [{ name: 'mandible-contour', version: '1.0.0', sha256: 'a'.repeat(64) }],
    timingsMs: { read: 1, decode: 1, prepare: 1, inference: 1, measure: 1, report: 0, total: 5 },
  };
  return {
    header: { ...EXAMPLE_HEADER, studyId: 'PAN-1', ...options.header },
    analysis,
    revision: options.revision ?? 0,
    predecessor: options.predecessor ?? null,
    reportedAtMs: Date.UTC(2025, 5, 16, 12, 0, 0),
    identity: IDENTITY,
  };
}

/** How an example film is shown: twelve bits, white is bone. */
export const EXAMPLE_DISPLAY: FilmDisplay = {
  samplesPerPixel: 1,
  numberOfFrames: 1,
  photometricInterpretation: 'MONOCHROME2',
  presentationLutShape: 'IDENTITY',
  rescaleSlope: 1,
  rescaleIntercept: 0,
  modalityLut: null,
  windowCenter: [2048.5],
  windowWidth: [4096],
  voiLutFunction: null,
  voiLut: null,
  pixelSpacing: [],
  imagerPixelSpacing: [0.0959, 0.0959],
  pixelAspectRatio: [],
};

/** A jaw's lower border: a parabola through the chin, left to right, 8 px between points. */
function exampleBorder(): [number, number][] {
  return Array.from({ length: 251 }, (_, index) => {
    const column = 400 + index * 8;
    return [column, 1150 - ((column - 1400) / 1000) ** 2 * 350];
  });
}

function exampleSide(
  side: Side,
  widthPx: number | null,
  pmi: number | null,
  spacing: Spacing,
  magnification: number | null,
): ReportedSide {
  if (widthPx === null) return unmeasuredSide(side);
  const column = side === 'R' ? 1000 : 1800;
  const outerPx = [column, 1150 - 0.16 * 350] as const;
  // The perpendicular leans towards the midline, as the border rises to either side.
  const slope = ((side === 'R' ? 1 : -1) * 2 * 0.4 * 350) / 1000;
  const [acrossPx, upPx] = [slope / Math.hypot(slope, 1), -1 / Math.hypot(slope, 1)];
  const along = (distancePx: number) =>
    [outerPx[0] + acrossPx * distancePx, outerPx[1] + upPx * distancePx] as const;
  return {
    side,
    assessable: true,
    reason: null,
    foramenPx: along(150),
    foramenConfidence: 0.9,
    outerPx,
    innerPx: along(widthPx),
    widthPx,
    widthMm: sideWidthMm({ widthPx }, spacing, magnification),
    pmi,
    otherWidthPx: null,
    widthsBeside: [],
    mci: null,
    uncertaintyPx: 2.1,
  };
}

function unmeasuredSide(side: Side): ReportedSide {
  return {
    side,
    assessable: false,
    reason: 'foramen-not-found',
    foramenPx: null,
    foramenConfidence: null,
    outerPx: null,
    innerPx: null,
    widthPx: null,
    widthMm: null,
    pmi: null,
    otherWidthPx: null,
    widthsBeside: [],
    mci: null,
    uncertaintyPx: null,
  };
}
