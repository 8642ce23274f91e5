import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import type { ScriptedPeer } from '../testing/scripted-peer.ts';
import { listenScripted } from '../testing/scripted-peer.ts';
import { encodeAssociateAccept } from './associate-pdu.ts';
import { encodeCommandSet } from './command-set.ts';
import { DEFAULT_DIMSE_LIMITS } from './limits.ts';
import { encodeAbort, encodeDataHeader, encodeReject, encodeReleaseReply } from './pdu.ts';
import type { Association } from './requested-association.ts';
import { openAssociation } from './requestor.ts';

const VERIFICATION = '1.2.840.10008.1.1';
const IMPLICIT_LITTLE = '1.2.840.10008.1.2';

let listener: { readonly port: number; close(): Promise<void> } | undefined;

afterEach(async () => {
  await listener?.close();
  listener = undefined;
});

async function open(script: (peer: ScriptedPeer) => Promise<void>): Promise<Association> {
  listener = await listenScripted(async (peer) => {
    await peer.expectPdu(0x01);
    await script(peer);
  });
  return openAssociation({
    host: '127.0.0.1',
    port: listener.port,
    callingAeTitle: 'OSTEOTRIAGE',
    calledAeTitle: 'PACS',
    contexts: [
      { abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT_LITTLE] },
      { abstractSyntax: '1.2.3', transferSyntaxes: [IMPLICIT_LITTLE] },
    ],
    limits: { ...DEFAULT_DIMSE_LIMITS, idleSecondsMax: 1, artimSecondsMax: 1 },
    clock: systemClock,
    connectMsMax: 1000,
  });
}

function accept(
  results: readonly [number, number],
  pduBytesMax = 16384,
  transferSyntax = IMPLICIT_LITTLE,
): Buffer {
  return encodeAssociateAccept({
    protocolVersion: 1,
    calledAeTitle: 'PACS',
    callingAeTitle: 'OSTEOTRIAGE',
    applicationContextName: '1.2.840.10008.3.1.1.1',
    presentationContexts: results.map((result, index) => ({
      contextId: index * 2 + 1,
      result,
      transferSyntax,
    })),
    userInformation: { pduBytesMax, implementationClassUid: '1.2.3' },
  });
}

function response(fields: { field: number; messageId: number; status: number }, contextId = 1): Buffer {
  const set = encodeCommandSet({
    CommandField: fields.field,
    MessageIDBeingRespondedTo: fields.messageId,
    CommandDataSetType: 0x0101,
    Status: fields.status,
  });
  const head = { contextId, isCommand: true, isLast: true, dataBytes: set.length };
  return Buffer.concat([encodeDataHeader(head), set]);
}

describe('the requestor', () => {
  it('says in words why it was rejected', async () => {
    const opening = open((peer) => {
      peer.send(encodeReject({ result: 1, source: 1, reason: 7 }));
      return Promise.resolve();
    });
    await expect(opening).rejects.toMatchObject({
      code: 'peer-rejected',
      message: 'the peer rejected the association permanently: called AE title not recognized',
    });
  });

  it('fails at once when no presentation context is accepted, and aborts', async () => {
    let heard: Buffer | undefined;
    const opening = open(async (peer) => {
      peer.send(accept([3, 4]));
      heard = await peer.expectPdu(0x07);
    });
    await expect(opening).rejects.toMatchObject({ code: 'peer-rejected' });
    await expect.poll(() => heard).toEqual(Buffer.from([0, 0, 0, 0]));
  });

  it('refuses an answer in a syntax it did not propose', async () => {
    await expect(
      open((peer) => {
        peer.send(accept([0, 0], 16384, '1.2.840.10008.1.2.2'));
        return Promise.resolve();
      }),
    ).rejects.toMatchObject({ code: 'protocol-error' });
  });

  it('tells an abort from silence and from a closed port', async () => {
    await expect(
      open((peer) => {
        peer.send(encodeAbort({ source: 2, reason: 1 }));
        return Promise.resolve();
      }),
    ).rejects.toMatchObject({
      code: 'peer-aborted',
      message: expect.stringContaining('unrecognized PDU') as string,
    });
    await listener?.close();
    await expect(open(() => systemClock.sleep(3000))).rejects.toMatchObject({ code: 'peer-unreachable' });
    await listener?.close();
    const port = listener?.port ?? 0;
    await expect(
      openAssociation({
        host: '127.0.0.1',
        port,
        callingAeTitle: 'A',
        calledAeTitle: 'B',
        contexts: [{ abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT_LITTLE] }],
        limits: DEFAULT_DIMSE_LIMITS,
        clock: systemClock,
        connectMsMax: 1000,
      }),
    ).rejects.toMatchObject({
      code: 'peer-unreachable',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
  });

  it('cuts a data set to the longest PDU of the peer and loses no byte', async () => {
    const lengths: number[] = [];
    const data: Buffer[] = [];
    const association = await open(async (peer) => {
      peer.send(accept([0, 0], 1000));
      for (;;) {
        const content = await peer.expectPdu(0x04);
        lengths.push(content.length);
        const control = content.readUInt8(5);
        if ((control & 1) === 0) data.push(content.subarray(6));
        if (control === 2) break;
      }
      peer.send(response({ field: 0x8001, messageId: 1, status: 0xb007 }, 3));
      await peer.expectPdu(0x05);
      peer.send(encodeReleaseReply());
    });
    const dataset = Buffer.from(Array.from({ length: 5001 }, (_, index) => index % 251));
    async function* chunks(): AsyncGenerator<Buffer> {
      yield dataset.subarray(0, 10);
      await systemClock.sleep(1);
      yield Buffer.alloc(0);
      yield dataset.subarray(10);
    }
    const object = { sopClassUid: '1.2.3', sopInstanceUid: '1.2.3.4', transferSyntaxUid: IMPLICIT_LITTLE };
    expect(await association.store({ ...object, dataset: chunks() })).toEqual({ status: 0xb007 });
    await association.release();
    expect(Math.max(...lengths)).toBe(1000);
    expect(Buffer.concat(data).equals(dataset)).toBe(true);
  });

  it('ends the association when the data set cannot be read to its end', async () => {
    let heard: Buffer | undefined;
    const association = await open(async (peer) => {
      peer.send(accept([0, 0]));
      for (;;) {
        const pdu = await peer.nextPdu();
        if (pdu?.type === 0x07) heard = pdu.content;
        if (pdu?.type !== 0x04) break;
      }
    });
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.alloc(10);
      await systemClock.sleep(1);
      throw new Error('the file is gone');
    }
    const object = { sopClassUid: '1.2.3', sopInstanceUid: '1.2.3.4', transferSyntaxUid: IMPLICIT_LITTLE };
    await expect(association.store({ ...object, dataset: broken() })).rejects.toThrow('the file is gone');
    expect(association.isOpen).toBe(false);
    await expect.poll(() => heard).toEqual(Buffer.from([0, 0, 0, 0]));
  });

  it('refuses an answer to another request', async () => {
    const association = await open(async (peer) => {
      peer.send(accept([0, 0]));
      await peer.expectPdu(0x04);
      peer.send(response({ field: 0x8030, messageId: 77, status: 0 }));
    });
    await expect(association.echo()).rejects.toMatchObject({ code: 'protocol-error' });
  });

  it('does one operation at a time and names the context that is missing', async () => {
    const association = await open(async (peer) => {
      peer.send(accept([0, 3]));
      await peer.expectPdu(0x04);
      peer.send(response({ field: 0x8030, messageId: 1, status: 0 }));
    });
    const first = association.echo();
    await expect(association.echo()).rejects.toMatchObject({ code: 'state-conflict' });
    expect(await first).toBe(0);
    const object = { sopClassUid: '1.2.3', sopInstanceUid: '1.2', transferSyntaxUid: IMPLICIT_LITTLE };
    await expect(association.store({ ...object, dataset: Buffer.alloc(2) })).rejects.toMatchObject({
      code: 'peer-rejected',
    });
    expect(association.isOpen).toBe(true);
    association.abort();
    association.abort();
    await expect(association.echo()).rejects.toMatchObject({ code: 'peer-aborted' });
  });
});
