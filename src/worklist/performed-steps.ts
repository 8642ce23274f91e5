import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import {
  findPerformedStep,
  findReferralOf,
  followScanner,
  insertPerformedStep,
  isPerformedElsewhere,
  type OrderReference,
  type PerformedState,
  type PerformedStep,
  updatePerformedStep,
} from '../database/performed-records.ts';
import type { Connection } from '../database/exam-records.ts';
import type { ReferralActor } from '../database/referral-events.ts';
import type { Database } from '../database/schema.ts';
import { newUid, SOP_CLASSES } from '../dicom/uids.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { Caller, NormalizedAnswer, NormalizedRequest, NormalizedService } from '../dimse/services.ts';
import { STATUS } from '../dimse/status.ts';
import type { Log } from '../telemetry.ts';
import { keyValues } from './attribute-matching.ts';
import { transact } from '../database/transact.ts';
import type { ReferralDays, ReferralState } from '../exam/referral-life.ts';

/** "Performed Procedure Step Object may no longer be updated" (PS3.4 F.7.2.2.4). */
const ERROR_ID_FINAL = 0xa710;

/** More scheduled steps than this are not looked up for a performed one. */
const ITEMS_MAX = 20;

/** Attributes that N-CREATE must carry with a value (type 1 in PS3.4 Table F.7.2-1). */
const TYPE_1 = [
  'PerformedProcedureStepID',
  'PerformedStationAETitle',
  'PerformedProcedureStepStartDate',
  'PerformedProcedureStepStartTime',
  'PerformedProcedureStepStatus',
  'Modality',
  'ScheduledStepAttributesSequence',
] as const;

/** Referrals whose DXA was done. */
const PAST_DXA: readonly ReferralState[] = ['dxa-done', 'treatment-assessment', 'closed'];

const STEP_STATE_OF = {
  'IN PROGRESS': 'in-progress',
  COMPLETED: 'completed',
  // The DXA is to be done still.
  DISCONTINUED: 'scheduled',
} as const satisfies Record<PerformedState, string>;

/** What the service works with. */
export interface PerformedStepsParts {
  readonly database: Kysely<Database>;
  readonly clock: Clock;
  readonly log: Log;
  /** Called after the commit of a step that moved a referral. */
  readonly onReferral: (referralId: string) => void;
  /** How long a referral may stay in a state; left out: as long as by default. */
  readonly days?: () => ReferralDays;
}

/**
 * Modality performed procedure steps (PS3.4 Annex F): a scanner says that it began, and how it ended, and moves the
 * referral with it. What belongs to no referral is recorded and noted, and never an error for the scanner.
 */
export function performedSteps(parts: PerformedStepsParts): NormalizedService {
  return {
    kind: 'normalized',
    sopClassUids: [SOP_CLASSES.performedProcedureStep],
    create: (request, caller) => createStep(parts, request, caller),
    set: (request, caller) => setStep(parts, request, caller),
  };
}

async function createStep(
  { database, clock, log, onReferral, days }: PerformedStepsParts,
  { dataset, sopInstanceUid }: NormalizedRequest,
  { callingAeTitle }: Caller,
): Promise<NormalizedAnswer> {
  const wrong = judgeCreation(dataset);
  if (wrong !== undefined) return wrong;
  const mppsUid = sopInstanceUid ?? newUid();
  const nowMs = clock.nowMs();
  const actor = `scanner ${callingAeTitle}`;
  const moved = await transact(database, async (transaction) => {
    if ((await findPerformedStep(transaction, mppsUid)) !== undefined) return 'duplicate';
    const found = await findReferralOf(transaction, referenceOf(dataset));
    // A patient whose DXA was done before has come back for another one, which nobody here asked for.
    const referral = found?.matchedBy === 'patient-id' && PAST_DXA.includes(found.state) ? undefined : found;
    const stepId = referral?.step?.step_id ?? null;
    await insertPerformedStep(transaction, { mppsUid, stepId, dataset, callingAeTitle, actor, nowMs });
    if (referral === undefined) return null;
    const hasMoved = await followScanner(transaction, referral, 'in-progress', {
      actor,
      nowMs,
      days: days?.(),
    });
    return hasMoved ? referral.referralId : null;
  });
  if (moved === 'duplicate') return { status: STATUS.duplicateSopInstance };
  log.info({ callingAeTitle, matched: moved !== null }, 'a scanner began a performed step');
  if (moved !== null) onReferral(moved);
  return { status: STATUS.success, sopInstanceUid: mppsUid };
}

async function setStep(
  { database, clock, log, onReferral, days }: PerformedStepsParts,
  { dataset, sopInstanceUid }: NormalizedRequest,
  { callingAeTitle }: Caller,
): Promise<NormalizedAnswer> {
  const nowMs = clock.nowMs();
  const given = keyValues(dataset, 'PerformedProcedureStepStatus')[0] ?? 'IN PROGRESS';
  if (!isPerformedState(given)) return invalidStatus();
  const outcome = await transact(database, async (transaction): Promise<SetOutcome> => {
    const performed = await findPerformedStep(transaction, sopInstanceUid ?? '');
    if (performed === undefined) return { status: STATUS.noSuchObjectInstance };
    if (performed.state !== 'IN PROGRESS') {
      const comment = `the step is ${performed.state} and may no longer be updated`;
      return { status: STATUS.processingFailure, errorId: ERROR_ID_FINAL, comment };
    }
    if (!(await updatePerformedStep(transaction, performed, { state: given, dataset, nowMs }))) {
      return { status: STATUS.resourceLimitation, comment: 'too much was told of one step' };
    }
    const actor = `scanner ${callingAeTitle}`;
    return { moved: await moveReferralOf(transaction, performed, given, { actor, nowMs, days: days?.() }) };
  });
  if ('status' in outcome) return outcome;
  log.info({ callingAeTitle, state: given }, 'a scanner reported of a performed step');
  if (outcome.moved !== null) onReferral(outcome.moved);
  return { status: STATUS.success };
}

/** A refusal, or the referral that moved. */
type SetOutcome = NormalizedAnswer | { readonly moved: string | null };

async function moveReferralOf(
  database: Connection,
  performed: PerformedStep,
  state: PerformedState,
  act: ReferralActor,
): Promise<string | null> {
  if (performed.step_id === null) return null;
  // A scanner that stops one of two steps it has under way has not given the patient back yet.
  if (state === 'DISCONTINUED' && (await isPerformedElsewhere(database, performed))) return null;
  const referral = await findReferralOf(database, { ...NO_REFERENCE, stepIds: [performed.step_id] });
  if (referral === undefined) return null;
  const moved = await followScanner(database, referral, STEP_STATE_OF[state], act);
  return moved ? referral.referralId : null;
}

const NO_REFERENCE: OrderReference = {
  stepIds: [],
  studyUids: [],
  accessionNumbers: [],
  patientId: null,
  issuerOfPatientId: null,
};

/** What is wrong with an N-CREATE, if anything (PS3.4 F.7.2.1.3 and PS3.7 Annex C). */
function judgeCreation(dataset: DicomDataset): NormalizedAnswer | undefined {
  const missing = TYPE_1.filter((keyword) => dataset[keyword] === undefined);
  if (missing.length > 0) return { status: STATUS.missingAttribute, comment: missing.join(' ') };
  const empty = TYPE_1.filter((keyword) => isEmpty(dataset[keyword]));
  if (empty.length > 0) return { status: STATUS.missingAttributeValue, comment: empty.join(' ') };
  const [status] = keyValues(dataset, 'PerformedProcedureStepStatus');
  return status === 'IN PROGRESS' ? undefined : invalidStatus();
}

function invalidStatus(): NormalizedAnswer {
  return { status: STATUS.invalidAttributeValue, comment: 'PerformedProcedureStepStatus' };
}

/** What the scheduled steps of a performed one name, and the patient beside them. */
function referenceOf(dataset: DicomDataset): OrderReference {
  const scheduled = dataset['ScheduledStepAttributesSequence'];
  const items = Array.isArray(scheduled) ? (scheduled as readonly DicomDataset[]) : [];
  const valuesOf = (keyword: string) => items.flatMap((item) => keyValues(item, keyword)).slice(0, ITEMS_MAX);
  return {
    stepIds: valuesOf('ScheduledProcedureStepID'),
    studyUids: valuesOf('StudyInstanceUID'),
    accessionNumbers: valuesOf('AccessionNumber'),
    patientId: keyValues(dataset, 'PatientID')[0] ?? null,
    issuerOfPatientId: keyValues(dataset, 'IssuerOfPatientID')[0] ?? null,
  };
}

function isPerformedState(text: string): text is PerformedState {
  return Object.hasOwn(STEP_STATE_OF, text);
}

function isEmpty(value: DicomDataset[string] | undefined): boolean {
  return (
    value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
  );
}
