/**
 * The measurement report: DICOM SR by template TID 1500 (PS3.16) in Comprehensive 3D SR, in the original study.
 * A negative film gets one as well, so that "read and not thin" can be told from "never read".
 */
import { DISCLAIMER, reasonText } from '../decide/reason-texts.ts';
import { mmPerPxOf } from '../decide/referral-policy.ts';
import { SOP_CLASSES } from '../dicom/uids.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { AnalysisResult, Outcome, PanoramicFinding, ReportedSide } from '../exam/analysis.ts';
import {
  codedItem,
  containerBody,
  containerItem,
  imageItem,
  imageReference,
  numberItem,
  polylineItem,
  textItem,
  uidItem,
  type Code,
} from './content-item.ts';
import { ANSWERS, CODING_SCHEMES, CONCEPTS, MODALITIES, UNITS } from './report-codes.ts';
import {
  commonAttributes,
  reportUid,
  type ReportIdentity,
  type ReportInput,
  type ReportReference,
} from './report-object.ts';

const OUTCOME_CODES: Readonly<Record<Outcome, Code>> = {
  positive: ANSWERS.positive,
  negative: ANSWERS.negative,
  'not-assessable': ANSWERS.notAssessable,
  'not-eligible': ANSWERS.notAssessable,
  refused: ANSWERS.notAssessable,
};

const KLEMETTI_CODES = { C1: ANSWERS.klemettiC1, C2: ANSWERS.klemettiC2, C3: ANSWERS.klemettiC3 };

/** Builds the report of one exam; the same input gives the same data set, UIDs included. */
export function buildStructuredReport(input: ReportInput): DicomDataset {
  const { header, predecessor } = input;
  return {
    ...commonAttributes(input, 'structured-report', SOP_CLASSES.comprehensive3dStructuredReport),
    Modality: 'SR',
    SeriesDescription: 'Osteotriage measurements (for triage, not a diagnosis)',
    // Type 2: present though empty, since nothing was performed under a step of its own.
    ReferencedPerformedProcedureStepSequence: null,
    PerformedProcedureCodeSequence: null,
    CodingSchemeIdentificationSequence: CODING_SCHEMES,
    CompletionFlag: 'COMPLETE',
    // No person has read it, and this service never says that one has (PS3.3 section C.17.2).
    VerificationFlag: 'UNVERIFIED',
    CurrentRequestedProcedureEvidenceSequence: documentReference(header),
    // The report that this one takes the place of (PS3.3 section C.17.2).
    ...(predecessor === null ? {} : { PredecessorDocumentsSequence: documentReference(predecessor) }),
    ...containerBody(CONCEPTS.imagingMeasurementReport, rootItems(input), '1500'),
  };
}

/** An object within its study and series (PS3.3 table C.17-3). */
function documentReference(of: ReportReference): DicomDataset {
  return {
    StudyInstanceUID: of.studyInstanceUid,
    ReferencedSeriesSequence: {
      SeriesInstanceUID: of.seriesInstanceUid,
      ReferencedSOPSequence: imageReference(of),
    },
  };
}

function rootItems(input: ReportInput): DicomDataset[] {
  const groups = measurementGroups(input);
  return [
    codedItem('HAS CONCEPT MOD', CONCEPTS.language, ANSWERS.english),
    ...observerItems(input.identity),
    codedItem('HAS CONCEPT MOD', CONCEPTS.procedureReported, ANSWERS.imaging),
    imageLibrary(input),
    ...(groups.length === 0 ? [] : [containerItem('CONTAINS', CONCEPTS.imagingMeasurements, groups)]),
    containerItem('CONTAINS', CONCEPTS.qualitativeEvaluations, evaluationItems(input.analysis)),
  ];
}

/** TID 1001, 1002 and 1004: a device made this observation. */
function observerItems(identity: ReportIdentity): DicomDataset[] {
  const { deviceUid, modelName, manufacturer, deviceSerialNumber } = identity;
  return [
    codedItem('HAS OBS CONTEXT', CONCEPTS.observerType, ANSWERS.device),
    uidItem('HAS OBS CONTEXT', CONCEPTS.deviceUid, deviceUid),
    textItem('HAS OBS CONTEXT', CONCEPTS.deviceName, modelName),
    textItem('HAS OBS CONTEXT', CONCEPTS.deviceManufacturer, manufacturer),
    textItem('HAS OBS CONTEXT', CONCEPTS.deviceModel, modelName),
    textItem('HAS OBS CONTEXT', CONCEPTS.deviceSerial, deviceSerialNumber),
  ];
}

/** TID 1600: the film that was measured. */
function imageLibrary({ header }: ReportInput): DicomDataset {
  const modality = MODALITIES[header.modality ?? ''];
  const about = modality === undefined ? [] : [codedItem('HAS ACQ CONTEXT', CONCEPTS.modality, modality)];
  const group = containerItem('CONTAINS', CONCEPTS.imageLibraryGroup, [
    ...about,
    imageItem('CONTAINS', header),
  ]);
  return containerItem('CONTAINS', CONCEPTS.imageLibrary, [group]);
}

function measurementGroups(input: ReportInput): DicomDataset[] {
  const { panoramic } = input.analysis;
  if (panoramic === null) return [];
  const sides = panoramic.sides.filter(isMeasured).map((side) => sideGroup(input, panoramic, side));
  return panoramic.meanWidthMm === null ? sides : [...sides, meanGroup(input, panoramic)];
}

type MeasuredSide = ReportedSide & { readonly widthPx: number };

function isMeasured(side: ReportedSide): side is MeasuredSide {
  return side.assessable && side.widthPx !== null;
}

/** One side as a TID 1501 measurement group. */
function sideGroup(input: ReportInput, panoramic: PanoramicFinding, side: MeasuredSide): DicomDataset {
  const laterality = side.side === 'R' ? ANSWERS.right : ANSWERS.left;
  const name = `Mandibular cortex, ${laterality.meaning.toLowerCase()}`;
  return containerItem(
    'CONTAINS',
    CONCEPTS.measurementGroup,
    [
      ...trackingItems(input, name, side.side),
      codedItem('CONTAINS', CONCEPTS.finding, ANSWERS.mandibularCortex),
      codedItem('HAS CONCEPT MOD', CONCEPTS.measurementMethod, ANSWERS.perpendicularThroughForamen),
      codedItem('HAS CONCEPT MOD', CONCEPTS.findingSite, ANSWERS.mandible, [
        codedItem('HAS CONCEPT MOD', CONCEPTS.laterality, laterality),
      ]),
      ...algorithmItems(input),
      ...widthItems(input, panoramic, side),
      ...indexItems(side),
    ],
    '1501',
  );
}

/** The mean of the sides, which is what the referral policy looks at. */
function meanGroup(input: ReportInput, panoramic: PanoramicFinding): DicomDataset {
  const { meanWidthMm, lowBoneDensityScore } = panoramic;
  const scale = codedItem('HAS CONCEPT MOD', CONCEPTS.measurementScale, scaleOf(input.analysis, panoramic));
  const mean = codedItem('HAS CONCEPT MOD', CONCEPTS.derivation, ANSWERS.mean);
  return containerItem(
    'CONTAINS',
    CONCEPTS.measurementGroup,
    [
      ...trackingItems(input, 'Mandibular cortex, mean of the assessable sides', 'mean'),
      codedItem('CONTAINS', CONCEPTS.finding, ANSWERS.mandibularCortex),
      codedItem('HAS CONCEPT MOD', CONCEPTS.findingSite, ANSWERS.mandible),
      ...algorithmItems(input),
      ...(meanWidthMm === null
        ? []
        : [widthNumber(CONCEPTS.corticalWidth, meanWidthMm, true, [mean, scale])]),
      ...(lowBoneDensityScore === null
        ? []
        : [
            numberItem(CONCEPTS.lowBoneDensityScore, {
              value: lowBoneDensityScore,
              decimals: 3,
              unit: UNITS.none,
            }),
          ]),
    ],
    '1501',
  );
}

function trackingItems(input: ReportInput, name: string, part: string): DicomDataset[] {
  return [
    textItem('HAS OBS CONTEXT', CONCEPTS.trackingIdentifier, name),
    // The same place on the film in every revision of the report.
    uidItem(
      'HAS OBS CONTEXT',
      CONCEPTS.trackingUid,
      reportUid({ ...input, revision: 0 }, `tracking-${part}`),
    ),
  ];
}

/** TID 4019 for every model that took part. */
function algorithmItems({ analysis, identity }: ReportInput): DicomDataset[] {
  const models = analysis.models.map(({ name, version }) => `${name} ${version}`).join(', ');
  return [
    textItem('HAS CONCEPT MOD', CONCEPTS.algorithmName, identity.modelName),
    textItem(
      'HAS CONCEPT MOD',
      CONCEPTS.algorithmVersion,
      models === '' ? identity.softwareVersion : `${identity.softwareVersion} (${models})`,
    ),
  ];
}

function widthItems(input: ReportInput, panoramic: PanoramicFinding, side: MeasuredSide): DicomDataset[] {
  const { analysis, header } = input;
  const { outerPx, innerPx, uncertaintyPx } = side;
  const mmPerPx = mmPerPxOf(analysis.spacing, panoramic.magnification);
  const inMm = side.widthMm !== null && mmPerPx !== null;
  const scale = codedItem('HAS CONCEPT MOD', CONCEPTS.measurementScale, scaleOf(analysis, panoramic));
  const line =
    outerPx === null || innerPx === null
      ? []
      : [polylineItem('INFERRED FROM', CONCEPTS.imageRegion, [outerPx, innerPx], header)];
  const width = inMm ? side.widthMm : side.widthPx;
  const error = uncertaintyPx === null ? null : uncertaintyPx * (inMm ? mmPerPx : 1);
  return [
    widthNumber(CONCEPTS.corticalWidth, width, inMm, [scale, ...line]),
    ...(error === null ? [] : [widthNumber(CONCEPTS.corticalWidthError, error, inMm, [scale])]),
  ];
}

function widthNumber(name: Code, value: number, inMm: boolean, children: DicomDataset[]): DicomDataset {
  const measured = inMm
    ? { value, decimals: 2, unit: UNITS.millimetre }
    : { value, decimals: 1, unit: UNITS.pixels };
  return numberItem(name, measured, children);
}

function indexItems(side: MeasuredSide): DicomDataset[] {
  const { pmi, mci } = side;
  return [
    ...(pmi === null
      ? []
      : [numberItem(CONCEPTS.panoramicIndex, { value: pmi, decimals: 3, unit: UNITS.ratio })]),
    ...(mci === null ? [] : [codedItem('CONTAINS', CONCEPTS.corticalIndex, KLEMETTI_CODES[mci.class])]),
  ];
}

/** How far the millimetres can be trusted as bone; a reader of the number alone must see it. */
function scaleOf(analysis: AnalysisResult, panoramic: PanoramicFinding): Code {
  if (mmPerPxOf(analysis.spacing, panoramic.magnification) === null) return ANSWERS.scalePixels;
  if (panoramic.magnification !== null) return ANSWERS.scaleCorrected;
  return analysis.spacing.source === 'calibrated' ? ANSWERS.scaleCalibrated : ANSWERS.scaleDetector;
}

/** The outcome, the reasons in words, what could not be measured and why, and what the report is not. */
function evaluationItems(analysis: AnalysisResult): DicomDataset[] {
  const unread = (analysis.panoramic?.sides ?? []).filter((side) => !isMeasured(side));
  const texts = [
    ...analysis.reasons.map(({ text }) => text),
    ...unread.map((side) => {
      const name = side.side === 'R' ? 'Right' : 'Left';
      return `${name} side not measured. ${reasonText(side.reason ?? 'margin-unclear', 'en')}`;
    }),
    DISCLAIMER.en,
  ];
  return [
    codedItem('CONTAINS', CONCEPTS.triageOutcome, OUTCOME_CODES[analysis.outcome]),
    ...texts.map((text) => textItem('CONTAINS', CONCEPTS.comment, text)),
  ];
}
