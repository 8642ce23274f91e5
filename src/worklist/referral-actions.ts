/** What each action of a person does to a referral, within one transaction. */
import { findUser, rolesOf } from '../database/user-records.ts';
import type { Connection } from '../database/exam-records.ts';
import { findMeasurement, insertMeasurement } from '../database/measurement-records.ts';
import { bookStep, callOffStep, changeStep, findStepOfReferral } from '../database/procedure-records.ts';
import { changeReferral, type PresentReferral, type ReferralActor } from '../database/referral-events.ts';
import { dismissWithin, orderDxa, requireNoOther } from '../database/referral-records.ts';
import { undoLastDeed } from '../database/referral-undo.ts';
import { TriageError } from '../errors.ts';
import { stateAfter } from '../exam/referral-action.ts';
import { referralConflict } from '../exam/referral-conflict.ts';
import type { Staff } from '../exam/staff.ts';
import { localDay, type Schedule, scheduleOf } from './appointment.ts';
import type { ReferralAction } from './referral-views.ts';

/** Who acts on which referral. */
export interface Deed {
  readonly database: Connection;
  readonly referral: PresentReferral;
  readonly staff: Staff;
  readonly by: ReferralActor;
}

type ActionOf<Name extends ReferralAction['action']> = Extract<ReferralAction, { readonly action: Name }>;
type Acts = {
  readonly [Name in ReferralAction['action']]: (deed: Deed, action: ActionOf<Name>) => Promise<unknown>;
};

const DAYS_AHEAD_MAX = 730;
const DAY_MS = 86_400_000;
/** A due date is the evening of its day, which is the same day wherever nearby it is read. */
const DUE_HOUR = 20;

/** Does what a person asked for. Throws state-conflict where the referral does not allow it, or request-invalid. */
export async function performAction(deed: Deed, action: ReferralAction): Promise<void> {
  await (ACTS[action.action] as (deed: Deed, action: ReferralAction) => Promise<unknown>)(deed, action);
}

const ACTS: Acts = {
  claim: (deed) => claim(deed),
  assign: (deed, action) => assign(deed, action),
  release: (deed) => {
    if (deed.referral.owner_id === null)
      throw referralConflict('nobody leads this referral', { conflict: 'led-by-nobody' });
    return change(deed, 'release', { set: { owner_id: null }, undo: {} });
  },
  dismiss: ({ database, referral, by }, { reason, note }) =>
    dismissWithin(database, { ...by, referralId: referral.referral_id, reason, note }),
  accept: (deed) => change(deed, 'accept', { set: ownerAtLeast(deed), undo: {} }),
  'order-dxa': ({ database, referral, by }, action) => {
    const schedule = scheduleFrom(action, by.nowMs);
    return orderDxa(database, { ...by, ...schedule, referralId: referral.referral_id });
  },
  'book-dxa': (deed, action) => book(deed, action),
  'cancel-dxa': async (deed, { note }) => {
    stateAfter('cancel-dxa', deed.referral.state);
    await callOffStep(deed.database, deed.referral.referral_id, deed.by.nowMs);
    return change(deed, 'cancel-dxa', { details: noted(note) });
  },
  'record-dxa': (deed, action) => recordScores(deed, action),
  'assess-treatment': (deed) => change(deed, 'assess-treatment', { set: ownerAtLeast(deed), undo: {} }),
  close: (deed, { outcome, note }) =>
    change(deed, 'close', { set: { outcome }, details: { outcome, ...noted(note) }, undo: {} }),
  reopen: async (deed) => {
    const { referral_id: referralId, person_id: personId } = deed.referral;
    stateAfter('reopen', deed.referral.state);
    await requireNoOther(deed.database, { referralId, personId });
    const set = { owner_id: deed.staff.userId, dismissal_reason: null, outcome: null };
    return change(deed, 'reopen', { set, undo: {} });
  },
  'set-due': (deed, { dueOn }) =>
    change(deed, 'set-due', {
      set: { due_at_ms: dueOnMs(dueOn, deed.by.nowMs) },
      details: { dueOn },
      undo: {},
    }),
  note: (deed, { text }) => change(deed, 'note', { details: { text } }),
  undo: ({ database, referral, by }) => undoLastDeed(database, referral.referral_id, by),
};

type Extras = Pick<Parameters<typeof changeReferral>[1], 'set' | 'details' | 'undo'>;

function change(
  { database, referral, by }: Deed,
  action: Exclude<ReferralAction['action'], 'undo'>,
  extras: Extras,
): Promise<number> {
  const to = stateAfter(action, referral.state);
  return changeReferral(database, { ...by, ...extras, referralId: referral.referral_id, action, to });
}

/** Whoever acts on a referral that nobody leads, leads it. */
function ownerAtLeast({ referral, staff }: Deed): { readonly owner_id: string } {
  return { owner_id: referral.owner_id ?? staff.userId };
}

async function claim(deed: Deed): Promise<number> {
  const { database, referral, staff } = deed;
  if (referral.owner_id === staff.userId) {
    throw referralConflict('you lead this referral already', { conflict: 'led-by-you' });
  }
  if (referral.owner_id !== null) {
    const owner = await findUser(database, 'user_id', referral.owner_id);
    const name = owner?.name ?? referral.owner_id;
    throw referralConflict(`${name} leads this referral; to take it over, assign it to yourself`, {
      ...{ conflict: 'led-by', owner: name },
    });
  }
  return change(deed, 'claim', { set: { owner_id: staff.userId }, undo: {} });
}

async function assign(deed: Deed, { userId }: ActionOf<'assign'>): Promise<number> {
  const user = await findUser(deed.database, 'user_id', userId);
  if (user === undefined || user.is_disabled === 1 || !rolesOf(user).includes('coordinator')) {
    throw new TriageError('request-invalid', 'userId: a referral is led by a coordinator who may sign in');
  }
  const details = { userId, name: user.name };
  return change(deed, 'assign', { set: { owner_id: userId }, details, undo: {} });
}

async function book(deed: Deed, action: ActionOf<'book-dxa'>): Promise<number> {
  const { database, referral, by } = deed;
  stateAfter('book-dxa', referral.state);
  const step = await findStepOfReferral(database, referral.referral_id);
  if (step?.state !== 'scheduled') {
    throw referralConflict('the DXA has begun at the scanner and cannot get another time', {
      conflict: 'dxa-begun',
    });
  }
  const schedule = scheduleFrom(action, by.nowMs);
  await bookStep(database, step, { ...schedule, referralId: referral.referral_id, nowMs: by.nowMs });
  const stationAeTitle = schedule.stationAeTitle ?? step.station_ae_title;
  const { scheduledDate: date, scheduledTime: time } = schedule;
  return change(deed, 'book-dxa', { details: { stepId: step.step_id, date, time, stationAeTitle } });
}

/** T-scores end the DXA, whether the scanner says so or not. */
async function recordScores(deed: Deed, { measuredOn, tScores }: ActionOf<'record-dxa'>): Promise<number> {
  const { database, referral, by } = deed;
  const { referral_id: referralId } = referral;
  stateAfter('record-dxa', referral.state);
  if (measuredOn.replaceAll('-', '') > localDay(by.nowMs)) {
    const message = 'measuredOn: this day has not come yet';
    throw referralConflict(message, { conflict: 'day-to-come' }, 'request-invalid');
  }
  const step = await findStepOfReferral(database, referralId);
  const isOpen = step?.state === 'scheduled' || step?.state === 'in-progress';
  if (isOpen) await changeStep(database, step, 'completed', by.nowMs);
  const insteadOf = (await findMeasurement(database, referralId))?.dxa_id ?? null;
  const dxaId = await insertMeasurement(database, referralId, { measuredOn, tScores }, by);
  // What a scanner had begun is over now, and cannot be begun again from here.
  const undo =
    step?.state === 'in-progress'
      ? {}
      : {
          undo: {
            measurement: { dxaId, insteadOf },
            ...(isOpen ? { step: { stepId: step.step_id, state: step.state } } : {}),
          },
        };
  return change(deed, 'record-dxa', { details: { dxaId, measuredOn, tScores }, ...undo });
}

function scheduleFrom(
  action: { readonly date?: string; readonly time?: string; readonly stationAeTitle?: string },
  nowMs: number,
): Schedule {
  const date = action.date?.replaceAll('-', '');
  if (date !== undefined && (date < localDay(nowMs) || date > localDay(nowMs + DAYS_AHEAD_MAX * DAY_MS))) {
    throw beyondDays('date');
  }
  return scheduleOf({ station: action.stationAeTitle, date, time: action.time?.replace(':', '') }, nowMs);
}

function beyondDays(field: string): TriageError {
  const message = `${field}: today or a day within two years`;
  return referralConflict(message, { conflict: 'day-beyond' }, 'request-invalid');
}

function dueOnMs(dueOn: string, nowMs: number): number {
  const [year = 0, month = 1, day = 1] = dueOn.split('-').map(Number);
  const dueAtMs = new Date(year, month - 1, day, DUE_HOUR).getTime();
  if (dueOn.replaceAll('-', '') < localDay(nowMs) || dueAtMs > nowMs + DAYS_AHEAD_MAX * DAY_MS) {
    throw beyondDays('dueOn');
  }
  return dueAtMs;
}

function noted(note: string | undefined): { readonly note?: string } {
  return note === undefined ? {} : { note };
}
