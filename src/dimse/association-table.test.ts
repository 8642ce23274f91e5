import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { acceptEveryone } from '../testing/accept-everyone.ts';
import {
  expectEnd,
  PDU_EVENTS,
  PEER_EVENTS,
  say,
  STATE_LIMITS,
  titled,
} from '../testing/association-events.ts';
import { readPduFixture, ScriptedPeer } from '../testing/scripted-peer.ts';
import { startServices } from '../testing/served-services.ts';
import type { Acceptor } from './acceptor.ts';
import type { AssociationEvent, AssociationState } from './association.ts';
import { transition } from './association.ts';
import type { AssociationVerdict } from './services.ts';

/** PS3.8 Table 9-10, Sta1 to Sta13, as printed: the action and the next state; '-' is a cell without an entry. */
const STANDARD: Readonly<Record<AssociationEvent, string>> = {
  'local-associate': 'AE-1:4 - - - - - - - - - - - -',
  'transport-confirm': '- - - AE-2:5 - - - - - - - - -',
  'associate-ac':
    '- AA-1:13 AA-8:13 - AE-3:6 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-6:13',
  'associate-rj':
    '- AA-1:13 AA-8:13 - AE-4:1 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-6:13',
  'transport-indication': 'AE-5:2 - - - - - - - - - - - -',
  'associate-rq':
    '- AE-6:3 AA-8:13 - AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-7:13',
  'local-accept': '- - AE-7:6 - - - - - - - - - -',
  'local-reject': '- - AE-8:13 - - - - - - - - - -',
  'local-data': '- - - - - DT-1:6 - AR-7:8 - - - - -',
  'p-data': '- AA-1:13 AA-8:13 - AA-8:13 DT-2:6 AR-6:7 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-6:13',
  'local-release': '- - - - - AR-1:7 - - - - - - -',
  'release-rq': '- AA-1:13 AA-8:13 - AA-8:13 AR-2:8 AR-8:9 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-6:13',
  'release-rp': '- AA-1:13 AA-8:13 - AA-8:13 AA-8:13 AR-3:1 AA-8:13 AA-8:13 AR-10:12 AR-3:1 AA-8:13 AA-6:13',
  'local-release-reply': '- - - - - - - AR-4:13 AR-9:11 - - AR-4:13 -',
  'local-abort': '- - AA-1:13 AA-2:1 AA-1:13 AA-1:13 AA-1:13 AA-1:13 AA-1:13 AA-1:13 AA-1:13 AA-1:13 -',
  abort: '- AA-2:1 AA-3:1 - AA-3:1 AA-3:1 AA-3:1 AA-3:1 AA-3:1 AA-3:1 AA-3:1 AA-3:1 AA-2:1',
  'transport-closed': '- AA-5:1 AA-4:1 AA-4:1 AA-4:1 AA-4:1 AA-4:1 AA-4:1 AA-4:1 AA-4:1 AA-4:1 AA-4:1 AR-5:1',
  'artim-expired': '- AA-2:1 - - - - - - - - - - AA-2:1',
  'invalid-pdu':
    '- AA-1:13 AA-8:13 - AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-8:13 AA-7:13',
};

/** Sta10 and Sta12 are those of an acceptor that asks for release itself; ours never does. */
const STATES: readonly (AssociationState | undefined)[] = [
  ...([
    'Sta1-idle',
    'Sta2-awaiting-request',
    'Sta3-awaiting-local-answer',
    'Sta4-awaiting-transport',
  ] as const),
  ...(['Sta5-awaiting-answer', 'Sta6-established', 'Sta7-awaiting-release-reply'] as const),
  ...(['Sta8-awaiting-local-release', 'Sta9-release-collision', undefined] as const),
  ...(['Sta11-release-collision-answered', undefined, 'Sta13-awaiting-close'] as const),
];

const CELLS = Object.entries(STANDARD).flatMap(([event, row]) =>
  row.split(' ').flatMap((cell, index) => {
    const state = STATES[index];
    return state === undefined ? [] : [{ event: event as AssociationEvent, state, cell }];
  }),
);

function actual(state: AssociationState, event: AssociationEvent): string {
  try {
    const { action, next } = transition(state, event);
    return `${action}:${STATES.indexOf(next) + 1}`;
  } catch {
    return '-';
  }
}

describe('the table of states (PS3.8 Table 9-10)', () => {
  it('is that of the standard, cell by cell', () => {
    const differing = CELLS.filter(({ state, event, cell }) => actual(state, event) !== cell);
    // Our own end of a connection that has proposed nothing yet: the standard has no association to abort there.
    expect(differing).toEqual([{ event: 'local-abort', state: 'Sta2-awaiting-request', cell: '-' }]);
    expect(CELLS).toHaveLength(19 * 11);
  });
});

describe('the acceptor', () => {
  let acceptor: Acceptor;

  afterEach(async () => {
    await expect
      .poll(() => acceptor.stats(), { timeout: 4000 })
      .toMatchObject({ connectionsOpen: 0, associationsOpen: 0 });
    await acceptor.close(0);
  });

  async function start(
    verdict: () => AssociationVerdict | Promise<AssociationVerdict> = acceptEveryone,
  ): Promise<void> {
    acceptor = await startServices([], { limits: STATE_LIMITS, acceptAssociation: verdict });
  }

  it.each(
    titled(
      'Sta2-awaiting-request',
      PEER_EVENTS.filter((event) => event !== 'associate-rq'),
    ),
  )('in Sta2 answers %s with %s', async (event) => {
    await start();
    const peer = await ScriptedPeer.connect(acceptor.port);
    say(peer, event);
    await expectEnd(peer, 'Sta2-awaiting-request', event);
  });

  it('in Sta2 closes when ARTIM expires (AA-2), however many bytes have dripped in', async () => {
    await start();
    const peer = await ScriptedPeer.connect(acceptor.port);
    const startedMs = systemClock.monotonicMs();
    for (const byte of readPduFixture('good-associate-rq.hex').subarray(0, 100)) {
      peer.send(Buffer.from([byte]));
      await systemClock.sleep(15);
      if (systemClock.monotonicMs() - startedMs > 1400) break;
    }
    expect(await peer.nextPdu(500)).toBeUndefined();
    expect(systemClock.monotonicMs() - startedMs).toBeLessThan(2000);
  });

  it('in Sta3 accepts (AE-7), rejects (AE-8), and is left by a peer that does not wait (AA-4)', async () => {
    let answer: (verdict: AssociationVerdict) => void = () => undefined;
    await start(() => new Promise((resolve) => (answer = resolve)));
    const propose = async (): Promise<ScriptedPeer> => {
      const peer = await ScriptedPeer.connect(acceptor.port);
      const before = answer;
      peer.send(readPduFixture('good-associate-rq.hex'));
      await expect.poll(() => answer !== before).toBe(true);
      return peer;
    };
    const accepted = await propose();
    answer(acceptEveryone());
    await accepted.expectPdu(0x02);
    accepted.reset();
    const rejected = await propose();
    answer({ accepted: false, result: 1, source: 1, reason: 3 });
    expect(await rejected.expectPdu(0x03)).toEqual(Buffer.from([0, 1, 1, 3]));
    await rejected.expectClose();
    const gone = await propose();
    gone.reset();
    await systemClock.sleep(30);
    answer(acceptEveryone());
    await expect.poll(() => acceptor.stats().associationsBroken).toBe(2);
  });

  it.each(['associate-rq', 'p-data', 'abort'] as const)(
    'in Sta3 meets %s as if it had come a moment later',
    async (event) => {
      let answer: (verdict: AssociationVerdict) => void = () => undefined;
      await start(() => new Promise((resolve) => (answer = resolve)));
      const peer = await ScriptedPeer.connect(acceptor.port);
      peer.send(readPduFixture('good-associate-rq.hex'));
      say(peer, event);
      await systemClock.sleep(50);
      answer(acceptEveryone());
      await peer.expectPdu(0x02);
      if (event === 'p-data') {
        await peer.expectPdu(0x04);
        peer.reset();
      } else {
        await expectEnd(peer, 'Sta6-established', event);
      }
    },
  );

  it.each(
    titled(
      'Sta6-established',
      PEER_EVENTS.filter((event) => event !== 'p-data' && event !== 'release-rq'),
    ),
  )('in Sta6 answers %s with %s', async (event) => {
    await start();
    const peer = await ScriptedPeer.associate(acceptor.port);
    say(peer, event);
    await expectEnd(peer, 'Sta6-established', event);
  });

  it('in Sta6 takes data (DT-2), answers (DT-1), releases (AR-2, AR-4) and ends with the close (AR-5)', async () => {
    await start();
    const peer = await ScriptedPeer.associate(acceptor.port);
    say(peer, 'p-data');
    await peer.expectPdu(0x04);
    say(peer, 'release-rq');
    await peer.expectPdu(0x06);
    peer.close();
    await peer.expectClose();
    expect(acceptor.stats().associationsBroken).toBe(0);
  });

  it('in Sta6 aborts as its user (AA-1) when the listener closes', async () => {
    await start();
    const peer = await ScriptedPeer.associate(acceptor.port);
    const closing = acceptor.close(0);
    expect(await peer.expectPdu(0x07)).toEqual(Buffer.from([0, 0, 0, 0]));
    peer.close();
    await closing;
  });

  it.each([...PDU_EVENTS])(
    'in Sta13 after a release drops %s (AA-6) and closes when ARTIM expires (AA-2)',
    async (event) => {
      await start();
      const peer = await ScriptedPeer.associate(acceptor.port);
      say(peer, 'release-rq');
      await peer.expectPdu(0x06);
      say(peer, event);
      expect(await peer.nextPdu(3000)).toBeUndefined();
    },
  );
});
