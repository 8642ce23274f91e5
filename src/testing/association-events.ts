import { expect } from 'vitest';
import type { AssociationState, PeerEvent } from '../dimse/association.ts';
import { transition } from '../dimse/association.ts';
import { DEFAULT_DIMSE_LIMITS } from '../dimse/limits.ts';
import { readPduFixture, type ScriptedPeer } from './scripted-peer.ts';

const PDU_OF_EVENT: Readonly<Record<Exclude<PeerEvent, 'transport-closed'>, string>> = {
  'associate-rq': 'good-associate-rq.hex',
  'associate-ac': 'good-associate-ac.hex',
  'associate-rj': 'good-associate-rj.hex',
  'p-data': 'good-echo-rq.hex',
  'release-rq': 'good-release-rq.hex',
  'release-rp': 'good-release-rp.hex',
  abort: 'good-abort.hex',
  'invalid-pdu': 'wrong-pdu-type.hex',
};
/** Events that are PDUs of the peer. */
export const PDU_EVENTS = Object.keys(PDU_OF_EVENT) as (keyof typeof PDU_OF_EVENT)[];
/** Short waits. */
export const STATE_LIMITS = { ...DEFAULT_DIMSE_LIMITS, artimSecondsMax: 0.4, idleSecondsMax: 3 };

/** Brings an event about. */
export function say(peer: ScriptedPeer, event: PeerEvent): void {
  if (event === 'transport-closed') peer.reset();
  else peer.send(readPduFixture(PDU_OF_EVENT[event]));
}

/** What the peer hears of an action: an A-ABORT and then the close, or the close alone. */
export async function expectEnd(
  peer: ScriptedPeer,
  state: AssociationState,
  event: PeerEvent,
): Promise<void> {
  const { action } = transition(state, event);
  const heard = event === 'transport-closed' ? undefined : await peer.nextPdu(3000);
  if (action === 'AA-1' || action === 'AA-8') {
    // 1 unrecognized PDU, 2 unexpected PDU (PS3.8 Table 9-26); the provider is named also for AA-1, see the README.
    const reason = event === 'invalid-pdu' ? 1 : 2;
    expect(heard).toEqual({ type: 0x07, content: Buffer.from([0, 0, 2, reason]) });
  } else {
    expect(['AA-2', 'AA-3', 'AA-4', 'AA-5', 'AA-6', 'AR-5']).toContain(action);
    expect(heard).toBeUndefined();
  }
  if (event !== 'transport-closed') await peer.expectClose(3000);
}

/** Rows of a test: each event with the action that the table has for it. */
export function titled(state: AssociationState, events: readonly PeerEvent[]): [PeerEvent, string][] {
  return events.map((event) => [event, transition(state, event).action]);
}

/** Events that a peer can bring about. */
export const PEER_EVENTS: readonly PeerEvent[] = [...PDU_EVENTS, 'transport-closed'];
