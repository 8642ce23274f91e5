import type { Generated } from 'kysely';
import type { DeliveryState, ExamState, ReferralState } from '../exam/exam-state.ts';

/**
 * The record. Times are ISO 8601 in UTC for people and whole milliseconds since 1970 where they are compared.
 * JSON columns hold checked values of src/exam.
 */
export interface Database {
  persons: PersonTable;
  exams: ExamTable;
  referrals: ReferralTable;
  referral_exams: ReferralExamTable;
  jobs: JobTable;
  reports: ReportTable;
  deliveries: DeliveryTable;
  refusals: RefusalTable;
  audit_trail: AuditTable;
}

/** People as the senders name them: one row for each issuer and Patient ID. */
export interface PersonTable {
  person_id: string;
  /** Issuer and Patient ID; without a Patient ID the study stands in, so that strangers are never merged. */
  identity_key: string;
  issuer: string | null;
  patient_id: string | null;
  name: string | null;
  birth_date: string | null;
  sex: string | null;
}

/** One row for each instance that was answered Success. */
export interface ExamTable {
  exam_id: string;
  person_id: string;
  study_uid: string;
  series_uid: string;
  sop_uid: string;
  sop_class_uid: string;
  transfer_syntax_uid: string;
  /** SHA-256 of the data set as it was received. */
  data_set_sha256: string;
  object_key: string;
  object_bytes: number;
  calling_ae_title: string;
  header_json: string;
  modality: string | null;
  view_name: string | null;
  age_years: number | null;
  state: ExamState;
  reasons_json: string;
  analysis_json: string | null;
  received_at_ms: number;
  finished_at_ms: number | null;
}

/** The DXA referral worklist. */
export interface ReferralTable {
  referral_id: string;
  person_id: string;
  state: ReferralState;
  policy_version: string;
  created_at_ms: number;
  updated_at_ms: number;
}

/** Which films speak for a referral. */
export interface ReferralExamTable {
  referral_id: string;
  exam_id: string;
}

/** The embedded queue. A job carries an identifier only; the record is in exams. */
export interface JobTable {
  exam_id: string;
  state: 'waiting' | 'leased' | 'done' | 'dead';
  attempts: number;
  due_at_ms: number;
  lease_token: string | null;
  lease_until_ms: number | null;
  last_error: string | null;
}

/** Report objects in the archive: at most one of each kind for an exam. */
export interface ReportTable {
  exam_id: string;
  kind: 'SR' | 'SC';
  sop_class_uid: string;
  sop_uid: string;
  object_key: string;
  object_bytes: number;
  created_at_ms: number;
}

/** The second axis: the sending of one report object to one PACS. */
export interface DeliveryTable {
  exam_id: string;
  kind: 'SR' | 'SC';
  destination: string;
  state: DeliveryState;
  attempts: number;
  due_at_ms: number;
  first_try_at_ms: number | null;
  note: string | null;
}

/** C-STOREs that were answered otherwise than Success. */
export interface RefusalTable {
  refusal_id: Generated<number>;
  at_ms: number;
  calling_ae_title: string;
  sop_uid: string | null;
  code: string;
  detail: string;
}

/** Who did what to which referral or exam, and when. */
export interface AuditTable {
  audit_id: Generated<number>;
  at_ms: number;
  actor: string;
  action: string;
  subject: string;
}
