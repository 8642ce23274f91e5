import type { Generated } from 'kysely';
import type { CommitmentState, DeliveryState, ExamState, ReportKind } from '../exam/exam-state.ts';
import type { JobPriority } from '../exam/priority.ts';
import type { AccessTables } from './access-tables.ts';
import type { AuditTable, SettingChangeTable } from './audit-tables.ts';
import type { ExchangeTables } from './exchange-tables.ts';
import type { ReferralTables } from './referral-tables.ts';

/**
 * The record. Times are ISO 8601 in UTC for people and whole milliseconds since 1970 where they are compared.
 * JSON columns hold checked values of src/exam.
 */
export interface Database extends AccessTables, ExchangeTables, ReferralTables {
  persons: PersonTable;
  exams: ExamTable;
  jobs: JobTable;
  reports: ReportTable;
  deliveries: DeliveryTable;
  refusals: RefusalTable;
  audit_trail: AuditTable;
  setting_changes: SettingChangeTable;
  corrections: CorrectionTable;
  person_terms: PersonTermTable;
  commitment_requests: CommitmentRequestTable;
  identity_changes: IdentityChangeTable;
  opt_outs: OptOutTable;
  exam_senders: ExamSenderTable;
  model_choices: ModelChoiceTable;
  model_failures: ModelFailureTable;
  shadow_results: ShadowResultTable;
  calibrations: CalibrationTable;
  duties: DutyTable;
  tallies: TallyTable;
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
  /** The person whose this identity turned out to be; null while it stands for itself. */
  merged_into: Generated<string | null>;
  /** 1: protected identity (skyddade personuppgifter); the name is hidden and each look at it is logged. */
  is_protected: Generated<0 | 1>;
}

/** Beginnings by which a person is found: parts of the name in lower case, and the digits of the number. */
export interface PersonTermTable {
  term: string;
  person_id: string;
}

/** How an instance came in. */
export type Door = 'dimse' | 'stow' | 'folder';

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
  /** YYYYMMDD, as the header has it. */
  study_date: string | null;
  accession_number: string | null;
  modality: string | null;
  view_name: string | null;
  age_years: number | null;
  state: ExamState;
  reasons_json: string;
  analysis_json: string | null;
  received_at_ms: number;
  finished_at_ms: number | null;
  /** The site that sent it. */
  site_id: Generated<string>;
  /** How it came in: dimse, stow or folder. */
  door: Generated<Door>;
  /** 0 for the first result; one more each time it is assessed anew. */
  revision: Generated<number>;
  /** When retention removed the film; the row and its result stay. */
  object_removed_at_ms: Generated<number | null>;
  /** 0 until other systems' messages about its result stand in the outbox. */
  is_told: Generated<0 | 1>;
}

/** Points that a person set on a film in the place of the measured ones, and what was measured before. */
export interface CorrectionTable {
  correction_id: string;
  exam_id: string;
  /** The revision whose result it made. */
  revision: number;
  actor: string;
  actor_name: string;
  at_ms: number;
  points_json: string;
  before_json: string;
  note: string | null;
}

/**
 * The jobs, whatever queue hands them out: a job carries an identifier only, the record is in exams, and the newest
 * lease in this table fences every write of a result.
 */
export interface JobTable {
  exam_id: string;
  state: 'waiting' | 'leased' | 'done' | 'dead';
  attempts: number;
  due_at_ms: number;
  lease_token: string | null;
  lease_until_ms: number | null;
  last_error: string | null;
  priority: Generated<JobPriority>;
  /** Jobs that are due go in this order: the time of arrival and what its priority adds (src/exam/priority.ts). */
  rank_ms: Generated<number>;
  /** W3C trace context of its reception, so that a trace goes on across the queue. */
  trace_parent: Generated<string | null>;
  /** How often a worker died that had this film alone. */
  deaths: Generated<number>;
}

/** Report objects in the archive: at most one of each kind for a revision of an exam. */
export interface ReportTable {
  exam_id: string;
  revision: number;
  kind: ReportKind;
  /** null for a PDF. */
  sop_class_uid: string | null;
  series_uid: string | null;
  sop_uid: string | null;
  object_key: string;
  object_bytes: number;
  created_at_ms: number;
}

/** The second axis: the sending of one report object to one destination. */
export interface DeliveryTable {
  exam_id: string;
  revision: number;
  kind: ReportKind;
  /** Name of a destination of the sites file, or `folder:` and a site's id for its out-tray. */
  destination: string;
  state: DeliveryState;
  attempts: number;
  due_at_ms: number;
  first_try_at_ms: number | null;
  delivered_at_ms: Generated<number | null>;
  note: string | null;
  /** null where commitment is not asked for. */
  commitment: Generated<CommitmentState | null>;
  transaction_uid: Generated<string | null>;
  commitment_due_at_ms: Generated<number | null>;
  commitment_attempts: Generated<number>;
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

/** Storage commitments that a peer asked of us and what became of the answer. */
export interface CommitmentRequestTable {
  request_id: string;
  transaction_uid: string;
  calling_ae_title: string;
  called_ae_title: string;
  site_id: string;
  /** [[SOP class UID, SOP instance UID], …] */
  references_json: string;
  state: 'pending' | 'reported' | 'dead';
  attempts: number;
  due_at_ms: number;
  asked_at_ms: number;
  note: string | null;
}

/** Corrections and merges of identities, with what stood there before. */
export interface IdentityChangeTable {
  change_id: Generated<number>;
  at_ms: number;
  actor: string;
  kind: 'correction' | 'merge';
  from_person_id: string;
  to_person_id: string;
  before_json: string;
}

/** People whose films are not read. */
export interface OptOutTable {
  identity_key: string;
  noted_at_ms: number;
  actor: string;
}

/** Sites that sent an exam which another site had sent first. */
export interface ExamSenderTable {
  exam_id: string;
  site_id: string;
  noted_at_ms: number;
  /** 1 when the reports of the present revision are on their way to the site's receivers. */
  is_told: 0 | 1;
}

/** Which version of a model works, which worked before, and which runs in its shadow. */
export interface ModelChoiceTable {
  name: string;
  /** null: the newest version on disk. */
  active_version: string | null;
  /** The version that worked before, where a roll-back leads; null: none is known. */
  previous_version: string | null;
  /** null: no shadow. */
  shadow_version: string | null;
  changed_at_ms: number;
  actor: string;
}

/** Versions that a worker could not load, until they are chosen again or their bytes change. */
export interface ModelFailureTable {
  name: string;
  version: string;
  sha256: string;
  code: string;
  detail: string;
  at_ms: number;
}

/** What a model in shadow made of a film; never acted on. */
export interface ShadowResultTable {
  exam_id: string;
  revision: number;
  model: string;
  version: string;
  /** The version whose result counted. */
  active_version: string;
  outcome: string;
  analysis_json: string;
  created_at_ms: number;
}

/** The batch size that was measured to be best, remembered for a model on a device. */
export interface CalibrationTable {
  model_sha256: string;
  /** Execution provider, processor and version of the runtime. */
  device: string;
  items_max: number;
  /** What was measured: [{ items, runMs }, …] */
  measured_json: string;
  measured_at_ms: number;
}

/** Work that one process at a time does for all; the holder's token fences it. */
export interface DutyTable {
  name: string;
  holder: string;
  token: string;
  until_ms: number;
}

/** Lines whose sums are counts (src/database/tallies.ts). */
export interface TallyTable {
  tally_id: Generated<number>;
  name: string;
  amount: number;
}
