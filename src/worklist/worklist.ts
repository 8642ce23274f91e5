import type { Kysely, Selectable } from 'kysely';
import { isOfSites } from '../database/site-films.ts';
import { assessmentsAsked } from '../database/referral-films.ts';
import type { Database, ExamTable, PersonTable } from '../database/schema.ts';
import { readTallies } from '../database/tallies.ts';
import { reasonText } from '../decide/reason-texts.ts';
import {
  type AnalysisResult,
  namedAfterInstance,
  type Outcome,
  type Reason,
  type ViewName,
} from '../exam/analysis.ts';
import { isScaleCorrected } from '../exam/device-profile.ts';
import type { ImageHeader } from '../exam/exam.ts';
import type { ExamState } from '../exam/exam-state.ts';
import { compareFindings, findingKindOf, sortingScoreOf } from '../exam/finding-kind.ts';
import { parseStoredAnalysis } from '../exam/stored-analysis.ts';
import { largestLossPercent, worstVertebra } from '../exam/worst-vertebra.ts';
import type {
  ExamRow,
  ExamsQuery,
  ExamView,
  PersonView,
  ReferralRow,
  RefusalRow,
  StatusCounts,
  WorklistReader,
  WorstVertebraView,
} from './worklist-views.ts';

/** Answers the pages from the record. Reads only. */
export function openWorklist(database: Kysely<Database>): WorklistReader {
  return {
    listReferrals: (limit) => listReferrals(database, limit),
    listExams: (query) => listExams(database, query),
    readExam: (examId) => readExam(database, examId),
    listRefusals: (limit) => listRefusals(database, limit),
    countStatus: () => countStatus(database),
  };
}

const PERSON_COLUMNS = ['persons.name', 'persons.patient_id', 'persons.birth_date', 'persons.sex'] as const;
const EXAM_COLUMNS = [
  'exams.exam_id',
  'exams.state',
  'exams.view_name',
  'exams.modality',
  'exams.age_years',
  'exams.reasons_json',
  'exams.received_at_ms',
  'exams.finished_at_ms',
] as const;

type PersonColumns = Pick<Selectable<PersonTable>, 'name' | 'patient_id' | 'birth_date' | 'sex'>;
type ExamColumns = Pick<
  Selectable<ExamTable>,
  | 'exam_id'
  | 'state'
  | 'view_name'
  | 'modality'
  | 'age_years'
  | 'reasons_json'
  | 'received_at_ms'
  | 'finished_at_ms'
>;

async function listReferrals(database: Kysely<Database>, limit: number): Promise<readonly ReferralRow[]> {
  const referrals = await database
    .selectFrom('referrals')
    .innerJoin('persons', 'persons.person_id', 'referrals.person_id')
    .select(['referrals.referral_id', 'referrals.state', 'referrals.created_at_ms', ...PERSON_COLUMNS])
    .orderBy('referrals.created_at_ms', 'desc')
    .limit(limit)
    .execute();
  if (referrals.length === 0) return [];
  const films = await database
    .selectFrom('referral_exams')
    .innerJoin('exams', 'exams.exam_id', 'referral_exams.exam_id')
    .select(['referral_id', 'exams.exam_id', 'age_years', 'received_at_ms', 'analysis_json', 'reasons_json'])
    .select(['asks_treatment', 'asks_frax'])
    .where(
      'referral_id',
      'in',
      referrals.map((row) => row.referral_id),
    )
    .execute();
  return referrals.map((row) => {
    const mine = films
      .filter((film) => film.referral_id === row.referral_id)
      .map((film) => ({ ...film, ...findingOf(parseAnalysis(film.analysis_json)) }))
      // The film that speaks most clearly first.
      .sort(compareFindings);
    const clearest = mine[0];
    const meanWidthMm = clearest?.analysis?.panoramic?.meanWidthMm ?? null;
    const reasons = parseReasons(clearest?.reasons_json ?? '[]');
    return {
      referralId: row.referral_id,
      state: row.state,
      assessments: assessmentsAsked(mine),
      person: personView(row),
      ageYears: clearest?.age_years ?? null,
      kind: clearest?.kind ?? null,
      finding: reasons[0]?.text ?? '',
      reasons,
      meanWidthMm,
      widthScale: meanWidthMm === null ? null : scaleOf(clearest?.analysis ?? null),
      vertebra: vertebraView(clearest?.analysis ?? null),
      sortingScore: clearest?.sortingScore ?? null,
      examIds: mine.map((film) => film.exam_id),
      arrivedAt: isoTime(Math.min(...mine.map((film) => film.received_at_ms), row.created_at_ms)),
      createdAt: isoTime(row.created_at_ms),
    };
  });
}

/** A film that was assessed anew and is no finding any longer comes after those that are. */
function findingOf(analysis: AnalysisResult | null) {
  const isFinding = analysis !== null && analysis.outcome === 'positive';
  const kind = isFinding ? findingKindOf(analysis) : null;
  return { analysis, kind, sortingScore: isFinding ? sortingScoreOf(analysis) : null };
}

/** Whether millimetres are corrected for magnification, by the film's own word or by the site's. */
function scaleOf(analysis: AnalysisResult | null): 'corrected' | 'detector' {
  const isCorrected =
    analysis !== null && isScaleCorrected(analysis.spacing, analysis.panoramic?.magnification ?? null);
  return isCorrected ? 'corrected' : 'detector';
}

function vertebraView(analysis: AnalysisResult | null): WorstVertebraView | null {
  const worst = analysis?.spine == null ? null : worstVertebra(analysis.spine);
  if (worst === null) return null;
  const { level, genantGrade, deformity } = worst;
  return { level, genantGrade, deformity, lossPercent: largestLossPercent(worst) };
}

async function listExams(database: Kysely<Database>, query: ExamsQuery): Promise<readonly ExamRow[]> {
  const { state, siteIds } = query;
  const rows = await database
    .selectFrom('exams')
    .innerJoin('persons', 'persons.person_id', 'exams.person_id')
    .select([...EXAM_COLUMNS, ...PERSON_COLUMNS])
    .$if(state !== undefined, (select) => select.where('exams.state', '=', state ?? 'pending'))
    .$if(siteIds !== null, (select) => select.where(isOfSites(siteIds ?? [])))
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

function examRow(row: ExamColumns & PersonColumns): ExamRow {
  return {
    examId: row.exam_id,
    state: row.state,
    view: row.view_name as ViewName | null,
    modality: row.modality,
    ageYears: row.age_years,
    person: personView(row),
    reasons: parseReasons(row.reasons_json),
    receivedAt: isoTime(row.received_at_ms),
    finishedAt: row.finished_at_ms === null ? null : isoTime(row.finished_at_ms),
  };
}

/** Whom a row is about, as pages show it. */
export function personView(row: PersonColumns): PersonView {
  return {
    // PN components are divided by ^ (PS3.5 6.2.1): family name, given name.
    name:
      (row.name ?? '')
        .split('=')[0]
        ?.split('^')
        .filter((part) => part !== '')
        .join(', ') ?? '',
    patientId: row.patient_id ?? '',
    birthDate: row.birth_date,
    sex: row.sex,
  };
}

function outcomeOf(state: ExamState): Outcome | null {
  return state === 'pending' || state === 'failed' ? null : state;
}

function parseAnalysis(json: string | null): AnalysisResult | null {
  return json === null ? null : parseStoredAnalysis(json);
}

function parseReasons(json: string): readonly Reason[] {
  return JSON.parse(json) as readonly Reason[];
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
