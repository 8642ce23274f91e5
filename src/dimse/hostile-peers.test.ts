import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { MemorySink } from '../testing/memory-sink.ts';
import { readPduFixture, ScriptedPeer } from '../testing/scripted-peer.ts';
import { associateFor, hearCommand, rawMessage, startServices } from '../testing/served-services.ts';
import { tinyDataSet } from '../testing/tiny-data-set.ts';
import type { Acceptor } from './acceptor.ts';
import { COMMAND } from './command-set.ts';
import { DEFAULT_DIMSE_LIMITS, type DimseLimits } from './limits.ts';
import type { Association } from './requested-association.ts';
import { openAssociation } from './requestor.ts';

const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';
const EXPLICIT_LITTLE = '1.2.840.10008.1.2.1';
const WORKLIST = '1.2.840.10008.5.1.4.31';

let acceptor: Acceptor;
let sink: MemorySink;

afterEach(() => acceptor.close(0));

async function start(limits: Partial<DimseLimits>): Promise<void> {
  sink = new MemorySink();
  acceptor = await startServices([], { storage: sink, limits: { ...DEFAULT_DIMSE_LIMITS, ...limits } });
}

function open(): Promise<Association> {
  return openAssociation({
    ...{ host: '127.0.0.1', port: acceptor.port, callingAeTitle: 'CLINIC', calledAeTitle: 'OSTEOTRIAGE' },
    contexts: [{ abstractSyntax: SECONDARY_CAPTURE, transferSyntaxes: [EXPLICIT_LITTLE] }],
    ...{ limits: DEFAULT_DIMSE_LIMITS, clock: systemClock, connectMsMax: 5000 },
  });
}

async function store(association: Association, instance: string): Promise<number> {
  const dataset = tinyDataSet({ study: '1.2.1', series: '1.2.2', instance, size: [64, 64] });
  const names = { sopClassUid: SECONDARY_CAPTURE, transferSyntaxUid: EXPLICIT_LITTLE };
  return (await association.store({ ...names, sopInstanceUid: instance, dataset })).status;
}

async function expectServed(): Promise<void> {
  const association = await open();
  expect(await store(association, '1.2.99')).toBe(0);
  await association.release();
}

describe('a listener under load', () => {
  it('serves a hundred associations at once, each its own film', async () => {
    await start({ associationsMax: 100, connectionsMax: 200 });
    const associations = await Promise.all(Array.from({ length: 100 }, () => open()));
    expect(acceptor.stats().associationsOpen).toBe(100);
    const statuses = await Promise.all(
      associations.map((association, index) => store(association, `1.2.${index + 1}`)),
    );
    expect(statuses).toEqual(Array.from({ length: 100 }, () => 0));
    await Promise.all(associations.map((association) => association.release()));
    expect(new Set(sink.objects.map((object) => object.incoming.sopInstanceUid)).size).toBe(100);
    expect(sink.objects.every((object) => object.ending === 'finished' && object.endings === 1)).toBe(true);
    await expect
      .poll(() => acceptor.stats())
      .toMatchObject({ associationsOpen: 0, connectionsOpen: 0, associationsBroken: 0 });
  });

  it('rejects for now what is above its limit, serves those it has, and takes new ones when they end', async () => {
    await start({ associationsMax: 20, connectionsMax: 200 });
    const opened = await Promise.allSettled(Array.from({ length: 50 }, () => open()));
    const held = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const reasons = opened.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
    expect(held).toHaveLength(20);
    expect(reasons.every((reason) => reason.includes('for now: local limit exceeded'))).toBe(true);
    expect(acceptor.stats()).toMatchObject({ associationsOpen: 20, associationsRejected: 30 });
    for (const [index, association] of held.entries()) {
      expect(await store(association, `1.2.${index + 1}`)).toBe(0);
      await association.release();
    }
    await expectServed();
  });

  it('holds no more connections than it may, and has room again when the silent ones are cut', async () => {
    await start({ connectionsMax: 10, artimSecondsMax: 0.5 });
    const sockets: Socket[] = [];
    let closed = 0;
    for (let index = 0; index < 30; index += 1) {
      const socket = connect({ host: '127.0.0.1', port: acceptor.port });
      socket.on('error', () => undefined).on('close', () => (closed += 1));
      socket.resume();
      sockets.push(socket);
    }
    await expect.poll(() => closed).toBe(20);
    expect(acceptor.stats().connectionsOpen).toBe(10);
    await expect.poll(() => closed, { timeout: 3000 }).toBe(30);
    await expectServed();
  });
});

describe('a peer that wears others down', () => {
  it('drips the bytes of its proposal: it is cut in time, and others are served meanwhile', async () => {
    await start({ artimSecondsMax: 0.6 });
    const proposal = readPduFixture('good-associate-rq.hex');
    const drippers = await Promise.all(Array.from({ length: 10 }, () => ScriptedPeer.connect(acceptor.port)));
    const dripping = drippers.map(async (peer) => {
      for (const byte of proposal) {
        peer.send(Buffer.from([byte]));
        await systemClock.sleep(20);
        if (acceptor.stats().connectionsOpen === 0) return;
      }
    });
    await expectServed();
    await Promise.all(drippers.map((peer) => peer.expectClose(3000)));
    await Promise.all(dripping);
    expect(acceptor.stats().associationsBroken).toBe(10);
  });

  it('never releases: it is aborted when it has been silent too long', async () => {
    await start({ idleSecondsMax: 0.3 });
    const peer = await ScriptedPeer.associate(acceptor.port);
    peer.send(readPduFixture('good-echo-rq.hex'));
    await peer.expectPdu(0x04);
    expect(await peer.expectPdu(0x07)).toEqual(Buffer.from([0, 0, 2, 0]));
    await peer.expectClose();
    await expectServed();
  });

  it('vanishes in the middle of a film: the film is dropped and the room is free again', async () => {
    await start({ idleSecondsMax: 0.3, associationsMax: 1 });
    const peer = await associateFor(acceptor.port, SECONDARY_CAPTURE, EXPLICIT_LITTLE);
    const command = {
      ...{ CommandField: COMMAND.storeRequest, MessageID: 1, Priority: 0 },
      ...{ AffectedSOPClassUID: SECONDARY_CAPTURE, AffectedSOPInstanceUID: '1.2.3' },
    };
    const message = rawMessage(command, { PatientComments: 'x'.repeat(5000) });
    peer.send(message.subarray(0, message.length - 100));
    await expect.poll(() => acceptor.stats().associationsOpen, { timeout: 3000 }).toBe(0);
    expect(sink.objects).toMatchObject([{ ending: 'aborted', endings: 1 }]);
    await expectServed();
    peer.reset();
  });

  it('keeps its half of the connection open after an abort: ARTIM closes it', async () => {
    await start({ artimSecondsMax: 0.4 });
    const socket = connect({ host: '127.0.0.1', port: acceptor.port, allowHalfOpen: true });
    socket.on('error', () => undefined).resume();
    socket.write(readPduFixture('wrong-pdu-type.hex'));
    await expect.poll(() => acceptor.stats().connectionsOpen).toBe(1);
    await expect.poll(() => acceptor.stats().connectionsOpen, { timeout: 3000 }).toBe(0);
    socket.destroy();
  });

  it('floods the listener with proposals and aborts: nothing is left behind', async () => {
    await start({ associationsMax: 5 });
    const proposal = readPduFixture('good-associate-rq.hex');
    const abort = readPduFixture('good-abort.hex');
    for (let round = 0; round < 10; round += 1) {
      const peers = await Promise.all(Array.from({ length: 20 }, () => ScriptedPeer.connect(acceptor.port)));
      for (const peer of peers) peer.send(Buffer.concat([proposal, abort]));
      await Promise.all(peers.map((peer) => peer.expectClose()));
    }
    await expect.poll(() => acceptor.stats()).toMatchObject({ associationsOpen: 0, connectionsOpen: 0 });
    await expectServed();
  });
});

describe('a message that nobody expects', () => {
  it.each<[string, number]>([
    ['C-STORE-RSP', 0x8001],
    ['C-FIND-RSP', 0x8020],
    ['N-EVENT-REPORT-RSP', 0x8100],
    ['a response of an unknown kind', 0xffff],
  ])('is aborted with unexpected parameter: %s', async (_, CommandField) => {
    await start({});
    const peer = await associateFor(acceptor.port, SECONDARY_CAPTURE, EXPLICIT_LITTLE);
    peer.send(rawMessage({ CommandField, MessageIDBeingRespondedTo: 1, Status: 0 }));
    expect(await peer.expectPdu(0x07)).toEqual(Buffer.from([0, 0, 2, 5]));
    await expectServed();
  });

  it.each<[string, number]>([
    ['C-FIND', 0x0020],
    ['C-GET', 0x0010],
    ['C-MOVE', 0x0021],
    ['N-GET', 0x0110],
    ['N-DELETE', 0x0150],
    ['N-EVENT-REPORT', 0x0100],
    ['an operation that does not exist', 0x0777],
  ])('is answered unrecognized operation in a storage context: %s', async (_, CommandField) => {
    await start({});
    const peer = await associateFor(acceptor.port, SECONDARY_CAPTURE, EXPLICIT_LITTLE);
    const command = { CommandField, AffectedSOPClassUID: SECONDARY_CAPTURE, MessageID: 3 };
    peer.send(rawMessage(command, { PatientID: 'P1' }));
    expect(await hearCommand(peer)).toMatchObject({ Status: 0x0211, CommandField: CommandField | 0x8000 });
    peer.reset();
  });

  it('is passed over: a C-CANCEL of nothing', async () => {
    await start({});
    const peer = await ScriptedPeer.associate(acceptor.port);
    peer.send(rawMessage({ CommandField: COMMAND.cancelRequest, MessageIDBeingRespondedTo: 9 }));
    peer.send(readPduFixture('good-echo-rq.hex'));
    expect(await hearCommand(peer)).toMatchObject({ Status: 0, CommandField: 0x8030 });
    peer.reset();
  });

  it('waits its turn: a query that comes while another is answered', async () => {
    sink = new MemorySink();
    const order: string[] = [];
    acceptor = await startServices([
      {
        kind: 'find',
        sopClassUids: [WORKLIST],
        async *find(identifier) {
          const name = identifier['PatientID'] as string;
          order.push(`${name} begins`);
          yield { PatientID: name };
          await systemClock.sleep(30);
          order.push(`${name} ends`);
        },
      },
    ]);
    const peer = await associateFor(acceptor.port, WORKLIST);
    const find = { CommandField: COMMAND.findRequest, AffectedSOPClassUID: WORKLIST };
    peer.send(rawMessage({ ...find, MessageID: 1 }, { PatientID: 'one' }));
    peer.send(rawMessage({ ...find, MessageID: 2 }, { PatientID: 'two' }));
    const heard: unknown[] = [];
    for (let index = 0; index < 4; index += 1) {
      const { MessageIDBeingRespondedTo, Status } = await hearCommand(peer);
      heard.push([MessageIDBeingRespondedTo, Status]);
    }
    expect(heard).toEqual([
      [1, 0xff00],
      [1, 0],
      [2, 0xff00],
      [2, 0],
    ]);
    expect(order).toEqual(['one begins', 'one ends', 'two begins', 'two ends']);
    peer.reset();
  });
});
