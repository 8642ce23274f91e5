/**
 * The measurement report: DICOM SR by template TID 1500 (PS3.16) in Comprehensive 3D SR, in the original study.
 * A negative film gets one as well, so that "read and nothing found" can be told from "never read".
 */
import { SOP_CLASSES } from '../dicom/uids.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { AnalysisResult, BoneDensityFinding } from '../exam/analysis.ts';
import {
  codedItem,
  containerBody,
  containerItem,
  imageItem,
  imageReference,
  personItem,
  textItem,
  uidItem,
} from './content-item.ts';
import { evaluationItems } from './evaluation-items.ts';
import { measurementGroup, shareItem } from './measurement-group.ts';
import { panoramicGroups } from './panoramic-groups.ts';
import { ANSWERS, CODING_SCHEMES, CONCEPTS, MODALITIES } from './report-codes.ts';
import { spineGroups } from './spine-groups.ts';
import {
  commonAttributes,
  type ReportIdentity,
  type ReportInput,
  type ReportReference,
} from './report-object.ts';

/** Of one component group (PS3.5 table 6.2-1). */
const PERSON_NAME_CHARACTERS_MAX = 64;

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
    ...correctorItems(input.analysis),
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

/** TID 1003: the person who set points, beside the device that measured. */
function correctorItems({ correction }: AnalysisResult): DicomDataset[] {
  if (correction === undefined) return [];
  const { userId, name, role } = correction.by;
  return [
    codedItem('HAS OBS CONTEXT', CONCEPTS.observerType, ANSWERS.person),
    personItem('HAS OBS CONTEXT', CONCEPTS.personName, personNameOf(name)),
    textItem('HAS OBS CONTEXT', CONCEPTS.personLogin, userId),
    codedItem('HAS OBS CONTEXT', CONCEPTS.personRole, ANSWERS[role]),
  ];
}

/** A colleague's name as it is spoken, the last word of it the family's, without what would divide it (PS3.5 section 6.2.1). */
function personNameOf(name: string): string {
  const words = name
    .replaceAll(/[\\^=\p{Cc}]/gu, ' ')
    .split(' ')
    .filter((word) => word !== '');
  const family = words.at(-1) ?? '';
  return Array.from(`${family}^${words.slice(0, -1).join(' ')}`)
    .slice(0, PERSON_NAME_CHARACTERS_MAX)
    .join('');
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
  const { panoramic, spine, boneDensity } = input.analysis;
  return [
    ...(panoramic === null ? [] : panoramicGroups(input, panoramic)),
    ...(spine === null ? [] : spineGroups(input, spine)),
    ...(boneDensity === null ? [] : [boneDensityGroup(input, boneDensity)]),
  ];
}

/** What a model says that the site installed: its own number, which this service neither trained nor checked. */
function boneDensityGroup(input: ReportInput, { score, limit }: BoneDensityFinding): DicomDataset {
  return measurementGroup(
    input,
    {
      name: 'Bone density by a model of this site',
      part: 'bone-density',
      finding: ANSWERS.boneDensity,
      method: null,
      site: ANSWERS.skeleton,
    },
    [shareItem(CONCEPTS.boneDensityScore, score), shareItem(CONCEPTS.boneDensityLimit, limit)],
  );
}
