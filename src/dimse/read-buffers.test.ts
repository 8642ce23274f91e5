import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { silentLog } from '../telemetry.ts';
import { acceptEveryone } from '../testing/accept-everyone.ts';
import { MemorySink } from '../testing/memory-sink.ts';
import { ScriptedPeer } from '../testing/scripted-peer.ts';
import { type Acceptor, startAcceptor } from './acceptor.ts';
import { decodeCommandSet, encodeCommandSet } from './command-set.ts';
import { DEFAULT_DIMSE_LIMITS } from './limits.ts';

const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';
const SEEDS = [1, 2, 3, 4, 5, 6];

let acceptor: Acceptor;
afterEach(() => acceptor.close(0));

async function start(storage: MemorySink): Promise<void> {
  acceptor = await startAcceptor({
    aeTitle: 'OSTEOTRIAGE',
    host: '127.0.0.1',
    port: 0,
    limits: DEFAULT_DIMSE_LIMITS,
    supportedStorage: new Set([SECONDARY_CAPTURE]),
    transferSyntaxes: ['1.2.840.10008.1.2.1'],
    storage,
    log: silentLog,
    clock: systemClock,
    acceptAssociation: acceptEveryone,
  });
}

/** Numbers below a limit, the same for the same seed. */
function makeDice(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** One P-DATA-TF after the other, each of PDVs of any size, tiny ones among them. */
function cut(bytes: Buffer, isCommand: boolean, dice: (limit: number) => number): Buffer[] {
  const pdus: Buffer[] = [];
  let offset = 0;
  while (offset < bytes.length || pdus.length === 0) {
    const pdvs: Buffer[] = [];
    for (let count = 1 + dice(5); count > 0 && (offset < bytes.length || pdvs.length === 0); count -= 1) {
      const size = [1 + dice(4), 1 + dice(300), 1 + dice(20_000), 1 + dice(45_000)][dice(4)] ?? 1;
      const data = bytes.subarray(offset, offset + size);
      offset += data.length;
      const header = Buffer.from([0, 0, 0, 0, 3, (isCommand ? 1 : 0) | (offset === bytes.length ? 2 : 0)]);
      header.writeUInt32BE(data.length + 2, 0);
      pdvs.push(header, data);
    }
    const content = Buffer.concat(pdvs);
    const header = Buffer.from([4, 0, 0, 0, 0, 0]);
    header.writeUInt32BE(content.length, 2);
    pdus.push(header, content);
  }
  return pdus;
}

function storeRequest(number: number, dataset: Buffer, dice: (limit: number) => number): Buffer[] {
  const command = encodeCommandSet({
    AffectedSOPClassUID: SECONDARY_CAPTURE,
    CommandField: 1,
    MessageID: number,
    Priority: 0,
    CommandDataSetType: 0,
    AffectedSOPInstanceUID: `1.2.3.${number}`,
  });
  return [...cut(command, true, dice), ...cut(dataset, false, dice)];
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Sends the bytes in TCP segments of any size, now and then after a pause. */
async function sendUnevenly(
  peer: ScriptedPeer,
  bytes: Buffer,
  dice: (limit: number) => number,
): Promise<void> {
  for (let offset = 0; offset < bytes.length;) {
    const size = [1 + dice(100), 1 + dice(12_000), 1 + dice(400_000)][dice(3)] ?? 1;
    peer.send(bytes.subarray(offset, offset + size));
    offset += size;
    if (dice(3) === 0) await systemClock.sleep(1);
  }
}

describe('memory that is read into again', () => {
  it.each(SEEDS)(
    'is not touched while a slow sink looks at it, however the bytes are cut (seed %i)',
    async (seed) => {
      const dice = makeDice(seed);
      let overwritten = 0;
      const sink = new MemorySink({
        onWrite: (chunk) => {
          if (dice(4) !== 0) return undefined;
          const before = sha256(chunk);
          return systemClock.sleep(dice(6)).then(() => {
            if (sha256(chunk) !== before) overwritten += 1;
          });
        },
      });
      await start(sink);
      const datasets = [dice(700_000), dice(3_000), dice(300_000)].map((bytes) => {
        const dataset = Buffer.alloc(bytes + 1);
        for (let index = 0; index <= bytes; index += 1) dataset[index] = dice(256);
        return dataset;
      });
      const peer = await ScriptedPeer.associate(acceptor.port);
      // All requests at once: the next one is read while the sink still has the one before.
      const requests = datasets.flatMap((dataset, index) => storeRequest(index + 1, dataset, dice));
      await sendUnevenly(peer, Buffer.concat(requests), dice);
      for (const number of [1, 2, 3]) {
        const answer = decodeCommandSet((await peer.expectPdu(0x04)).subarray(6));
        expect(answer).toMatchObject({ MessageIDBeingRespondedTo: number, Status: 0 });
      }
      expect(overwritten).toBe(0);
      expect(sink.objects.map(({ dataset }) => sha256(dataset))).toEqual(datasets.map(sha256));
    },
  );

  it('is little for each association, also where small segments wait for a slow sink', async () => {
    const gate = Promise.withResolvers<undefined>();
    await start(new MemorySink({ onWrite: () => gate.promise }));
    const dataset = Buffer.alloc(400_000);
    const peers = await Promise.all(Array.from({ length: 10 }, () => ScriptedPeer.associate(acceptor.port)));
    const bytes = Buffer.concat(storeRequest(1, dataset, makeDice(1)));
    const before = process.memoryUsage().arrayBuffers;
    for (let offset = 0; offset < bytes.length; offset += 9_000) {
      for (const peer of peers) peer.send(bytes.subarray(offset, offset + 9_000));
      await systemClock.sleep(2);
    }
    const heldBytes = process.memoryUsage().arrayBuffers - before;
    gate.resolve(undefined);
    for (const peer of peers) await peer.expectPdu(0x04);
    // Four rooms of 128 KB each, and what the test itself holds.
    expect(heldBytes / peers.length).toBeLessThan(1_000_000);
  });
});
