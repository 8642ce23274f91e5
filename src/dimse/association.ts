import { TriageError } from '../errors.ts';
import { PDU_TYPE } from './pdu.ts';

/**
 * States of an association (PS3.8 9.2.1). Sta10 and Sta12, where the acceptor itself asked for release, do not
 * occur: our acceptor never does.
 */
export type AssociationState =
  | 'Sta1-idle'
  | 'Sta2-awaiting-request'
  | 'Sta3-awaiting-local-answer'
  | 'Sta4-awaiting-transport'
  | 'Sta5-awaiting-answer'
  | 'Sta6-established'
  | 'Sta7-awaiting-release-reply'
  | 'Sta8-awaiting-local-release'
  | 'Sta9-release-collision'
  | 'Sta11-release-collision-answered'
  | 'Sta13-awaiting-close';

/** Events that come from the peer, as PDUs or otherwise. */
export type PeerEvent =
  | 'associate-rq'
  | 'associate-ac'
  | 'associate-rj'
  | 'p-data'
  | 'release-rq'
  | 'release-rp'
  | 'abort'
  | 'invalid-pdu'
  | 'transport-closed';

/** Events of the table: those of the peer, and what our own side asks for. */
export type AssociationEvent =
  | PeerEvent
  | 'transport-indication'
  | 'local-associate'
  | 'transport-confirm'
  | 'local-accept'
  | 'local-reject'
  | 'local-data'
  | 'local-release'
  | 'local-release-reply'
  | 'local-abort'
  | 'artim-expired';

/** Actions by their names in PS3.8 Tables 9-6 to 9-9. */
export type AssociationAction =
  | `AE-${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8}`
  | `DT-${1 | 2}`
  | `AR-${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9}`
  | `AA-${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8}`;

/** A cell of the table: what is done, and where that leads. */
export interface Transition {
  readonly action: AssociationAction;
  readonly next: AssociationState;
}

type Row = Partial<Record<AssociationEvent, Transition>>;

const ABORT_BY_PROVIDER: Transition = { action: 'AA-8', next: 'Sta13-awaiting-close' };
const ABORT_BY_USER: Transition = { action: 'AA-1', next: 'Sta13-awaiting-close' };
const ABORTED: Transition = { action: 'AA-3', next: 'Sta1-idle' };
const LOST: Transition = { action: 'AA-4', next: 'Sta1-idle' };

/** What every PDU leads to in a state that does not expect it: A-ABORT of the provider. */
const UNEXPECTED: Row = {
  'associate-rq': ABORT_BY_PROVIDER,
  'associate-ac': ABORT_BY_PROVIDER,
  'associate-rj': ABORT_BY_PROVIDER,
  'p-data': ABORT_BY_PROVIDER,
  'release-rq': ABORT_BY_PROVIDER,
  'release-rp': ABORT_BY_PROVIDER,
  'invalid-pdu': ABORT_BY_PROVIDER,
  abort: ABORTED,
  'transport-closed': LOST,
  'local-abort': ABORT_BY_USER,
};

/** PS3.8 Table 9-10 as far as a peer or our own side can bring it about. */
const TABLE: Record<AssociationState, Row> = {
  'Sta1-idle': {
    'transport-indication': { action: 'AE-5', next: 'Sta2-awaiting-request' },
    'local-associate': { action: 'AE-1', next: 'Sta4-awaiting-transport' },
  },
  'Sta2-awaiting-request': {
    'associate-rq': { action: 'AE-6', next: 'Sta3-awaiting-local-answer' },
    'associate-ac': ABORT_BY_USER,
    'associate-rj': ABORT_BY_USER,
    'p-data': ABORT_BY_USER,
    'release-rq': ABORT_BY_USER,
    'release-rp': ABORT_BY_USER,
    'invalid-pdu': ABORT_BY_USER,
    abort: { action: 'AA-2', next: 'Sta1-idle' },
    'transport-closed': { action: 'AA-5', next: 'Sta1-idle' },
    'artim-expired': { action: 'AA-2', next: 'Sta1-idle' },
    // The table has no such cell; it stands for the end of the service before a proposal came.
    'local-abort': { action: 'AA-2', next: 'Sta1-idle' },
  },
  'Sta3-awaiting-local-answer': {
    ...UNEXPECTED,
    'local-accept': { action: 'AE-7', next: 'Sta6-established' },
    'local-reject': { action: 'AE-8', next: 'Sta13-awaiting-close' },
  },
  'Sta4-awaiting-transport': {
    'transport-confirm': { action: 'AE-2', next: 'Sta5-awaiting-answer' },
    'local-abort': { action: 'AA-2', next: 'Sta1-idle' },
    'transport-closed': LOST,
  },
  'Sta5-awaiting-answer': {
    ...UNEXPECTED,
    'associate-ac': { action: 'AE-3', next: 'Sta6-established' },
    'associate-rj': { action: 'AE-4', next: 'Sta1-idle' },
  },
  'Sta6-established': {
    ...UNEXPECTED,
    'p-data': { action: 'DT-2', next: 'Sta6-established' },
    'local-data': { action: 'DT-1', next: 'Sta6-established' },
    'release-rq': { action: 'AR-2', next: 'Sta8-awaiting-local-release' },
    'local-release': { action: 'AR-1', next: 'Sta7-awaiting-release-reply' },
  },
  'Sta7-awaiting-release-reply': {
    ...UNEXPECTED,
    'p-data': { action: 'AR-6', next: 'Sta7-awaiting-release-reply' },
    'release-rq': { action: 'AR-8', next: 'Sta9-release-collision' },
    'release-rp': { action: 'AR-3', next: 'Sta1-idle' },
  },
  'Sta8-awaiting-local-release': {
    ...UNEXPECTED,
    'local-data': { action: 'AR-7', next: 'Sta8-awaiting-local-release' },
    'local-release-reply': { action: 'AR-4', next: 'Sta13-awaiting-close' },
  },
  'Sta9-release-collision': {
    ...UNEXPECTED,
    'local-release-reply': { action: 'AR-9', next: 'Sta11-release-collision-answered' },
  },
  'Sta11-release-collision-answered': {
    ...UNEXPECTED,
    'release-rp': { action: 'AR-3', next: 'Sta1-idle' },
  },
  'Sta13-awaiting-close': {
    'associate-rq': { action: 'AA-7', next: 'Sta13-awaiting-close' },
    'associate-ac': { action: 'AA-6', next: 'Sta13-awaiting-close' },
    'associate-rj': { action: 'AA-6', next: 'Sta13-awaiting-close' },
    'p-data': { action: 'AA-6', next: 'Sta13-awaiting-close' },
    'release-rq': { action: 'AA-6', next: 'Sta13-awaiting-close' },
    'release-rp': { action: 'AA-6', next: 'Sta13-awaiting-close' },
    'invalid-pdu': { action: 'AA-7', next: 'Sta13-awaiting-close' },
    abort: { action: 'AA-2', next: 'Sta1-idle' },
    'transport-closed': { action: 'AR-5', next: 'Sta1-idle' },
    'artim-expired': { action: 'AA-2', next: 'Sta1-idle' },
  },
};

/** The cell for an event in a state; an event that cannot be there throws `state-conflict`. */
export function transition(state: AssociationState, event: AssociationEvent): Transition {
  const cell = TABLE[state][event];
  if (cell === undefined) throw new TriageError('state-conflict', `${event} cannot happen in ${state}`);
  return cell;
}

const EVENT_BY_PDU: ReadonlyMap<number, PeerEvent> = new Map<number, PeerEvent>([
  [PDU_TYPE.associateRequest, 'associate-rq'],
  [PDU_TYPE.associateAccept, 'associate-ac'],
  [PDU_TYPE.associateReject, 'associate-rj'],
  [PDU_TYPE.data, 'p-data'],
  [PDU_TYPE.releaseRequest, 'release-rq'],
  [PDU_TYPE.releaseReply, 'release-rp'],
  [PDU_TYPE.abort, 'abort'],
]);

/** The event that the arrival of a PDU of this type is. */
export function eventOfPdu(type: number): PeerEvent {
  return EVENT_BY_PDU.get(type) ?? 'invalid-pdu';
}

const INDICATIONS: ReadonlySet<AssociationAction> = new Set<AssociationAction>([
  'AE-3',
  'AE-4',
  'AE-6',
  'DT-2',
  'AR-2',
  'AR-3',
  'AR-6',
  'AR-8',
]);

/** Whether an action hands the PDU up to whoever uses the association. */
export function isIndication(action: AssociationAction): boolean {
  return INDICATIONS.has(action);
}
