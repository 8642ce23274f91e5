/** Tables of referrals: what became of each, its DXA, and what came back from the scanner. */
import type { Generated } from 'kysely';
import type { ProcedureStepState } from '../exam/exam-state.ts';
import type { FindingKind } from '../exam/finding-kind.ts';
import type { ClosingOutcome, DismissalReason, ReferralState } from '../exam/referral-life.ts';

/** The tables by name. */
export interface ReferralTables {
  referrals: ReferralTable;
  referral_exams: ReferralExamTable;
  referral_events: ReferralEventTable;
  dxa_measurements: DxaMeasurementTable;
  risk_factors: RiskFactorTable;
  procedure_steps: ProcedureStepTable;
  performed_steps: PerformedStepTable;
  dxa_results: DxaResultTable;
}

/** The DXA referral worklist. What the list shows and sorts by stands here too, so that no film is read for it. */
export interface ReferralTable {
  referral_id: string;
  person_id: string;
  state: ReferralState;
  policy_version: string;
  created_at_ms: number;
  updated_at_ms: number;
  /** Grows by one with every change: of two who act on the same sight one is told. */
  version: Generated<number>;
  /** The user that leads it. */
  owner_id: Generated<string | null>;
  state_since_ms: Generated<number>;
  /** null once it ended. */
  due_at_ms: Generated<number | null>;
  /** 0 none, 1 a reminder was noted, 2 it was escalated; for the present due date. */
  escalation: Generated<0 | 1 | 2>;
  /** 0 to 1000, higher first (src/decide/urgency.ts). */
  urgency: Generated<number>;
  /** Of the film that speaks most clearly. */
  kind: Generated<FindingKind | null>;
  grade: Generated<number | null>;
  sorting_score: Generated<number | null>;
  age_years: Generated<number | null>;
  site_id: Generated<string>;
  lead_exam_id: Generated<string | null>;
  /** Its FindingFigures; null: nothing was measured. */
  figures_json: Generated<string | null>;
  /** When the first film of it arrived. */
  arrived_at_ms: Generated<number>;
  dismissal_reason: Generated<DismissalReason | null>;
  outcome: Generated<ClosingOutcome | null>;
}

/** What happened to a referral, in order; nothing is ever changed but whether it was undone and passed on. */
export interface ReferralEventTable {
  event_id: Generated<number>;
  referral_id: string;
  at_ms: number;
  /** `user …`, `scanner …`, `triage`, `reminders`. */
  actor: string;
  /** The name that people see. */
  actor_name: string;
  action: string;
  from_state: ReferralState | null;
  to_state: ReferralState | null;
  details_json: string;
  /** What stood there before: owner, due date, state; undo puts it back. null: it cannot be undone. */
  before_json: string | null;
  /** The event that undid it. */
  undone_by: number | null;
  /** 0 until other systems' messages about it stand in the outbox. */
  is_told: Generated<0 | 1>;
}

/** The T-scores of a DXA, as a person or a report gave them; a correction is a new row. */
export interface DxaMeasurementTable {
  dxa_id: string;
  referral_id: string;
  /** YYYY-MM-DD */
  measured_on: string;
  lumbar_spine_t: number | null;
  femoral_neck_t: number | null;
  total_hip_t: number | null;
  actor: string;
  actor_name: string;
  at_ms: number;
  /** 1: another row takes its place. */
  is_superseded: Generated<0 | 1>;
}

/** Risk factors as a coordinator entered them; a correction is a new row. */
export interface RiskFactorTable {
  risk_id: string;
  person_id: string;
  factors_json: string;
  actor: string;
  actor_name: string;
  at_ms: number;
}

/** Which films speak for a referral, and what each asks for besides DXA, for which all of them ask. */
export interface ReferralExamTable {
  referral_id: string;
  exam_id: string;
  asks_treatment: 0 | 1;
  asks_frax: 0 | 1;
}

/** The DXA that an accepted referral asks for, as the modality worklist shows it. */
export interface ProcedureStepTable {
  /** Scheduled Procedure Step ID, at most 16 characters. */
  step_id: string;
  referral_id: string;
  study_uid: string;
  requested_procedure_id: string;
  accession_number: string;
  station_ae_title: string | null;
  /** YYYYMMDD */
  scheduled_date: string;
  /** HHMMSS */
  scheduled_time: string;
  state: ProcedureStepState;
  created_at_ms: number;
  updated_at_ms: number;
}

/** Modality performed procedure steps as scanners reported them. */
export interface PerformedStepTable {
  mpps_uid: string;
  step_id: string | null;
  state: 'IN PROGRESS' | 'COMPLETED' | 'DISCONTINUED';
  data_set_json: string;
  calling_ae_title: string;
  created_at_ms: number;
  updated_at_ms: number;
}

/** Objects that came back from a DXA scanner; each is an exam that is held and not triaged. */
export interface DxaResultTable {
  exam_id: string;
  person_id: string;
  referral_id: string | null;
  /** patient-id, accession-number or study; null while no referral fits. */
  matched_by: string | null;
  received_at_ms: number;
}
