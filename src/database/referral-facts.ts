/** All that is told of one referral outside this service: to other systems, and in its letter. */
import type { AnalysisResult, Reason, ViewName } from '../exam/analysis.ts';
import type { Assessment } from '../exam/assessment.ts';
import type { ClosingOutcome, DismissalReason, ReferralState } from '../exam/referral-life.ts';
import type { RiskFactors } from '../exam/risk-factors.ts';
import { parseStoredAnalysis } from '../exam/stored-analysis.ts';
import type { TScores } from '../exam/t-scores.ts';
import type { Connection } from './exam-records.ts';
import { findRiskFactors } from './measurement-records.ts';
import { CALLED_OFF_LAST, type ProcedureStep } from './procedure-records.ts';
import { assessmentsAsked } from './referral-films.ts';

/** Films told of one referral; more of one person do not come in practice. */
const FILMS_MAX = 50;
const STEPS_MAX = 20;

/** A film of a referral, as it was judged. */
export interface FilmFacts {
  readonly examId: string;
  readonly revision: number;
  readonly studyUid: string;
  readonly sopUid: string;
  /** YYYYMMDD */
  readonly studyDate: string | null;
  readonly accessionNumber: string | null;
  readonly modality: string | null;
  readonly view: ViewName | null;
  readonly receivedAtMs: number;
  readonly analysis: AnalysisResult | null;
  readonly reasons: readonly Reason[];
}

/** Whom a referral is about, as the record has it. */
export interface PersonFacts {
  readonly personId: string;
  /** As DICOM writes it. */
  readonly name: string | null;
  readonly patientId: string | null;
  readonly issuer: string | null;
  /** YYYYMMDD */
  readonly birthDate: string | null;
  readonly sex: string | null;
  readonly isProtected: boolean;
}

/** A person that did something, and when. */
export interface Deed {
  /** The name that colleagues see. */
  readonly by: string;
  readonly atMs: number;
}

/** A DXA that was measured. */
export interface DxaFacts {
  readonly dxaId: string;
  /** YYYY-MM-DD */
  readonly measuredOn: string;
  readonly tScores: TScores;
}

/** One referral with everything that is told of it. */
export interface ReferralFacts {
  readonly referralId: string;
  readonly state: ReferralState;
  readonly siteId: string;
  readonly createdAtMs: number;
  readonly ageYears: number | null;
  readonly person: PersonFacts;
  readonly assessments: readonly Assessment[];
  readonly dismissalReason: DismissalReason | null;
  readonly outcome: ClosingOutcome | null;
  /** Every DXA that was ordered: the one that was not called off first, then the last. */
  readonly steps: readonly ProcedureStep[];
  /** The film that speaks most clearly first, then the newest. */
  readonly films: readonly FilmFacts[];
  readonly dxa: DxaFacts | null;
  readonly risk: RiskFactors | null;
  /** null while nobody accepted it, or where the deed was undone. */
  readonly accepted: Deed | null;
}

/** Reads a referral; undefined where there is none. */
export async function readReferralFacts(
  database: Connection,
  referralId: string,
): Promise<ReferralFacts | undefined> {
  const row = await database
    .selectFrom('referrals as r')
    .innerJoin('persons as p', 'p.person_id', 'r.person_id')
    .select(['r.state', 'r.site_id', 'r.created_at_ms', 'r.age_years', 'r.dismissal_reason', 'r.outcome'])
    .select(['r.lead_exam_id', 'p.person_id', 'p.name', 'p.patient_id', 'p.issuer', 'p.birth_date', 'p.sex'])
    .select('p.is_protected')
    .where('r.referral_id', '=', referralId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const steps = await database
    .selectFrom('procedure_steps')
    .selectAll()
    .where('referral_id', '=', referralId)
    .orderBy(CALLED_OFF_LAST)
    .orderBy('created_at_ms', 'desc')
    .orderBy('step_id')
    .limit(STEPS_MAX)
    .execute();
  return {
    referralId,
    ...{ state: row.state, siteId: row.site_id, createdAtMs: row.created_at_ms, ageYears: row.age_years },
    ...{ dismissalReason: row.dismissal_reason, outcome: row.outcome },
    person: {
      ...{ personId: row.person_id, name: row.name, patientId: row.patient_id, issuer: row.issuer },
      ...{ birthDate: row.birth_date, sex: row.sex, isProtected: row.is_protected === 1 },
    },
    steps,
    ...(await readFilms(database, referralId, row.lead_exam_id)),
    dxa: await readDxa(database, referralId),
    risk: await findRiskFactors(database, row.person_id),
    accepted: await readAcceptance(database, referralId),
  };
}

async function readFilms(
  database: Connection,
  referralId: string,
  leadExamId: string | null,
): Promise<Pick<ReferralFacts, 'films' | 'assessments'>> {
  const rows = await database
    .selectFrom('referral_exams as f')
    .innerJoin('exams as e', 'e.exam_id', 'f.exam_id')
    .select(['f.asks_treatment', 'f.asks_frax', 'e.exam_id', 'e.revision', 'e.study_uid', 'e.sop_uid'])
    .select(['e.study_date', 'e.accession_number', 'e.modality', 'e.view_name', 'e.received_at_ms'])
    .select(['e.analysis_json', 'e.reasons_json'])
    .where('f.referral_id', '=', referralId)
    .orderBy('e.received_at_ms', 'desc')
    .limit(FILMS_MAX)
    .execute();
  const isLead = (examId: string): number => (examId === leadExamId ? 1 : 0);
  return {
    assessments: assessmentsAsked(rows),
    films: rows
      .toSorted((one, other) => isLead(other.exam_id) - isLead(one.exam_id))
      .map((film) => ({
        ...{ examId: film.exam_id, revision: film.revision, studyUid: film.study_uid, sopUid: film.sop_uid },
        ...{ studyDate: film.study_date, accessionNumber: film.accession_number, modality: film.modality },
        view: film.view_name as ViewName | null,
        receivedAtMs: film.received_at_ms,
        analysis: film.analysis_json === null ? null : parseStoredAnalysis(film.analysis_json),
        reasons: JSON.parse(film.reasons_json) as readonly Reason[],
      })),
  };
}

async function readDxa(database: Connection, referralId: string): Promise<DxaFacts | null> {
  const row = await database
    .selectFrom('dxa_measurements')
    .select(['dxa_id', 'measured_on', 'lumbar_spine_t', 'femoral_neck_t', 'total_hip_t'])
    .where('referral_id', '=', referralId)
    .where('is_superseded', '=', 0)
    .orderBy('at_ms', 'desc')
    .executeTakeFirst();
  if (row === undefined) return null;
  const { lumbar_spine_t: lumbarSpine, femoral_neck_t: femoralNeck, total_hip_t: totalHip } = row;
  return {
    dxaId: row.dxa_id,
    measuredOn: row.measured_on,
    tScores: { lumbarSpine, femoralNeck, totalHip },
  };
}

async function readAcceptance(database: Connection, referralId: string): Promise<Deed | null> {
  const row = await database
    .selectFrom('referral_events')
    .select(['actor_name', 'at_ms'])
    .where('referral_id', '=', referralId)
    .where('action', '=', 'accept')
    .where('undone_by', 'is', null)
    .orderBy('event_id', 'desc')
    .executeTakeFirst();
  return row === undefined ? null : { by: row.actor_name, atMs: row.at_ms };
}
