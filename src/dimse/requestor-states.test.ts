import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { asTriageError } from '../errors.ts';
import { expectEnd, PEER_EVENTS, say, STATE_LIMITS, titled } from '../testing/association-events.ts';
import { listenScripted, readPduFixture, type ScriptedPeer } from '../testing/scripted-peer.ts';
import type { PeerEvent } from './association.ts';
import type { Association } from './requested-association.ts';
import { openAssociation } from './requestor.ts';

describe('the requestor', () => {
  let listener: { readonly port: number; close(): Promise<void> } | undefined;

  afterEach(() => listener?.close());

  async function open(script: (peer: ScriptedPeer) => Promise<void>): Promise<Association> {
    listener = await listenScripted(async (peer) => {
      await peer.expectPdu(0x01);
      await script(peer);
    });
    return openAssociation({
      ...{ host: '127.0.0.1', port: listener.port, callingAeTitle: 'OSTEOTRIAGE', calledAeTitle: 'PACS' },
      contexts: [{ abstractSyntax: '1.2.840.10008.1.1', transferSyntaxes: ['1.2.840.10008.1.2'] }],
      ...{ limits: STATE_LIMITS, clock: systemClock, connectMsMax: 1000 },
    });
  }

  /** Plays both sides; gives what the script says of its end and what the tested side threw. */
  async function meet(
    script: (peer: ScriptedPeer) => Promise<void>,
    use: (association: Association) => Promise<unknown>,
  ): Promise<string | undefined> {
    const played = Promise.withResolvers<undefined>();
    const used = open((peer) =>
      script(peer).then(
        () => played.resolve(undefined),
        (thrown: unknown) => played.reject(asTriageError(thrown)),
      ),
    ).then(use);
    const code = await used.then(
      () => undefined,
      (thrown: unknown) => asTriageError(thrown).code,
    );
    await played.promise;
    return code;
  }

  const codeOf = (event: PeerEvent): string =>
    event === 'abort' || event === 'transport-closed' ? 'peer-aborted' : 'protocol-error';

  it('in Sta4 gives up when nobody listens (AA-2)', async () => {
    await open(() => Promise.resolve()).catch(() => undefined);
    await listener?.close();
    const port = listener?.port ?? 0;
    const opening = openAssociation({
      ...{ host: '127.0.0.1', port, callingAeTitle: 'OSTEOTRIAGE', calledAeTitle: 'PACS' },
      contexts: [{ abstractSyntax: '1.2.840.10008.1.1', transferSyntaxes: ['1.2.840.10008.1.2'] }],
      ...{ limits: STATE_LIMITS, clock: systemClock, connectMsMax: 1000 },
    });
    await expect(opening).rejects.toMatchObject({ code: 'peer-unreachable' });
  });

  it.each(
    titled(
      'Sta5-awaiting-answer',
      PEER_EVENTS.filter((event) => event !== 'associate-ac' && event !== 'associate-rj'),
    ),
  )('in Sta5 answers %s with %s', async (event) => {
    const code = await meet(
      async (peer) => {
        say(peer, event);
        await expectEnd(peer, 'Sta5-awaiting-answer', event);
      },
      () => Promise.resolve(),
    );
    expect(code).toBe(codeOf(event));
  });

  it('in Sta5 takes a rejection (AE-4) and closes', async () => {
    const code = await meet(
      async (peer) => {
        say(peer, 'associate-rj');
        await peer.expectClose(500);
      },
      () => Promise.resolve(),
    );
    expect(code).toBe('peer-rejected');
  });

  it.each(
    titled(
      'Sta6-established',
      PEER_EVENTS.filter((event) => event !== 'p-data' && event !== 'release-rq'),
    ),
  )('in Sta6, while an answer is due, answers %s with %s', async (event) => {
    const code = await meet(
      async (peer) => {
        say(peer, 'associate-ac');
        await peer.expectPdu(0x04);
        say(peer, event);
        await expectEnd(peer, 'Sta6-established', event);
      },
      (association) => association.echo(),
    );
    expect(code).toBe(codeOf(event));
  });

  it('in Sta6 answers a release of the peer (AR-2, AR-4)', async () => {
    const code = await meet(
      async (peer) => {
        say(peer, 'associate-ac');
        await peer.expectPdu(0x04);
        say(peer, 'release-rq');
        await peer.expectPdu(0x06);
      },
      (association) => association.echo(),
    );
    expect(code).toBe('peer-aborted');
  });

  it.each(
    titled(
      'Sta7-awaiting-release-reply',
      PEER_EVENTS.filter((event) => !['p-data', 'release-rq', 'release-rp'].includes(event)),
    ),
  )('in Sta7 answers %s with %s', async (event) => {
    const code = await meet(
      async (peer) => {
        say(peer, 'associate-ac');
        await peer.expectPdu(0x05);
        say(peer, event);
        await expectEnd(peer, 'Sta7-awaiting-release-reply', event);
      },
      (association) => association.release(),
    );
    expect(code).toBe(codeOf(event));
  });

  it('in Sta7 passes over data (AR-6) and ends with the reply (AR-3)', async () => {
    const code = await meet(
      async (peer) => {
        say(peer, 'associate-ac');
        await peer.expectPdu(0x05);
        peer.send(readPduFixture('good-echo-rsp.hex'));
        say(peer, 'release-rp');
        await peer.expectClose(500);
      },
      (association) => association.release(),
    );
    expect(code).toBeUndefined();
  });

  it.each(titled('Sta11-release-collision-answered', PEER_EVENTS))(
    'in Sta11, after releases that crossed (AR-8, AR-9), answers %s with %s',
    async (event) => {
      const code = await meet(
        async (peer) => {
          say(peer, 'associate-ac');
          await peer.expectPdu(0x05);
          say(peer, 'release-rq');
          await peer.expectPdu(0x06);
          say(peer, event);
          if (event === 'release-rp') await peer.expectClose(500);
          else await expectEnd(peer, 'Sta11-release-collision-answered', event);
        },
        (association) => association.release(),
      );
      expect(code).toBe(event === 'release-rp' ? undefined : codeOf(event));
    },
  );

  it.each(['established', 'released'] as const)(
    'aborts as its user (AA-1) when told to, %s',
    async (moment) => {
      const code = await meet(
        async (peer) => {
          say(peer, 'associate-ac');
          if (moment === 'released') await peer.expectPdu(0x05);
          expect(await peer.expectPdu(0x07)).toEqual(Buffer.from([0, 0, 0, 0]));
          peer.close();
        },
        async (association) => {
          const release = moment === 'released' ? association.release() : undefined;
          release?.catch(() => undefined);
          await systemClock.sleep(20);
          association.abort();
          expect(association.isOpen).toBe(false);
          return release ?? association.echo();
        },
      );
      expect(code).toBe('peer-aborted');
    },
  );
});
