import { TriageError } from '../errors.ts';

/** Where an exam stands on the triage axis. Delivery is another axis (delivery-state). */
export type ExamState = 'pending' | 'positive' | 'negative' | 'not-assessable' | 'not-eligible' | 'failed';

/** Where the delivery of one report object to one PACS stands. */
export type DeliveryState = 'pending' | 'delivered' | 'dead' | 'superseded';

/** Whether a PACS has committed itself to keep a delivered object. */
export type CommitmentState = 'wanted' | 'asked' | 'committed' | 'refused';

/** The kinds of report objects; a PDF is for a clinic without a PACS. */
export type ReportKind = 'SR' | 'SC' | 'GSPS' | 'PDF';

/** Where the DXA of an accepted referral stands. */
export type ProcedureStepState = 'scheduled' | 'in-progress' | 'completed' | 'discontinued';

const EXAM_TRANSITIONS: Readonly<Record<ExamState, readonly ExamState[]>> = {
  pending: ['positive', 'negative', 'not-assessable', 'not-eligible', 'failed'],
  // An exam is assessed anew, as a new revision, after a correction or with a new model or policy.
  positive: ['pending'],
  negative: ['pending'],
  'not-assessable': ['pending'],
  'not-eligible': ['pending'],
  failed: ['pending'],
};

const STEP_TRANSITIONS: Readonly<Record<ProcedureStepState, readonly ProcedureStepState[]>> = {
  scheduled: ['in-progress', 'completed', 'discontinued'],
  // What a scanner stopped is to be done still; only a dismissed referral ends its step for good.
  'in-progress': ['scheduled', 'completed', 'discontinued'],
  // T-scores that a person entered for the wrong referral had completed it; what a scanner completed stays so.
  completed: ['scheduled'],
  discontinued: [],
};

const DELIVERY_TRANSITIONS: Readonly<Record<DeliveryState, readonly DeliveryState[]>> = {
  pending: ['pending', 'delivered', 'dead', 'superseded'],
  // A PACS that refuses to commit itself is sent the object again, and at last a person is asked.
  // One that has a successor is not: then it is only noted that it is not kept.
  delivered: ['pending', 'dead', 'superseded'],
  dead: ['pending', 'superseded'],
  superseded: [],
};

const COMMITMENT_TRANSITIONS: Readonly<Record<CommitmentState, readonly CommitmentState[]>> = {
  wanted: ['asked', 'refused'],
  // Asked again under a new Transaction UID when no answer came; wanted again where asking itself failed.
  asked: ['asked', 'wanted', 'committed', 'refused'],
  committed: [],
  // After the object was sent again.
  refused: ['wanted'],
};

/** Returns the next state of an exam; throws state-conflict where the table does not allow the step. */
export function moveExam(from: ExamState, to: ExamState): ExamState {
  return move('exam', EXAM_TRANSITIONS, from, to);
}

/** Returns the next state of a procedure step; throws state-conflict where the table does not allow the step. */
export function moveStep(from: ProcedureStepState, to: ProcedureStepState): ProcedureStepState {
  return move('procedure step', STEP_TRANSITIONS, from, to);
}

/** Returns the next state of a delivery; throws state-conflict where the table does not allow the step. */
export function moveDelivery(from: DeliveryState, to: DeliveryState): DeliveryState {
  return move('delivery', DELIVERY_TRANSITIONS, from, to);
}

/** Returns the next state of a commitment; throws state-conflict where the table does not allow the step. */
export function moveCommitment(from: CommitmentState, to: CommitmentState): CommitmentState {
  return move('commitment', COMMITMENT_TRANSITIONS, from, to);
}

function move<State extends string>(
  what: string,
  table: Readonly<Record<State, readonly State[]>>,
  from: State,
  to: State,
): State {
  if (!table[from].includes(to)) {
    throw new TriageError('state-conflict', `the ${what} cannot go from ${from} to ${to}`);
  }
  return to;
}
