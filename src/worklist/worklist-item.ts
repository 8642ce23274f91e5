/**
 * One item of the modality worklist: the attributes of PS3.4 Table K.6-1 as data, how a query is matched against
 * them and what is returned. Pure.
 */
import type { ScheduledStep } from '../database/procedure-records.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import { TriageError } from '../errors.ts';
import {
  hasWildcard,
  keyValues,
  matchesKeys,
  matchesStart,
  parseDateKey,
  parseTimeKey,
  type KeyRange,
  type KeyVr,
} from './attribute-matching.ts';

/** What the DXA is called on the scanner's list. */
const PROCEDURE_DESCRIPTION = 'Bone density (DXA)';

/** A step as a caller gets it: with the station that it is for. */
export interface WorklistStep extends ScheduledStep {
  /** Never empty: a step that any scanner may perform is the caller's (type 1). */
  readonly stationTitle: string;
}

interface Attribute {
  readonly vr: KeyVr | 'SQ';
  /** 1 and 2 are returned whether they are asked for or not; R keys match even where nothing is known. */
  readonly type: '1' | '2' | '3';
  readonly required?: true;
  /** Left out where this service knows nothing: then the key matches all, and the answer says so. */
  readonly value?: (step: WorklistStep) => string | null;
}

const SEQUENCE_2: Attribute = { vr: 'SQ', type: '2' };
const SEQUENCE_3: Attribute = { vr: 'SQ', type: '3' };

/** Attributes within the Scheduled Procedure Step Sequence. */
const STEP_ATTRIBUTES: Readonly<Record<string, Attribute>> = {
  ScheduledStationAETitle: { vr: 'AE', type: '1', required: true, value: (step) => step.stationTitle },
  ScheduledProcedureStepStartDate: { vr: 'DA', type: '1', required: true, value: (s) => s.scheduledDate },
  ScheduledProcedureStepStartTime: { vr: 'TM', type: '1', required: true, value: (s) => s.scheduledTime },
  Modality: { vr: 'CS', type: '1', required: true, value: () => 'BMD' },
  ScheduledPerformingPhysicianName: { vr: 'PN', type: '2', required: true, value: () => null },
  // Type 1C: one of description and protocol code.
  ScheduledProcedureStepDescription: { vr: 'LO', type: '1', value: () => PROCEDURE_DESCRIPTION },
  ScheduledProtocolCodeSequence: SEQUENCE_3,
  ScheduledStationName: { vr: 'SH', type: '2' },
  ScheduledProcedureStepLocation: { vr: 'SH', type: '2' },
  PreMedication: { vr: 'LO', type: '3' },
  RequestedContrastAgent: { vr: 'LO', type: '3' },
  ScheduledProcedureStepID: { vr: 'SH', type: '1', value: (step) => step.stepId },
  ScheduledProcedureStepStatus: {
    vr: 'CS',
    type: '3',
    value: (step) => (step.state === 'in-progress' ? 'STARTED' : 'SCHEDULED'),
  },
};

/** Attributes beside it. */
const ITEM_ATTRIBUTES: Readonly<Record<string, Attribute>> = {
  AccessionNumber: { vr: 'SH', type: '2', value: (step) => step.accessionNumber },
  ReferringPhysicianName: { vr: 'PN', type: '2' },
  ReferencedStudySequence: SEQUENCE_2,
  ReferencedPatientSequence: SEQUENCE_2,
  PatientName: { vr: 'PN', type: '1', required: true, value: (step) => step.patientName },
  PatientID: { vr: 'LO', type: '1', required: true, value: (step) => step.patientId },
  IssuerOfPatientID: { vr: 'LO', type: '3', value: (step) => step.issuerOfPatientId },
  PatientBirthDate: { vr: 'DA', type: '2', value: (step) => step.birthDate },
  PatientSex: { vr: 'CS', type: '2', value: (step) => step.sex },
  PatientWeight: { vr: 'DS', type: '2' },
  MedicalAlerts: { vr: 'LO', type: '2' },
  Allergies: { vr: 'LO', type: '2' },
  PregnancyStatus: { vr: 'US', type: '2' },
  StudyInstanceUID: { vr: 'UI', type: '1', value: (step) => step.studyUid },
  RequestingPhysician: { vr: 'PN', type: '2' },
  // Type 1C: one of description and code.
  RequestedProcedureDescription: { vr: 'LO', type: '1', value: () => PROCEDURE_DESCRIPTION },
  RequestedProcedureCodeSequence: SEQUENCE_3,
  AdmissionID: { vr: 'LO', type: '2' },
  CurrentPatientLocation: { vr: 'LO', type: '2' },
  SpecialNeeds: { vr: 'LO', type: '2' },
  PatientState: { vr: 'LO', type: '2' },
  RequestedProcedureID: { vr: 'SH', type: '1', value: (step) => step.requestedProcedureId },
  RequestedProcedurePriority: { vr: 'SH', type: '2', value: () => 'ROUTINE' },
  PatientTransportArrangements: { vr: 'LO', type: '2' },
  ConfidentialityConstraintOnPatientDataDescription: { vr: 'LO', type: '2' },
};

const STEP_SEQUENCE = 'ScheduledProcedureStepSequence';
/** Not keys: how the identifier is written, and the level that some scanners send though worklists have none. */
const NO_KEYS: ReadonlySet<string> = new Set([
  'SpecificCharacterSet',
  'TimezoneOffsetFromUTC',
  'QueryRetrieveLevel',
]);

/** An attribute of the worklist as the conformance statement lists it. */
export interface WorklistAttribute {
  readonly keyword: string;
  readonly vr: string;
  readonly returnType: '1' | '2' | '3';
  /** Whether a key with a value is matched; else it matches all, with the status FF01. */
  readonly isMatched: boolean;
  readonly isInStep: boolean;
}

/** Every attribute of an item. */
export function listWorklistAttributes(): readonly WorklistAttribute[] {
  return [ITEM_ATTRIBUTES, STEP_ATTRIBUTES].flatMap((attributes) =>
    Object.entries(attributes).map(([keyword, { vr, type, value }]) => ({
      ...{ keyword, vr, returnType: type },
      isMatched: value !== undefined,
      isInStep: attributes === STEP_ATTRIBUTES,
    })),
  );
}

/** A query as it was understood. */
export interface WorklistQuery {
  /** Keys with values that are matched, by keyword. */
  readonly keys: readonly MatchedKey[];
  readonly startDate: KeyRange | null;
  readonly startTime: KeyRange | null;
  /** Titles or patterns; empty: steps of the caller and of nobody. */
  readonly stationKeys: readonly string[];
  /** True where a key with a value was not matched: the matches say so with the status FF01. */
  readonly hasUnsupportedKeys: boolean;
  readonly identifier: DicomDataset;
  /** The keys within the Scheduled Procedure Step Sequence. */
  readonly stepIdentifier: DicomDataset;
}

interface MatchedKey {
  readonly keyword: string;
  readonly values: readonly string[];
  readonly attribute: Attribute & { readonly value: NonNullable<Attribute['value']>; readonly vr: KeyVr };
}

const START_DATE = 'ScheduledProcedureStepStartDate';
const START_TIME = 'ScheduledProcedureStepStartTime';
const STATION = 'ScheduledStationAETitle';

/** Reads an identifier. Throws sop-class-mismatch (status A900) where a date or a time cannot be read. */
export function readQuery(identifier: DicomDataset): WorklistQuery {
  const [stepIdentifier = {}] = itemsOf(identifier[STEP_SEQUENCE]);
  const keys: MatchedKey[] = [];
  let hasUnsupportedKeys = false;
  const parts = [
    [identifier, ITEM_ATTRIBUTES],
    [stepIdentifier, STEP_ATTRIBUTES],
  ] as const;
  for (const [dataset, attributes] of parts) {
    for (const keyword of keywordsOf(dataset)) {
      const attribute = attributes[keyword];
      if (attribute === undefined || attribute.vr === 'SQ' || attribute.value === undefined) {
        hasUnsupportedKeys ||= hasValue(dataset, keyword);
        continue;
      }
      const values = keyValues(dataset, keyword);
      const { vr, value } = attribute;
      if (vr === 'DA' && values.some((text) => parseDateKey(text) === undefined)) throw unreadable(keyword);
      if (values.length > 0) keys.push({ keyword, values, attribute: { ...attribute, vr, value } });
    }
  }
  const valuesOf = (keyword: string) => keys.find((key) => key.keyword === keyword)?.values ?? [];
  const own = new Set([START_DATE, START_TIME, STATION]);
  return {
    keys: keys.filter(({ keyword }) => !own.has(keyword)),
    startDate: spanOf(START_DATE, valuesOf(START_DATE), parseDateKey),
    startTime: spanOf(START_TIME, valuesOf(START_TIME), parseTimeKey),
    stationKeys: valuesOf(STATION),
    hasUnsupportedKeys,
    identifier,
    stepIdentifier,
  };
}

/** The values of a key where it names single ones, for the database to look them up; else null. */
export function exactValues(query: WorklistQuery, keyword: string): readonly string[] | null {
  const key = query.keys.find((one) => one.keyword === keyword);
  if (key === undefined || key.values.some((value) => hasWildcard(key.attribute.vr, value))) return null;
  return key.values;
}

/**
 * The station that a step is for, as the caller sees it; null keeps the step from the caller. A step of another
 * station is returned only to who asks for that station: scanners that send no title get theirs and those that
 * any scanner may perform.
 */
export function stationFor(
  query: WorklistQuery,
  stationAeTitle: string | null,
  callingAeTitle: string,
): string | null {
  const { stationKeys } = query;
  if (stationAeTitle === null) return stationKeys.find((key) => !hasWildcard('AE', key)) ?? callingAeTitle;
  const asked =
    stationKeys.length === 0
      ? stationAeTitle === callingAeTitle
      : matchesKeys('AE', stationKeys, stationAeTitle);
  return asked ? stationAeTitle : null;
}

/** Whether a step is what a query asks for; its station was judged before. */
export function matchesQuery(query: WorklistQuery, step: WorklistStep): boolean {
  const start = { date: step.scheduledDate, time: step.scheduledTime };
  return (
    matchesStart(query.startDate, query.startTime, start) &&
    query.keys.every(({ attribute, values }) =>
      attribute.vr === 'DA'
        ? matchesDate(values, attribute.value(step))
        : matchesKeys(attribute.vr, values, attribute.value(step)),
    )
  );
}

/** The answer for a step: every key that was asked for, those that are not known empty, and types 1 and 2. */
export function answerStep(query: WorklistQuery, step: WorklistStep): DicomDataset {
  return {
    SpecificCharacterSet: characterSetFor(query.identifier, step),
    ...answerPart(query.identifier, ITEM_ATTRIBUTES, step),
    [STEP_SEQUENCE]: [answerPart(query.stepIdentifier, STEP_ATTRIBUTES, step)],
  };
}

/** Latin-1 is what most scanners read; UTF-8 for who asks in it, and for names that Latin-1 cannot hold. */
function characterSetFor(identifier: DicomDataset, step: WorklistStep): string {
  const asked = keyValues(identifier, 'SpecificCharacterSet');
  const texts = `${step.patientName ?? ''}${step.patientId ?? ''}${step.issuerOfPatientId ?? ''}`;
  const fitsLatin1 = /^[\0-\xff]*$/.test(texts);
  return fitsLatin1 && !asked.includes('ISO_IR 192') ? 'ISO_IR 100' : 'ISO_IR 192';
}

function answerPart(
  identifier: DicomDataset,
  attributes: Readonly<Record<string, Attribute>>,
  step: WorklistStep,
): DicomDataset {
  const always = Object.keys(attributes).filter((keyword) => attributes[keyword]?.type !== '3');
  const asked = keywordsOf(identifier);
  return Object.fromEntries(
    [...new Set([...always, ...asked])].map((keyword): [string, DicomDataset[string]] => {
      const attribute = attributes[keyword];
      if (attribute?.value !== undefined) return [keyword, attribute.value(step)];
      const isSequence = attribute?.vr === 'SQ' || isSequenceValue(identifier[keyword]);
      return [keyword, isSequence ? [] : null];
    }),
  );
}

function keywordsOf(dataset: DicomDataset): readonly string[] {
  return Object.keys(dataset).filter((keyword) => keyword !== STEP_SEQUENCE && !NO_KEYS.has(keyword));
}

function spanOf(
  keyword: string,
  values: readonly string[],
  parse: (key: string) => KeyRange | undefined,
): KeyRange | null {
  const [value] = values;
  if (value === undefined) return null;
  const span = values.length === 1 ? parse(value) : undefined;
  if (span === undefined) throw unreadable(keyword);
  return span;
}

// The key's value is left out: it can be a birth date.
function unreadable(keyword: string): TriageError {
  return new TriageError('sop-class-mismatch', `${keyword} is neither a value nor a range that can be read`);
}

function matchesDate(keys: readonly string[], stored: string | null): boolean {
  return (
    stored !== null &&
    keys.some((key) => matchesStart(parseDateKey(key) ?? null, null, { date: stored, time: '' }))
  );
}

function itemsOf(value: DicomDataset[string] | undefined): readonly DicomDataset[] {
  return isSequenceValue(value) ? (value as readonly DicomDataset[]) : [];
}

function isSequenceValue(value: DicomDataset[string] | undefined): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'object');
}

/** Whether anything is asked for in it: a sequence's items may all be empty (universal matching). */
function hasValue(dataset: DicomDataset, keyword: string): boolean {
  const value = dataset[keyword];
  if (!isSequenceValue(value)) return value instanceof Uint8Array || keyValues(dataset, keyword).length > 0;
  return itemsOf(value).some((item) => Object.keys(item).some((inner) => hasValue(item, inner)));
}
