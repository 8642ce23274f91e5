import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { TriageError } from '../errors.ts';
import { acceptEveryone } from '../testing/accept-everyone.ts';
import { MemorySink } from '../testing/memory-sink.ts';
import { readPduFixture, ScriptedPeer } from '../testing/scripted-peer.ts';
import type { Acceptor, AcceptorOptions } from './acceptor.ts';
import { startAcceptor } from './acceptor.ts';
import { decodeCommandSet, encodeCommandSet } from './command-set.ts';
import type { CommandSet } from './command-set.ts';
import { silentLog } from '../telemetry.ts';
import { DEFAULT_DIMSE_LIMITS } from './limits.ts';
import { encodeDataHeader } from './pdu.ts';
import type { Association } from './requested-association.ts';
import type { AssociationOptions } from './requestor.ts';
import { openAssociation } from './requestor.ts';

const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';
const COMPUTED_RADIOGRAPHY = '1.2.840.10008.5.1.4.1.1.1';
const EXPLICIT_LITTLE = '1.2.840.10008.1.2.1';
const IMPLICIT_LITTLE = '1.2.840.10008.1.2';
const JPEG_BASELINE = '1.2.840.10008.1.2.4.50';

let acceptor: Acceptor;

afterEach(() => acceptor.close(0));

async function start(options: Partial<AcceptorOptions> = {}): Promise<MemorySink> {
  const sink = options.storage instanceof MemorySink ? options.storage : new MemorySink();
  acceptor = await startAcceptor({
    aeTitle: 'OSTEOTRIAGE',
    host: '127.0.0.1',
    port: 0,
    limits: DEFAULT_DIMSE_LIMITS,
    supportedStorage: new Set([SECONDARY_CAPTURE, COMPUTED_RADIOGRAPHY]),
    transferSyntaxes: [EXPLICIT_LITTLE, IMPLICIT_LITTLE, JPEG_BASELINE],
    storage: sink,
    log: silentLog,
    clock: systemClock,
    acceptAssociation: acceptEveryone,
    ...options,
  });
  return sink;
}

function open(options: Partial<AssociationOptions> = {}): Promise<Association> {
  return openAssociation({
    host: '127.0.0.1',
    port: acceptor.port,
    callingAeTitle: 'SENDER',
    calledAeTitle: 'OSTEOTRIAGE',
    contexts: [
      { abstractSyntax: '1.2.840.10008.1.1', transferSyntaxes: [IMPLICIT_LITTLE] },
      { abstractSyntax: SECONDARY_CAPTURE, transferSyntaxes: [EXPLICIT_LITTLE] },
      { abstractSyntax: SECONDARY_CAPTURE, transferSyntaxes: [JPEG_BASELINE] },
    ],
    limits: DEFAULT_DIMSE_LIMITS,
    clock: systemClock,
    connectMsMax: 2000,
    ...options,
  });
}

function store(
  association: Association,
  dataset: AsyncIterable<Buffer> | Buffer,
  sopInstanceUid = '1.2.3.4',
): Promise<{ status: number; comment?: string }> {
  return association.store({
    sopClassUid: SECONDARY_CAPTURE,
    sopInstanceUid,
    transferSyntaxUid: EXPLICIT_LITTLE,
    dataset,
  });
}

/** A C-STORE-RQ of a data set that can be spoilt at will, as raw bytes. */
function rawStore(command: Partial<CommandSet>, dataset: Buffer, contextId = 3): Buffer {
  const set = encodeCommandSet({
    AffectedSOPClassUID: SECONDARY_CAPTURE,
    CommandField: 1,
    MessageID: 5,
    Priority: 0,
    CommandDataSetType: 0,
    AffectedSOPInstanceUID: '1.2.3.4',
    ...command,
  });
  const head = { contextId, isLast: true };
  return Buffer.concat([
    encodeDataHeader({ ...head, isCommand: true, dataBytes: set.length }),
    set,
    encodeDataHeader({ ...head, isCommand: false, dataBytes: dataset.length }),
    dataset,
  ]);
}

async function hearStatus(peer: ScriptedPeer): Promise<CommandSet> {
  return decodeCommandSet((await peer.expectPdu(0x04)).subarray(6));
}

function noise(bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  for (let index = 0; index < bytes; index += 1) buffer[index] = (index * 2654435761) >>> 24;
  return buffer;
}

describe('the acceptor', () => {
  it('stores a data set byte for byte and answers once it is finished', async () => {
    const order: string[] = [];
    const sink = await start({
      storage: new MemorySink({
        onFinish: async () => {
          await systemClock.sleep(30);
          order.push('finished');
          return { status: 0 };
        },
      }),
    });
    const association = await open();
    const dataset = noise(1_000_003);
    const answer = await store(association, dataset);
    order.push('answered');
    await association.release();
    expect(answer).toEqual({ status: 0 });
    expect(order).toEqual(['finished', 'answered']);
    expect(sink.objects).toHaveLength(1);
    expect(sink.objects[0]?.dataset.equals(dataset)).toBe(true);
    expect(sink.objects[0]).toMatchObject({
      ending: 'finished',
      endings: 1,
      incoming: {
        sopClassUid: SECONDARY_CAPTURE,
        sopInstanceUid: '1.2.3.4',
        transferSyntaxUid: EXPLICIT_LITTLE,
        callingAeTitle: 'SENDER',
        calledAeTitle: 'OSTEOTRIAGE',
        siteId: 'test',
        presentationContextId: 3,
      },
    });
  });

  it('keeps contexts of one SOP class in several transfer syntaxes apart', async () => {
    const sink = await start();
    const association = await open();
    expect(association.contextFor(SECONDARY_CAPTURE, JPEG_BASELINE)?.contextId).toBe(5);
    await association.store({
      sopClassUid: SECONDARY_CAPTURE,
      sopInstanceUid: '1.2.5',
      transferSyntaxUid: JPEG_BASELINE,
      dataset: Buffer.from('abcd'),
    });
    await association.release();
    expect(sink.objects[0]?.incoming.transferSyntaxUid).toBe(JPEG_BASELINE);
  });

  it('pauses the socket while the sink is slow', async () => {
    let held = 0;
    let heldMax = 0;
    await start({
      storage: new MemorySink({
        onWrite: async () => {
          held += 1;
          heldMax = Math.max(heldMax, held);
          await systemClock.sleep(20);
          held -= 1;
        },
      }),
    });
    const association = await open();
    let produced = 0;
    async function* produce(): AsyncGenerator<Buffer> {
      for (; produced < 400; produced += 1) {
        yield Buffer.alloc(64 * 1024);
        await systemClock.sleep(0);
      }
    }
    const answer = store(association, produce()).catch((error: unknown) => error);
    await systemClock.sleep(500);
    // 25 writes of the sink in half a second; the rest must wait in the kernel, not in our memory.
    expect(produced).toBeLessThan(300);
    expect(heldMax).toBe(1);
    association.abort();
    expect(await answer).toBeInstanceOf(TriageError);
  });

  it('drops an object exactly once when the peer resets in the middle', async () => {
    const sink = await start();
    const peer = await ScriptedPeer.associate(acceptor.port);
    const bytes = rawStore({}, noise(50_000));
    peer.send(bytes.subarray(0, bytes.length - 1000));
    await expect.poll(() => sink.objects.length).toBe(1);
    peer.reset();
    await expect.poll(() => sink.objects[0]?.ending).toBe('aborted');
    expect(sink.objects[0]?.endings).toBe(1);
    await expect.poll(() => acceptor.stats().connectionsOpen).toBe(0);
  });

  it.each<[string, Partial<CommandSet>, number]>([
    ['another supported SOP class than the context', { AffectedSOPClassUID: COMPUTED_RADIOGRAPHY }, 0xa900],
    ['a SOP class that is not supported', { AffectedSOPClassUID: '1.2.840.10008.5.1.4.1.1.2' }, 0x0122],
    ['a SOP instance UID that climbs out of its folder', { AffectedSOPInstanceUID: '../../etc' }, 0x0117],
    ['a SOP instance UID that is too long', { AffectedSOPInstanceUID: '1.'.repeat(40) + '1' }, 0x0117],
    ['an empty SOP instance UID', { AffectedSOPInstanceUID: '' }, 0x0117],
    ['an operation that is not known', { CommandField: 0x0021 }, 0x0211],
  ])('drains the data of %s and goes on', async (_, command, status) => {
    const sink = await start();
    const peer = await ScriptedPeer.associate(acceptor.port);
    peer.send(rawStore(command, noise(20_000)));
    const answer = await hearStatus(peer);
    expect(answer.Status).toBe(status);
    expect(answer.MessageIDBeingRespondedTo).toBe(5);
    expect(sink.objects).toHaveLength(0);
    peer.send(rawStore({}, noise(20_000)));
    expect((await hearStatus(peer)).Status).toBe(0);
    expect(sink.objects[0]?.dataset.equals(noise(20_000))).toBe(true);
  });

  it('answers a C-STORE without a data set with unrecognized operation', async () => {
    await start();
    const peer = await ScriptedPeer.associate(acceptor.port);
    const set = encodeCommandSet({ CommandField: 1, MessageID: 2, CommandDataSetType: 0x0101 });
    const head = { contextId: 3, isCommand: true, isLast: true, dataBytes: set.length };
    peer.send(Buffer.concat([encodeDataHeader(head), set]));
    expect((await hearStatus(peer)).Status).toBe(0x0211);
  });

  it('aborts a C-STORE in a context that was refused', async () => {
    await start({ supportedStorage: new Set([COMPUTED_RADIOGRAPHY]) });
    const peer = await ScriptedPeer.associate(acceptor.port);
    peer.send(rawStore({}, noise(100)));
    expect(await peer.expectPdu(0x07)).toEqual(Buffer.from([0, 0, 2, 6]));
  });

  it('takes a message however it is cut into fragments, PDUs and TCP segments', async () => {
    const sink = await start();
    const dataset = noise(997);
    const bytes = rawStore({}, dataset);
    const command = bytes.subarray(12, bytes.length - 12 - dataset.length);
    const pdv = (data: Buffer, control: number): Buffer => {
      const header = Buffer.from([0, 0, 0, 0, 3, control]);
      header.writeUInt32BE(data.length + 2, 0);
      return Buffer.concat([header, data]);
    };
    const pdvs = [
      pdv(command.subarray(0, 7), 1),
      pdv(command.subarray(7), 3),
      pdv(dataset.subarray(0, 100), 0),
      pdv(Buffer.alloc(0), 0),
      pdv(dataset.subarray(100), 0),
      pdv(Buffer.alloc(0), 2),
    ];
    const content = Buffer.concat(pdvs);
    const header = Buffer.from([4, 0, 0, 0, 0, 0]);
    header.writeUInt32BE(content.length, 2);
    const peer = await ScriptedPeer.associate(acceptor.port);
    const whole = Buffer.concat([header, content]);
    for (let offset = 0; offset < whole.length; offset += 61) {
      peer.send(whole.subarray(offset, offset + 61));
      await systemClock.sleep(1);
    }
    expect((await hearStatus(peer)).Status).toBe(0);
    expect(sink.objects[0]?.dataset.equals(dataset)).toBe(true);
  });

  it('refuses an object above the limit with out of resources and drains it', async () => {
    const sink = await start({ limits: { ...DEFAULT_DIMSE_LIMITS, instanceBytesMax: 100_000 } });
    const association = await open();
    expect(await store(association, noise(300_000))).toEqual({
      status: 0xa700,
      comment: 'instance-too-large',
    });
    expect(await store(association, noise(90_000))).toEqual({ status: 0 });
    await association.release();
    expect(sink.objects.map((object) => object.ending)).toEqual(['aborted', 'finished']);
    expect(acceptor.stats()).toMatchObject({ objectsStored: 1, objectsRefused: 1, associationsAccepted: 1 });
  });

  it('turns what a sink throws into the status of its code and lives on', async () => {
    const failures = [
      { onBegin: () => Promise.reject(new TriageError('storage-full', 'no space')) },
      {
        onBegin: () => {
          throw new Error('a defect');
        },
      },
      { onWrite: () => Promise.reject(new TriageError('storage-failed', 'input/output error')) },
      {
        onWrite: () => {
          throw new Error('a defect');
        },
      },
      { onFinish: () => Promise.reject(new TriageError('instance-conflict', 'other content')) },
    ];
    for (const [index, status] of [0xa700, 0x0110, 0xa700, 0x0110, 0x0111].entries()) {
      const sink = await start({ storage: new MemorySink(failures[index]) });
      const association = await open();
      expect((await store(association, noise(200_000))).status).toBe(status);
      expect(await association.echo()).toBe(0);
      await association.release();
      expect(sink.objects.every((object) => object.endings === 1)).toBe(true);
      await acceptor.close(0);
    }
  });

  it('lives on when the acceptance policy throws', async () => {
    let calls = 0;
    await start({
      acceptAssociation: () => {
        calls += 1;
        if (calls === 1) throw new Error('a defect');
        return acceptEveryone();
      },
    });
    await expect(open()).rejects.toMatchObject({ code: 'peer-aborted' });
    const association = await open();
    expect(await association.echo()).toBe(0);
    await association.release();
  });

  it('rejects whom the policy does not know, with the reason it gives', async () => {
    await start({
      acceptAssociation: ({ callingAeTitle, calledAeTitle }) => {
        if (callingAeTitle !== 'SENDER') return { accepted: false, result: 1, source: 1, reason: 3 };
        if (calledAeTitle !== 'OSTEOTRIAGE') return { accepted: false, result: 1, source: 1, reason: 7 };
        return acceptEveryone();
      },
    });
    await expect(open({ callingAeTitle: 'STRANGER' })).rejects.toThrow('calling AE title not recognized');
    await expect(open({ calledAeTitle: 'OTHER' })).rejects.toThrow('called AE title not recognized');
    await (await open()).release();
  });

  it('rejects for now above its limit of associations, and serves again when one has ended', async () => {
    await start({ limits: { ...DEFAULT_DIMSE_LIMITS, associationsMax: 1 } });
    const first = await open();
    await expect(open()).rejects.toThrow('for now: local limit exceeded');
    await first.release();
    await expect.poll(() => acceptor.stats().associationsOpen).toBe(0);
    await (await open()).release();
  });

  it('aborts a message that takes too long though bytes keep coming', async () => {
    const sink = await start({ limits: { ...DEFAULT_DIMSE_LIMITS, messageSecondsMax: 0.3 } });
    const peer = await ScriptedPeer.associate(acceptor.port);
    const bytes = rawStore({}, noise(10_000));
    peer.send(bytes.subarray(0, 1000));
    for (let offset = 1000; offset < 1100; offset += 1) {
      peer.send(bytes.subarray(offset, offset + 1));
      await systemClock.sleep(10);
    }
    expect(await peer.expectPdu(0x07)).toEqual(Buffer.from([0, 0, 2, 0]));
    expect(sink.objects[0]).toMatchObject({ ending: 'aborted', endings: 1 });
  });

  it('does not pile up answers for a peer that never reads them', async () => {
    await start({ limits: { ...DEFAULT_DIMSE_LIMITS, idleSecondsMax: 0.5 } });
    const peer = await ScriptedPeer.associate(acceptor.port);
    peer.deafen();
    const echoes = Buffer.concat(Array.from({ length: 2000 }, () => readPduFixture('good-echo-rq.hex')));
    const beforeMib = process.memoryUsage().rss / 2 ** 20;
    for (let sent = 0; sent < 200; sent += 1) peer.send(echoes);
    await expect.poll(() => acceptor.stats().associationsOpen, { timeout: 15_000 }).toBe(0);
    expect(process.memoryUsage().rss / 2 ** 20 - beforeMib).toBeLessThan(200);
    peer.reset();
  });

  it('lets associations end within the grace and aborts them after it', async () => {
    const sink = await start({
      storage: new MemorySink({
        onFinish: async () => {
          await systemClock.sleep(100);
          return { status: 0 };
        },
      }),
    });
    const [busy, lazy] = [await open(), await open()];
    const stored = store(busy, noise(1000)).then(async (answer) => {
      await busy.release();
      return answer;
    });
    await expect.poll(() => sink.objects.length).toBe(1);
    await acceptor.close(400);
    expect(await stored).toEqual({ status: 0 });
    await expect(lazy.echo()).rejects.toMatchObject({ code: 'peer-aborted' });
    await expect(open()).rejects.toMatchObject({ code: 'peer-unreachable' });
  });

  it('says plainly that a port is taken', async () => {
    await start();
    const taken = acceptor;
    await expect(start({ port: taken.port })).rejects.toMatchObject({ code: 'configuration-invalid' });
  });
});
