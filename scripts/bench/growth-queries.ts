import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { systemClock } from '../../src/clock.ts';
import { listFinished } from '../../src/database/dicomweb-records.ts';
import { findDueDeliveries } from '../../src/database/delivery-records.ts';
import { insertExam } from '../../src/database/exam-records.ts';
import { insertJobs } from '../../src/database/job-records.ts';
import { selectSteps, type StepFilter } from '../../src/database/procedure-records.ts';
import { listReferralEntries } from '../../src/database/referral-records.ts';
import type { Database } from '../../src/database/schema.ts';
import { findStudyUids } from '../../src/database/study-search.ts';
import { findTriageInput } from '../../src/database/triage-records.ts';
import { findPersonIds } from '../../src/database/person-search.ts';
import { insertInGroup } from '../../src/database/transact.ts';
import type { ImageHeader } from '../../src/exam/exam.ts';
import type { Staff } from '../../src/exam/staff.ts';
import { openDatabaseJobQueue } from '../../src/queue/database-job-queue.ts';
import { Reconciler } from '../../src/queue/reconciler.ts';
import { silentLog } from '../../src/telemetry.ts';
import { openReferralList } from '../../src/worklist/referral-list.ts';
import type { ReferralListQuery } from '../../src/worklist/referral-views.ts';
import { openWorklist } from '../../src/worklist/worklist.ts';
import { FHIR_QUERIES } from './fhir-queries.ts';
import { GROWN_UNTIL_MS } from './grown-record.ts';

/** Asks the record once; the number is different each time. */
export type GrowthQuery = (database: Kysely<Database>, exams: number, number: number) => Promise<unknown>;

const EVERY_STEP: StepFilter = {
  ...{ state: 'scheduled', dateFrom: null, dateTo: null, patientIds: null, stepIds: null },
  ...{ studyUids: null, accessionNumbers: null, stationAeTitles: ['DXA'] },
};
const SITE = 'site1';
const COORDINATOR: Staff = { userId: 'u1', name: 'Bench', roles: ['coordinator'], siteIds: null };
/** Even the smallest record has so many of each, so that all of them answer with as much. */
const ROWS = 3;

/** Where a page by urgency ended, in the middle of those that are as urgent. */
const PAGE_END = Buffer.from(JSON.stringify(['urgency', 're5', 500, null, 1, null])).toString('base64url');

function listReferrals(database: Kysely<Database>, query: Partial<ReferralListQuery>): Promise<unknown> {
  const list = openReferralList({ database, sites: { book: () => null }, clock: systemClock });
  return list.list({ tab: 'all', sort: 'urgency', limit: 50, ...query }, COORDINATOR);
}

/** Somewhere in the record, the same part of it whatever its size. */
const placeOf = (exams: number, number: number): number => 1 + ((number * 7_919) % (exams - 1));

/** What a service asks of its record all day long. */
export const GROWTH_QUERIES: Readonly<Record<string, GrowthQuery>> = {
  'claim of jobs': (database) => openDatabaseJobQueue(database, systemClock).claim(2, 600_000),
  'input of a triage': (database, exams, number) => findTriageInput(database, `e${placeOf(exams, number)}`),
  'insertion of a film': (database, _exams, number) =>
    insertInGroup(database, async (transaction) => {
      const header = inventedHeader(number);
      const examId = await insertExam(transaction, {
        ...{ header, dataSetSha256: 'a'.repeat(64), objectKey: `objects/aa/${randomUUID()}`, objectBytes: 1 },
        ...{ callingAeTitle: 'BENCH', siteId: 'bench', view: 'panoramic', ageYears: 60 },
        receivedAtMs: GROWN_UNTIL_MS + number,
      });
      await insertJobs(transaction, [{ examId, priority: 'backfill', traceParent: null }], 0x7fff_ffff_ffff);
    }),
  'worklist of exams': (database) => openWorklist(database).listExams({ limit: 100, siteIds: null }),
  'worklist of one state': (database) =>
    openWorklist(database).listExams({ state: 'positive', limit: 50, siteIds: null }),
  'worklist of referrals': (database) => listReferrals(database, {}),
  'referrals of one tab, by arrival': (database) => listReferrals(database, { tab: 'new', sort: 'newest' }),
  'referrals of two states, by due date': (database) =>
    listReferrals(database, { tab: 'awaiting-dxa', sort: 'due' }),
  'referrals of one coordinator': (database) => listReferrals(database, { tab: 'mine' }),
  'referrals that are late': (database) => listReferrals(database, { tab: 'overdue' }),
  'referrals of a site and a grade': (database) => listReferrals(database, { siteId: SITE, gradeMin: 2 }),
  'referrals of a rare name': (database, exams, number) =>
    listReferrals(database, { search: `namn${placeOf(exams, number)}` }),
  'referrals after a page': (database) => listReferrals(database, { tab: 'closed', cursor: PAGE_END }),
  'register of people, two beginnings': (database, exams, number) =>
    findPersonIds(database, ['åsa', `namn${placeOf(exams, number)}`], 50),
  'referrals to decide on': (database) => listReferralEntries(database, { state: 'flagged', limit: ROWS }),
  'page of an exam': (database, exams, number) =>
    openWorklist(database).readExam(`e${placeOf(exams, number)}`),
  'status counts': (database) => openWorklist(database).countStatus(),
  'studies, first page': (database) => findStudyUids(database, SITE, {}, { limit: 50, offset: 0 }),
  'studies, tenth page': (database) => findStudyUids(database, SITE, {}, { limit: 25, offset: 225 }),
  'search by Patient ID': (database, exams, number) =>
    findStudyUids(database, SITE, { patientId: `T-${placeOf(exams, number)}` }, { limit: 50, offset: 0 }),
  'search by name': (database, exams, number) =>
    findStudyUids(
      database,
      SITE,
      { patientName: `namn${placeOf(exams, number)}^*` },
      { limit: 50, offset: 0 },
    ),
  'search by accession number': (database, exams, number) =>
    findStudyUids(
      database,
      SITE,
      { accessionNumber: `A${placeOf(exams, number)}` },
      { limit: 50, offset: 0 },
    ),
  'results for a clinic, from the middle': (database, exams) =>
    listFinished(database, SITE, GROWN_UNTIL_MS - (exams * 3 * 60_000) / 4, 20),
  'modality worklist': (database) => selectSteps(database, EVERY_STEP, null, ROWS).execute(),
  'modality worklist, deep page': (database) =>
    selectSteps(
      database,
      EVERY_STEP,
      { scheduledDate: '20260114', scheduledTime: '090000', stepId: 'S' },
      ROWS,
    ).execute(),
  'modality worklist, one patient': (database, exams, number) =>
    selectSteps(
      database,
      { ...EVERY_STEP, patientIds: [`T-${placeOf(exams, number)}`] },
      null,
      ROWS,
    ).execute(),
  'deliveries that are due': (database) => findDueDeliveries(database, 'pacs', GROWN_UNTIL_MS, 1),
  'look of the reconciler': (database) => {
    const queue = openDatabaseJobQueue(database, systemClock);
    return new Reconciler({ database, queue, clock: systemClock, log: silentLog }).reconcile(0);
  },
  ...FHIR_QUERIES,
};

function inventedHeader(number: number): ImageHeader {
  const uid = `2.25.${number}${Date.now()}`;
  return {
    studyInstanceUid: uid,
    seriesInstanceUid: `${uid}.1`,
    sopInstanceUid: `${uid}.1.1`,
    sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1',
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    ...{ modality: 'PX', patientId: `B-${number}`, issuerOfPatientId: 'BENCH', patientName: 'Påhittad^Åsa' },
    ...{ patientBirthDate: '19500101', patientAgeYears: null, patientSex: 'F', studyDate: '20260101' },
    ...{ studyTime: null, accessionNumber: null, studyDescription: null, seriesDescription: null },
    ...{ protocolName: null, bodyPartExamined: 'JAW', viewPosition: null, viewMeaning: null },
    ...{
      manufacturer: null,
      manufacturerModelName: null,
      stationName: null,
      rows: 10,
      columns: 10,
      bitsStored: 12,
    },
  };
}
