import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import { TriageError } from '../errors.ts';
import {
  associateFor,
  gather,
  hearCommand,
  openFor,
  rawMessage,
  startServices,
} from '../testing/served-services.ts';
import type { Acceptor } from './acceptor.ts';
import { COMMAND, encodeCommandSet } from './command-set.ts';
import { DEFAULT_DIMSE_LIMITS } from './limits.ts';
import { encodeDataHeader, encodeReleaseRequest } from './pdu.ts';
import type { Caller, DimseService } from './services.ts';

const WORKLIST = '1.2.840.10008.5.1.4.31';
const EXPLICIT_LITTLE = '1.2.840.10008.1.2.1';
const IMPLICIT_LITTLE = '1.2.840.10008.1.2';

let acceptor: Acceptor;

afterEach(() => acceptor.close(0));

describe('a query service', () => {
  const matches = [
    { SpecificCharacterSet: 'ISO_IR 100', PatientName: 'Åkerö^Örjan', PatientID: 'P1' },
    {
      PatientID: 'P2',
      ScheduledProcedureStepSequence: [{ Modality: 'BMD', ScheduledStationAETitle: 'DXA1' }],
    },
  ];

  it.each([IMPLICIT_LITTLE, EXPLICIT_LITTLE])(
    'answers each match and then Success, in %s',
    async (syntax) => {
      const asked: [DicomDataset, Caller][] = [];
      acceptor = await startServices([
        {
          kind: 'find',
          sopClassUids: [WORKLIST],
          async *find(identifier, caller) {
            asked.push([identifier, caller]);
            yield* matches;
            await Promise.resolve();
          },
        },
      ]);
      const association = await openFor(acceptor.port, WORKLIST, { transferSyntax: syntax });
      const query = { PatientID: null, ScheduledProcedureStepSequence: [{ Modality: 'BMD' }] };
      expect(await gather(association.find(WORKLIST, query))).toEqual(matches);
      expect(await gather(association.find(WORKLIST, query))).toHaveLength(2);
      await association.release();
      expect(asked[0]).toEqual([
        query,
        {
          ...{ callingAeTitle: 'SCANNER', calledAeTitle: 'OSTEOTRIAGE', remoteAddress: '127.0.0.1' },
          ...{ siteId: 'test', secure: false, certificateSha256: null },
        },
      ]);
    },
  );

  /** Gives matches until it is told to stop. */
  function endless(seen: { cancelled: boolean; given: number }): DimseService {
    return {
      kind: 'find',
      sopClassUids: [WORKLIST],
      async *find(_identifier, _caller, cancelled) {
        cancelled.addEventListener('abort', () => (seen.cancelled = true));
        for (;;) {
          seen.given += 1;
          yield { PatientID: `P${seen.given}` };
          await systemClock.sleep(1);
        }
      },
    };
  }

  it('ends with FE00 on C-CANCEL, and the association goes on', async () => {
    const seen = { cancelled: false, given: 0 };
    acceptor = await startServices([endless(seen)]);
    const association = await openFor(acceptor.port, WORKLIST);
    for await (const match of association.find(WORKLIST, {})) {
      if (match['PatientID'] === 'P5') break;
    }
    expect(seen.cancelled).toBe(true);
    for await (const match of association.find(WORKLIST, {})) {
      expect(match['PatientID']).toMatch(/^P/);
      break;
    }
    await association.release();
  });

  it('answers a raw C-CANCEL with FE00, and one for another message not at all', async () => {
    const seen = { cancelled: false, given: 0 };
    acceptor = await startServices([endless(seen)]);
    const peer = await associateFor(acceptor.port, WORKLIST);
    peer.send(
      rawMessage({ CommandField: COMMAND.findRequest, AffectedSOPClassUID: WORKLIST, MessageID: 7 }, {}),
    );
    expect((await hearCommand(peer)).Status).toBe(0xff00);
    peer.send(rawMessage({ CommandField: COMMAND.cancelRequest, MessageIDBeingRespondedTo: 6 }));
    for (let heard = 0; heard < 10; heard += 1) expect((await hearCommand(peer)).Status).toBe(0xff00);
    expect(seen.cancelled).toBe(false);
    peer.send(rawMessage({ CommandField: COMMAND.cancelRequest, MessageIDBeingRespondedTo: 7 }));
    let last = await hearCommand(peer);
    while (last.Status === 0xff00) last = await hearCommand(peer);
    expect(last).toMatchObject({ Status: 0xfe00, MessageIDBeingRespondedTo: 7, CommandDataSetType: 0x0101 });
    peer.reset();
  });

  it.each(['reset', 'release'] as const)(
    'stops a query when the peer says %s in the middle',
    async (ending) => {
      const seen = { cancelled: false, given: 0 };
      acceptor = await startServices([endless(seen)]);
      const peer = await associateFor(acceptor.port, WORKLIST);
      peer.send(
        rawMessage({ CommandField: COMMAND.findRequest, AffectedSOPClassUID: WORKLIST, MessageID: 7 }, {}),
      );
      await hearCommand(peer);
      if (ending === 'reset') peer.reset();
      else peer.send(encodeReleaseRequest());
      await expect.poll(() => seen.cancelled).toBe(true);
      if (ending === 'release') peer.close();
      await expect.poll(() => acceptor.stats().connectionsOpen).toBe(0);
      const given = seen.given;
      await systemClock.sleep(30);
      // One match may have been on its way.
      expect(seen.given).toBeLessThanOrEqual(given + 1);
    },
  );

  it('does not run ahead of a peer that does not read, whatever else that peer asks, and ends it', async () => {
    const seen = { cancelled: false, given: 0 };
    const big = 'x'.repeat(8000);
    acceptor = await startServices(
      [
        {
          kind: 'find',
          sopClassUids: [WORKLIST],
          async *find(_identifier, _caller, cancelled) {
            cancelled.addEventListener('abort', () => (seen.cancelled = true));
            for (; seen.given < 100_000; seen.given += 1) yield { PatientComments: big };
            await Promise.resolve();
          },
        },
      ],
      { limits: { ...DEFAULT_DIMSE_LIMITS, idleSecondsMax: 0.5 } },
    );
    const peer = await associateFor(acceptor.port, WORKLIST);
    peer.deafen();
    const query = rawMessage(
      { CommandField: COMMAND.findRequest, AffectedSOPClassUID: WORKLIST, MessageID: 7 },
      {},
    );
    peer.send(query);
    peer.send(query);
    await expect.poll(() => acceptor.stats().associationsOpen, { timeout: 8000 }).toBe(0);
    await expect.poll(() => seen.cancelled, { timeout: 12_000 }).toBe(true);
    expect(seen.given).toBeLessThan(2000);
    peer.reset();
  });

  it('tells a failure of the service by the status of its code', async () => {
    acceptor = await startServices([
      {
        kind: 'find',
        sopClassUids: [WORKLIST],
        async *find(): AsyncGenerator<DicomDataset> {
          yield { PatientID: 'P1' };
          await Promise.resolve();
          throw new TriageError('server-busy', 'later');
        },
      },
    ]);
    const association = await openFor(acceptor.port, WORKLIST);
    await expect(gather(association.find(WORKLIST, {}))).rejects.toThrow('outOfResources (0xA700)');
    expect(association.isOpen).toBe(true);
    await association.release();
  });

  it('refuses an identifier that is too long, one that is rubbish, and none at all', async () => {
    acceptor = await startServices([endless({ cancelled: false, given: 0 })], {
      limits: { ...DEFAULT_DIMSE_LIMITS, dataSetBytesMax: 2000 },
    });
    const association = await openFor(acceptor.port, WORKLIST);
    const long = { PatientComments: 'x'.repeat(3000) };
    await expect(gather(association.find(WORKLIST, long))).rejects.toThrow('0xA700');
    await association.release();
    const peer = await associateFor(acceptor.port, WORKLIST);
    const find = { CommandField: COMMAND.findRequest, AffectedSOPClassUID: WORKLIST, MessageID: 7 };
    peer.send(rawMessage(find));
    expect((await hearCommand(peer)).Status).toBe(0xa900);
    const set = encodeCommandSet({ ...find, CommandDataSetType: 0 });
    const rubbish = Buffer.from('0800180040000000', 'hex');
    const head = { contextId: 1, isLast: true };
    peer.send(
      Buffer.concat([
        ...[encodeDataHeader({ ...head, isCommand: true, dataBytes: set.length }), set],
        ...[encodeDataHeader({ ...head, isCommand: false, dataBytes: rubbish.length }), rubbish],
      ]),
    );
    expect(await hearCommand(peer)).toMatchObject({ Status: 0xc000, ErrorComment: 'data-set-unreadable' });
    peer.reset();
  });
});
