/** The kinds of resources that are served: where their rows are, and by what they are looked for. */
import type { Connection } from '../../database/exam-records.ts';
import type { RecordPage } from '../../database/record-page.ts';
import { type FilmFilter, listSharedFilms, listSharedStudies } from '../../database/shared-films.ts';
import { listSharedPersons, type PersonFilter } from '../../database/shared-persons.ts';
import {
  listSharedCorrections,
  listSharedDxa,
  listSharedEvents,
  listSharedOrders,
  listSharedReferrals,
  listSharedRisks,
  listSharedUsers,
  type ReferralFilter,
} from '../../database/shared-referrals.ts';
import { parseStoredAnalysis } from '../../exam/stored-analysis.ts';
import { dxaObservations, riskObservations } from './care-observations.ts';
import type { FhirResource } from './fhir-values.ts';
import { filmObservations } from './film-observations.ts';
import { orderResource, taskResource } from './order-resource.ts';
import { patientResource, practitionerResource } from './patient-resource.ts';
import { correctionProvenance, eventProvenance, resultProvenance } from './provenance-resource.ts';
import { reportResource, studyResource } from './report-resource.ts';
import { PARAMETERS, type SearchParameter } from './search-parameters.ts';

/** What rows are narrowed by: each source takes what it knows. An empty list of anything finds nothing. */
export interface RecordFilter extends Omit<FilmFilter & ReferralFilter & PersonFilter, 'ids'> {
  /** Of the rows that resources are made of. */
  readonly rowIds?: readonly string[];
  /** Names of sources beyond which nothing can be found. */
  readonly sources?: readonly SourceName[];
}

/** Where rows of Observations and Provenances come from. */
export type SourceName = 'films' | 'dxa' | 'risk' | 'corrections' | 'events';

/** A row, and what is made of it. */
export interface SharedRow {
  readonly atMs: number;
  readonly key: string;
  /** Whose it is; null where it is nobody's. */
  readonly personId: string | null;
  readonly resources: readonly FhirResource[];
}

/** A list of rows in the order of their time. */
export interface RowSource {
  readonly name?: SourceName;
  list(
    database: Connection,
    filter: RecordFilter,
    page: RecordPage,
    onDate: string,
  ): Promise<readonly SharedRow[]>;
}

/** One kind of resource. */
export interface ResourceKind {
  readonly type: string;
  readonly sources: readonly RowSource[];
  readonly parameters: readonly SearchParameter[];
  /** Reference parameters whose targets can be sent along. */
  readonly includes: readonly string[];
  /** False: its rows have no time, and stand in the order of their identifiers. */
  readonly isDated: boolean;
}

const films = (make: (...of: FilmWithResult) => readonly FhirResource[]): RowSource => ({
  name: 'films',
  async list(database, { rowIds, ...filter }, page) {
    const examIds = both(rowIds, filter.examIds);
    const rows = await listSharedFilms(
      database,
      examIds === undefined ? filter : { ...filter, examIds },
      page,
    );
    return rows.map((film) => ({
      atMs: film.endedAtMs,
      key: film.exam_id,
      personId: film.person_id,
      resources: make(film, film.analysis_json === null ? null : parseStoredAnalysis(film.analysis_json)),
    }));
  },
});

type FilmWithResult = [
  Awaited<ReturnType<typeof listSharedFilms>>[number],
  ReturnType<typeof parseStoredAnalysis> | null,
];

/** A source whose rows need no more than their own filter. */
function rowsOf<Row>(
  list: (database: Connection, filter: ReferralFilter, page: RecordPage) => Promise<readonly Row[]>,
  make: (row: Row) => SharedRow,
  name?: SourceName,
): RowSource {
  return {
    ...(name === undefined ? {} : { name }),
    list: async (database, { rowIds, ...filter }, page) => {
      const rows = await list(database, rowIds === undefined ? filter : { ...filter, ids: rowIds }, page);
      return rows.map(make);
    },
  };
}

const PERSONS: RowSource = {
  async list(database, { rowIds, patientIds, siteIds }, page, onDate) {
    const persons = await listSharedPersons(
      database,
      {
        ...(rowIds === undefined ? {} : { personIds: rowIds }),
        ...(patientIds === undefined ? {} : { patientIds }),
        ...(siteIds === undefined ? {} : { siteIds }),
      },
      page,
    );
    return persons.map((person) => ({
      atMs: 0,
      key: person.person_id,
      personId: person.person_id,
      resources: [patientResource(person, onDate)],
    }));
  },
};

const STUDIES: RowSource = {
  async list(database, { rowIds, ...filter }, page) {
    const besideExamIds = both(rowIds, filter.besideExamIds);
    const studies = await listSharedStudies(
      database,
      besideExamIds === undefined ? filter : { ...filter, besideExamIds },
      page,
    );
    return studies.map((study) => ({
      atMs: study.lastExam.received_at_ms,
      key: study.lastExam.exam_id,
      personId: study.lastExam.person_id,
      resources: [studyResource(study)],
    }));
  },
};

const ORDERS = rowsOf(listSharedOrders, (order) => ({
  atMs: order.updated_at_ms,
  key: order.step_id,
  personId: order.personId,
  resources: [orderResource(order)],
}));

const REFERRALS = rowsOf(listSharedReferrals, (referral) => ({
  atMs: referral.updated_at_ms,
  key: referral.referral_id,
  personId: referral.person_id,
  resources: [taskResource(referral)],
}));

const DXA = rowsOf(
  listSharedDxa,
  (dxa) => ({ atMs: dxa.at_ms, key: dxa.dxa_id, personId: dxa.personId, resources: dxaObservations(dxa) }),
  'dxa',
);

const RISK = rowsOf(
  listSharedRisks,
  (risk) => ({
    atMs: risk.at_ms,
    key: risk.risk_id,
    personId: risk.person_id,
    resources: riskObservations(risk),
  }),
  'risk',
);

const CORRECTIONS = rowsOf(
  listSharedCorrections,
  (correction) => ({
    atMs: correction.at_ms,
    key: correction.correction_id,
    personId: correction.personId,
    resources: [correctionProvenance(correction)],
  }),
  'corrections',
);

const EVENTS = rowsOf(
  listSharedEvents,
  (event) => ({
    atMs: event.at_ms,
    key: String(event.event_id),
    personId: event.personId,
    resources: [eventProvenance(event)],
  }),
  'events',
);

const USERS = rowsOf(listSharedUsers, (user) => ({
  atMs: 0,
  key: user.user_id,
  personId: null,
  resources: [practitionerResource(user)],
}));

/** Every kind, in the order in which the capability statement lists them. */
export const RESOURCE_KINDS: readonly ResourceKind[] = [
  kind('Patient', [PERSONS], [], false),
  kind('Practitioner', [USERS], [], false),
  kind('ServiceRequest', [ORDERS], ['patient', 'requester', 'reason']),
  kind('Task', [REFERRALS], ['patient', 'focus', 'owner']),
  kind(
    'Observation',
    [films((film, analysis) => (analysis === null ? [] : filmObservations(film, analysis))), DXA, RISK],
    ['patient', 'based-on', 'derived-from'],
  ),
  kind(
    'DiagnosticReport',
    [films((film, analysis) => [reportResource(film, analysis)])],
    ['patient', 'result', 'study'],
  ),
  kind('ImagingStudy', [STUDIES], ['patient']),
  kind(
    'Provenance',
    [
      films((film, analysis) => (analysis === null ? [] : [resultProvenance(film, analysis)])),
      CORRECTIONS,
      EVENTS,
    ],
    ['target'],
  ),
];

/** The kind of a name; undefined where it is not served. */
export function findKind(type: string): ResourceKind | undefined {
  return RESOURCE_KINDS.find((one) => one.type === type);
}

/** What is in both lists, where both narrow. */
export function both<Item>(
  one: readonly Item[] | undefined,
  other: readonly Item[] | undefined,
): readonly Item[] | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.filter((item) => other.includes(item));
}

function kind(
  type: keyof typeof PARAMETERS,
  sources: readonly RowSource[],
  includes: readonly string[],
  isDated = true,
): ResourceKind {
  return { type, sources, parameters: PARAMETERS[type], includes, isDated };
}
