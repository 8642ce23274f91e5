/** What resources can be looked for by: where the value stands in a resource, and which rows can have it. Pure. */
import { TriageError } from '../../errors.ts';
import type { ProcedureStepState } from '../../exam/exam-state.ts';
import type { ReferralState } from '../../exam/referral-life.ts';
import { CARE_CODES } from './care-observations.ts';
import type { FhirResource, FhirValue } from './fhir-values.ts';
import { ORDER_STATUS, TASK_STATUS } from './order-resource.ts';
import { notationsOf } from './patient-resource.ts';
import type { RecordFilter, SourceName } from './resource-kinds.ts';
import { type ParameterType, readDate, readReference, readToken, valuesAt } from './search-values.ts';

type Narrow = (asked: readonly string[]) => RecordFilter;

/** One parameter. */
export interface SearchParameter {
  readonly name: string;
  readonly type: ParameterType;
  /** What it means where FHIR does not say it. */
  readonly documentation?: string;
  /** Paths of the values within a resource. */
  readonly paths: readonly string[];
  /** What the rows are narrowed to by the values that are asked for; nothing where they cannot be. */
  readonly narrow?: Narrow;
  /** Other ways to write what is asked for. */
  readonly alike?: (text: string) => readonly string[];
  /** True: the narrowed rows are right as they are, and no value of the resource is looked at. */
  readonly isNarrowedOnly?: true;
}

/** Parameter whose values are people, whatever their identity was called before. */
export const PERSON_PARAMETERS: readonly string[] = ['patient', 'subject'];

const ID: SearchParameter = {
  name: '_id',
  type: 'token',
  paths: ['id'],
  narrow: (asked) => ({ rowIds: asked.map(rowIdOf) }),
};
const narrowChange: Narrow = (asked) => ({ changed: rangeOf(asked) });
const LAST_UPDATED: SearchParameter = {
  name: '_lastUpdated',
  type: 'date',
  paths: [],
  narrow: narrowChange,
  isNarrowedOnly: true,
};
const PATIENT: SearchParameter = {
  name: 'patient',
  type: 'reference',
  paths: ['subject', 'for'],
  isNarrowedOnly: true,
};
const SUBJECT: SearchParameter = { ...PATIENT, name: 'subject' };
const DATED = [ID, LAST_UPDATED, PATIENT, SUBJECT];

/** The parameters of each kind of resource. */
export const PARAMETERS = {
  Patient: [
    ID,
    {
      name: 'identifier',
      type: 'token',
      paths: ['identifier'],
      narrow: (asked) => ({ patientIds: asked.flatMap((text) => notationsOf(readToken(text).code)) }),
      alike: (text) => {
        const { system, code } = readToken(text);
        return notationsOf(code).map((one) => (system === undefined ? one : `${system}|${one}`));
      },
    },
  ],
  Practitioner: [
    ID,
    {
      name: 'identifier',
      type: 'token',
      paths: ['identifier'],
      narrow: (asked) => ({ rowIds: asked.map((text) => readToken(text).code) }),
    },
  ],
  ServiceRequest: [
    ...DATED,
    {
      name: 'identifier',
      type: 'token',
      paths: ['identifier'],
      narrow: (asked) => ({ orderNumbers: asked.map((text) => readToken(text).code) }),
    },
    {
      name: 'status',
      type: 'token',
      paths: ['status'],
      narrow: (asked) => ({ stepStates: keysOf<ProcedureStepState>(ORDER_STATUS, asked) }),
    },
    { name: 'code', type: 'token', paths: ['code'] },
    { name: 'authored', type: 'date', paths: ['authoredOn'] },
    { name: 'occurrence', type: 'date', paths: ['occurrenceDateTime'] },
    { name: 'requester', type: 'reference', paths: ['requester'] },
    {
      name: 'reason',
      type: 'reference',
      documentation: 'The Observation or DiagnosticReport that is the reason.',
      paths: ['reasonReference'],
    },
  ],
  Task: [
    ...DATED,
    {
      name: 'status',
      type: 'token',
      paths: ['status'],
      narrow: (asked) => ({ referralStates: keysOf<ReferralState>(TASK_STATUS, asked) }),
    },
    {
      name: 'business-status',
      type: 'token',
      paths: ['businessStatus'],
      narrow: (asked) => ({
        referralStates: asked.map((text) => readToken(text).code).filter(isReferralState),
      }),
    },
    {
      name: 'owner',
      type: 'reference',
      paths: ['owner'],
      narrow: (asked) => ({ ownerIds: asked.map((text) => readReference(text).id) }),
    },
    { name: 'focus', type: 'reference', paths: ['focus'], narrow: narrowFocus },
    { name: 'authored-on', type: 'date', paths: ['authoredOn'] },
    { name: 'modified', type: 'date', paths: ['lastModified'] },
  ],
  Observation: [
    ...DATED,
    { name: 'code', type: 'token', paths: ['code'], narrow: narrowCode },
    { name: 'status', type: 'token', paths: ['status'] },
    { name: 'category', type: 'token', paths: ['category'] },
    { name: 'date', type: 'date', paths: ['effectiveDateTime'] },
    {
      name: 'based-on',
      type: 'reference',
      paths: ['basedOn'],
      narrow: (asked) => ({ sources: ['dxa'], stepIds: asked.map((text) => readReference(text).id) }),
    },
    {
      name: 'derived-from',
      type: 'reference',
      paths: ['derivedFrom'],
      narrow: (asked) => ({
        sources: ['films'],
        besideExamIds: asked.map((text) => readReference(text).id),
      }),
    },
  ],
  DiagnosticReport: [
    ...DATED,
    {
      name: 'identifier',
      type: 'token',
      paths: ['identifier'],
      narrow: (asked) => ({ accessionNumbers: asked.map((text) => readToken(text).code) }),
    },
    { name: 'status', type: 'token', paths: ['status'] },
    { name: 'date', type: 'date', paths: ['effectiveDateTime'] },
    { name: 'issued', type: 'date', paths: ['issued'] },
    { name: 'conclusion', type: 'token', paths: ['conclusionCode'] },
    {
      name: 'result',
      type: 'reference',
      paths: ['result'],
      narrow: (asked) => ({ rowIds: asked.map((text) => rowIdOf(readReference(text).id)) }),
    },
    {
      name: 'study',
      type: 'reference',
      documentation: 'The ImagingStudy that the film is of (DiagnosticReport.imagingStudy).',
      paths: ['imagingStudy'],
      narrow: (asked) => ({ besideExamIds: asked.map((text) => readReference(text).id) }),
    },
  ],
  ImagingStudy: [
    ...DATED,
    { name: 'identifier', type: 'token', paths: ['identifier'], narrow: narrowStudy },
    { name: 'modality', type: 'token', paths: ['modality'] },
    { name: 'started', type: 'date', paths: ['started'] },
    { name: 'status', type: 'token', paths: ['status'] },
  ],
  Provenance: [
    ID,
    LAST_UPDATED,
    PATIENT,
    { name: 'target', type: 'reference', paths: ['target'], narrow: narrowTarget },
    { name: 'recorded', type: 'date', paths: [], narrow: narrowChange, isNarrowedOnly: true },
  ],
} satisfies Record<string, readonly SearchParameter[]>;

/** The values of a parameter in a resource. */
export function valuesOf(parameter: SearchParameter, resource: FhirResource): readonly FhirValue[] {
  return parameter.paths.flatMap((path) => valuesAt(resource, path));
}

/** The row that a resource is made of: what stands before the first full stop of its identifier. */
export function rowIdOf(id: string): string {
  return id.split('.')[0] ?? '';
}

function narrowFocus(asked: readonly string[]): RecordFilter {
  const references = asked.map(readReference);
  const idsOf = (type: string) => references.filter((one) => one.type === type).map(({ id }) => id);
  const steps = idsOf('ServiceRequest');
  if (steps.length === asked.length) return { stepIds: steps };
  const films = idsOf('DiagnosticReport');
  return films.length === asked.length ? { examIds: films } : {};
}

function narrowCode(asked: readonly string[]): RecordFilter {
  const codes = asked.map((text) => readToken(text).code);
  // A system alone names codes of several sources.
  if (codes.includes('')) return {};
  const sourceOf = (code: string): SourceName =>
    CARE_CODES.dxa.includes(code) ? 'dxa' : CARE_CODES.risk.includes(code) ? 'risk' : 'films';
  return { sources: [...new Set(codes.map(sourceOf))] };
}

function narrowStudy(asked: readonly string[]): RecordFilter {
  const codes = asked.map((text) => readToken(text).code);
  const uids = codes.flatMap((code) => /^urn:oid:([0-9.]{1,64})$/.exec(code)?.[1] ?? []);
  if (uids.length === codes.length) return { studyUids: uids };
  return uids.length === 0 ? { accessionNumbers: codes } : {};
}

function narrowTarget(asked: readonly string[]): RecordFilter {
  const references = asked.map(readReference);
  if (references.every(({ type }) => type === 'Task')) {
    return { sources: ['events'], referralIds: references.map(({ id }) => id) };
  }
  if (references.every(({ type }) => type === 'DiagnosticReport' || type === 'Observation')) {
    return { sources: ['films', 'corrections'], examIds: references.map(({ id }) => rowIdOf(id)) };
  }
  return {};
}

function rangeOf(asked: readonly string[]): { readonly fromMs: number; readonly toMs: number } {
  const [text = '', ...others] = asked;
  if (others.length > 0) {
    throw new TriageError('request-invalid', 'give one date at a time; for a span give the parameter twice');
  }
  const { prefix, span } = readDate(text);
  const { fromMs, toMs } = span;
  return {
    eq: { fromMs, toMs },
    gt: { fromMs: toMs + 1, toMs: Number.MAX_SAFE_INTEGER },
    ge: { fromMs, toMs: Number.MAX_SAFE_INTEGER },
    lt: { fromMs: 0, toMs: fromMs - 1 },
    le: { fromMs: 0, toMs },
  }[prefix];
}

function keysOf<State extends string>(
  status: Readonly<Record<State, string>>,
  asked: readonly string[],
): readonly State[] {
  const codes = asked.map((text) => readToken(text).code);
  return (Object.keys(status) as State[]).filter((state) => codes.includes(status[state]));
}

function isReferralState(text: string): text is ReferralState {
  return Object.hasOwn(TASK_STATUS, text);
}
