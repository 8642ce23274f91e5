import type { Kysely } from 'kysely';
import { assessmentsAsked } from '../database/referral-films.ts';
import type { Database } from '../database/schema.ts';
import { isFilmOfSites } from '../database/site-films.ts';
import { readTallies } from '../database/tallies.ts';
import { reasonText } from '../decide/reason-texts.ts';
import { type AnalysisResult, namedAfterInstance, type Outcome } from '../exam/analysis.ts';
import type { ImageHeader } from '../exam/exam.ts';
import type { ExamState } from '../exam/exam-state.ts';
import { parseStoredAnalysis } from '../exam/stored-analysis.ts';
import { EXAM_COLUMNS, examRow } from './exam-rows.ts';
import { PERSON_COLUMNS } from './person-view.ts';
import type {
  ExamRow,
  ExamsQuery,
  ExamView,
  RefusalRow,
  StatusCounts,
  WorklistReader,
} from './worklist-views.ts';

/** Answers the pages from the record. Reads only. */
export function openWorklist(database: Kysely<Database>): WorklistReader {
  return {
    listExams: (query) => listExams(database, query),
    readExam: (examId) => readExam(database, examId),
    listRefusals: (limit) => listRefusals(database, limit),
    countStatus: () => countStatus(database),
  };
}

async function listExams(database: Kysely<Database>, query: ExamsQuery): Promise<readonly ExamRow[]> {
  const { state, siteIds } = query;
  const rows = await database
    .selectFrom('exams')
    .innerJoin('persons', 'persons.person_id', 'exams.person_id')
    .select([...EXAM_COLUMNS, ...PERSON_COLUMNS])
    .$if(state !== undefined, (select) => select.where('exams.state', '=', state ?? 'pending'))
    .$if(siteIds !== null, (select) => select.where(isFilmOfSites('exams', siteIds ?? [])))
    .orderBy('exams.received_at_ms', 'desc')
    .limit(query.limit)
    .execute();
  return rows.map((row) => examRow(row));
}

async function readExam(database: Kysely<Database>, examId: string): Promise<ExamView | undefined> {
  const row = await database
    .selectFrom('exams')
    .innerJoin('persons', 'persons.person_id', 'exams.person_id')
    .leftJoin('referral_exams', 'referral_exams.exam_id', 'exams.exam_id')
    .leftJoin('referrals', 'referrals.referral_id', 'referral_exams.referral_id')
    .select([...EXAM_COLUMNS, ...PERSON_COLUMNS])
    .select([
      'exams.revision',
      'sop_uid',
      'study_uid',
      'calling_ae_title',
      'header_json',
      'analysis_json',
      'referral_exams.referral_id',
    ])
    .where('exams.exam_id', '=', examId)
    // A film that asks for something new after its referral ended is on the next one too.
    .orderBy('referrals.created_at_ms', 'desc')
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const deliveries = await database
    .selectFrom('deliveries')
    .select(['destination', 'revision', 'kind as object', 'state', 'attempts', 'note', 'commitment'])
    .where('exam_id', '=', examId)
    .orderBy('revision', 'desc')
    .orderBy('destination')
    .execute();
  const reports = await database
    .selectFrom('reports')
    .select('kind')
    .where('exam_id', '=', examId)
    .where('revision', '=', row.revision)
    // A PDF for a clinic is made of every film, also where there is nothing to report to a PACS.
    .where('kind', '=', 'SR')
    .execute();
  const films = await database
    .selectFrom('referral_exams')
    .select(['asks_treatment', 'asks_frax'])
    .where('referral_id', '=', row.referral_id ?? '')
    .execute();
  const analysis = parseAnalysis(row.analysis_json);
  return {
    ...examRow(row),
    sopInstanceUid: row.sop_uid,
    studyInstanceUid: row.study_uid,
    studyDate: (JSON.parse(row.header_json) as ImageHeader).studyDate,
    callingAeTitle: row.calling_ae_title,
    referralId: row.referral_id,
    assessments: row.referral_id === null ? [] : assessmentsAsked(films),
    outcome: outcomeOf(row.state),
    // Rows of an earlier version name a path of the machine.
    analysis: analysis === null ? null : namedAfterInstance(analysis, row.sop_uid),
    reportsWritten: reports.length > 0,
    deliveries,
  };
}

async function listRefusals(database: Kysely<Database>, limit: number): Promise<readonly RefusalRow[]> {
  const rows = await database
    .selectFrom('refusals')
    .selectAll()
    .orderBy('refusal_id', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    refusalId: row.refusal_id,
    at: isoTime(row.at_ms),
    callingAeTitle: row.calling_ae_title,
    sopInstanceUid: row.sop_uid,
    code: row.code,
    text: reasonText(row.code, 'en'),
  }));
}

async function countStatus(database: Kysely<Database>): Promise<StatusCounts> {
  const tallies = await readTallies(database);
  const countOf = (state: ExamState) => tallies[`exam ${state}`] ?? 0;
  const one = await database
    .selectNoFrom((select) => [
      select
        .selectFrom('refusals')
        .select((row) => row.fn.min('refusal_id').as('id'))
        .as('firstRefusal'),
      select
        .selectFrom('refusals')
        .select((row) => row.fn.max('refusal_id').as('id'))
        .as('lastRefusal'),
      select
        .selectFrom('deliveries')
        .where('state', '=', 'pending')
        .select((row) => row.fn.countAll<number>().as('count'))
        .as('deliveriesPending'),
      select
        .selectFrom('deliveries')
        .where('state', '=', 'dead')
        .select((row) => row.fn.countAll<number>().as('count'))
        .as('deliveriesDead'),
    ])
    .executeTakeFirstOrThrow();
  const { firstRefusal, lastRefusal } = one;
  return {
    received: Object.entries(tallies).reduce(
      (sum, [name, count]) => (name.startsWith('exam ') ? sum + count : sum),
      0,
    ),
    pending: countOf('pending'),
    positive: countOf('positive'),
    negative: countOf('negative'),
    notAssessable: countOf('not-assessable'),
    notEligible: countOf('not-eligible'),
    // They are numbered, and the oldest are forgotten first.
    refused: firstRefusal === null || lastRefusal === null ? 0 : lastRefusal - firstRefusal + 1,
    failed: countOf('failed'),
    referrals: tallies.referral ?? 0,
    reportsWritten: tallies.report ?? 0,
    deliveriesPending: one.deliveriesPending ?? 0,
    deliveriesDead: one.deliveriesDead ?? 0,
  };
}

function outcomeOf(state: ExamState): Outcome | null {
  return state === 'pending' || state === 'failed' ? null : state;
}

function parseAnalysis(json: string | null): AnalysisResult | null {
  return json === null ? null : parseStoredAnalysis(json);
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
