import { systemClock } from '../clock.ts';
import { listScannerEntries, type ScannerEntry } from '../database/dxa-records.ts';
import {
  acceptReferral,
  dismissReferral,
  listReferralEntries,
  type ReferralEntry,
} from '../database/referral-records.ts';
import { TriageError } from '../errors.ts';
import { ASSESSMENTS } from '../exam/assessment.ts';
import type { DismissalReason, ReferralState } from '../exam/referral-life.ts';
import { type Appointment, scheduleOf } from '../worklist/appointment.ts';
import { readSiteBook } from '../site-registry.ts';
import { type NodePlace, type RecordPlace, withRecord } from './open-record.ts';

const ROWS_MAX = 10_000;
const NOTE_CHARACTERS_MAX = 2_000;
/** Until people sign in, whoever may run commands on the data folder is the operator. */
const ACTOR = 'operator';

/** Referrals with their persons and steps, the newest first. */
export function listReferrals(
  place: RecordPlace,
  state: ReferralState | null = null,
): Promise<readonly ReferralEntry[]> {
  return withRecord(place, (database) => listReferralEntries(database, { state, limit: ROWS_MAX }));
}

/** What came back from scanners, and to which referral it belongs. */
export function listResults(place: RecordPlace, unmatched: boolean): Promise<readonly ScannerEntry[]> {
  return withRecord(place, (database) => listScannerEntries(database, { unmatched, limit: ROWS_MAX }));
}

/** Accepts a referral: its DXA stands on the scanner's worklist at once. */
export async function acceptOne(
  place: NodePlace,
  referralId: string,
  appointment: Appointment,
): Promise<ReferralEntry> {
  const nowMs = systemClock.nowMs();
  const days = readSiteBook(place)?.worklist.days;
  const order = { referralId, ...scheduleOf(appointment, nowMs), actor: ACTOR, nowMs, days };
  return withRecord(place, async (database) => {
    await acceptReferral(database, order);
    const [entry] = await listReferralEntries(database, { state: null, referralId, limit: 1 });
    if (entry === undefined) throw new TriageError('not-found', 'there is no such referral');
    return entry;
  });
}

/** Dismisses a referral with a reason of the list and, where there is more to say, a note. */
export function dismissOne(
  place: RecordPlace,
  referralId: string,
  { reason, note }: { readonly reason: DismissalReason; readonly note?: string | undefined },
): Promise<void> {
  if ((note ?? '').length > NOTE_CHARACTERS_MAX) {
    throw new TriageError('request-invalid', `--note has at most ${NOTE_CHARACTERS_MAX} characters`);
  }
  const dismissal = { referralId, reason, note, actor: ACTOR, nowMs: systemClock.nowMs() };
  return withRecord(place, (database) => dismissReferral(database, dismissal));
}

/** A referral in one line of words. */
export function describeReferral(entry: ReferralEntry): string {
  const { referralId, state, assessments, patientId, stepId, scheduledDate, stationAeTitle } = entry;
  const step =
    stepId === null ? '' : `  ${stepId} on ${scheduledDate ?? ''} at ${stationAeTitle ?? 'any scanner'}`;
  const asks = assessments.join('+').padEnd(ASSESSMENTS.join('+').length);
  return `${referralId}  ${state.padEnd(20)}  ${asks}  ${patientId ?? '(no Patient ID)'}${step}`;
}

/** What came from a scanner in one line of words. */
export function describeResult({ kind, id, referralId, patientId, state }: ScannerEntry): string {
  const what = state === null ? kind : `${kind} ${state}`;
  return `${id}  ${what}  ${patientId ?? '(no Patient ID)'}  ${referralId ?? 'no referral fits'}`;
}
