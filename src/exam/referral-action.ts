/** What is done with a referral, by people and by what happens without them: names, where each leads, words. Pure. */
import { referralConflict } from './referral-conflict.ts';
import type { ReferralState } from './referral-life.ts';

/** What a person does on the page. */
export type ReferralActionName =
  | 'claim'
  | 'assign'
  | 'release'
  | 'dismiss'
  | 'accept'
  | 'order-dxa'
  | 'book-dxa'
  | 'cancel-dxa'
  | 'record-dxa'
  | 'assess-treatment'
  | 'close'
  | 'reopen'
  | 'set-due'
  | 'note'
  | 'undo';

/** What happens without a person's deed on the page. */
export type SystemActionName =
  | 'flagged'
  | 'film-joined'
  | 'film-revised'
  | 'fetched-by-scanner'
  | 'scanner-started'
  | 'scanner-stopped'
  | 'scanner-finished'
  | 'dxa-result'
  | 'reminder'
  | 'escalation'
  | 'joined-with'
  | 'order-sent'
  | 'order-refused';

/** What an event of a referral's history can be. */
export type ReferralEventName = ReferralActionName | SystemActionName;

/** Everything but undo, which leads wherever the referral came from. */
type DirectAction = Exclude<ReferralActionName, 'undo'>;

/** What people may do in each state, the next step first, and where it leads. */
const STEPS: Readonly<Record<ReferralState, Readonly<Partial<Record<DirectAction, ReferralState>>>>> = {
  flagged: {
    claim: 'under-review',
    accept: 'accepted',
    dismiss: 'dismissed',
    assign: 'under-review',
    'set-due': 'flagged',
    note: 'flagged',
  },
  'under-review': {
    accept: 'accepted',
    dismiss: 'dismissed',
    claim: 'under-review',
    assign: 'under-review',
    release: 'flagged',
    'set-due': 'under-review',
    note: 'under-review',
  },
  accepted: {
    'order-dxa': 'dxa-ordered',
    'assess-treatment': 'treatment-assessment',
    dismiss: 'dismissed',
    ...staying('accepted'),
  },
  'dxa-ordered': {
    'book-dxa': 'dxa-booked',
    'record-dxa': 'dxa-done',
    'cancel-dxa': 'accepted',
    dismiss: 'dismissed',
    ...staying('dxa-ordered'),
  },
  'dxa-booked': {
    'record-dxa': 'dxa-done',
    'book-dxa': 'dxa-booked',
    'cancel-dxa': 'accepted',
    dismiss: 'dismissed',
    ...staying('dxa-booked'),
  },
  'dxa-done': {
    'record-dxa': 'dxa-done',
    'assess-treatment': 'treatment-assessment',
    close: 'closed',
    ...staying('dxa-done'),
  },
  'treatment-assessment': {
    close: 'closed',
    'order-dxa': 'dxa-ordered',
    'record-dxa': 'treatment-assessment',
    ...staying('treatment-assessment'),
  },
  closed: { reopen: 'under-review', note: 'closed' },
  dismissed: { reopen: 'under-review', note: 'dismissed' },
};

/** What can be done with whatever is under way, and moves it nowhere. */
function staying(state: ReferralState): Readonly<Partial<Record<DirectAction, ReferralState>>> {
  return { claim: state, assign: state, release: state, 'set-due': state, note: state };
}

/** What may be done in a state, the next step first. */
export function actionsIn(state: ReferralState): readonly DirectAction[] {
  return Object.keys(STEPS[state]) as readonly DirectAction[];
}

/** Where an action leads from a state; throws state-conflict where the table has no such step. */
export function stateAfter(action: DirectAction, from: ReferralState): ReferralState {
  const to = STEPS[from][action];
  if (to === undefined) {
    const allowed = actionsIn(from).join(', ');
    throw referralConflict(
      `${action} is not possible while the referral is ${from}; possible are: ${allowed}`,
      { conflict: 'not-in-state', action, state: from },
    );
  }
  return to;
}

/** What somebody did, to be read after a name. */
export const EVENT_WORDS: Readonly<Record<ReferralEventName, string>> = {
  claim: 'took this referral',
  assign: 'gave this referral to a colleague',
  release: 'gave this referral back to all',
  dismiss: 'dismissed this referral',
  accept: 'accepted this referral',
  'order-dxa': 'ordered the DXA',
  'book-dxa': 'booked the DXA',
  'cancel-dxa': 'called the DXA off',
  'record-dxa': 'entered T-scores',
  'assess-treatment': 'asked for an assessment of treatment',
  close: 'closed this referral',
  reopen: 'reopened this referral',
  'set-due': 'changed the due date',
  note: 'wrote a note',
  undo: 'undid the last change',
  flagged: 'flagged this person',
  'film-joined': 'added a film',
  'film-revised': 'assessed a film anew',
  'fetched-by-scanner': 'fetched the order',
  'scanner-started': 'began the DXA',
  'scanner-stopped': 'stopped the DXA',
  'scanner-finished': 'finished the DXA',
  'dxa-result': 'sent a result of the DXA',
  reminder: 'reminded of the due date',
  escalation: 'escalated the referral',
  'joined-with': 'joined two referrals of this person',
  'order-sent': 'passed the order on',
  'order-refused': 'could not pass the order on',
};
