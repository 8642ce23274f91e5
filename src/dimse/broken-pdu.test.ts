import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { acceptEveryone } from '../testing/accept-everyone.ts';
import { MemorySink } from '../testing/memory-sink.ts';
import { readPduFixture, ScriptedPeer } from '../testing/scripted-peer.ts';
import type { Acceptor } from './acceptor.ts';
import { startAcceptor } from './acceptor.ts';
import { silentLog } from '../telemetry.ts';
import { DEFAULT_DIMSE_LIMITS } from './limits.ts';

interface Broken {
  readonly file: string;
  readonly title: string;
  readonly after: 'connect' | 'association';
  readonly expects:
    | 'close'
    | { abort: { source: number; reason: number } }
    | { reject: { result: number; source: number; reason: number } };
}

const CATALOGUE = JSON.parse(
  readFileSync(new URL('../../dicom-fixtures/pdu/catalogue.json', import.meta.url), 'utf8'),
) as Broken[];
const SECONDS_MAX = 1;

let acceptor: Acceptor;
const sink = new MemorySink();

beforeAll(async () => {
  acceptor = await startAcceptor({
    aeTitle: 'OSTEOTRIAGE',
    host: '127.0.0.1',
    port: 0,
    limits: { ...DEFAULT_DIMSE_LIMITS, artimSecondsMax: SECONDS_MAX, idleSecondsMax: SECONDS_MAX },
    supportedStorage: new Set(['1.2.840.10008.5.1.4.1.1.7']),
    transferSyntaxes: ['1.2.840.10008.1.2.1', '1.2.840.10008.1.2'],
    storage: sink,
    log: silentLog,
    clock: systemClock,
    acceptAssociation: acceptEveryone,
  });
});

afterAll(() => acceptor.close(0));

async function echo(): Promise<void> {
  const peer = await ScriptedPeer.associate(acceptor.port);
  peer.send(readPduFixture('good-echo-rq.hex'));
  const answer = await peer.expectPdu(0x04);
  // The status, element (0000,0900), is the last of the response.
  expect(answer.subarray(-2).readUInt16LE(0)).toBe(0);
  peer.send(readPduFixture('good-release-rq.hex'));
  await peer.expectPdu(0x06);
  peer.close();
  await peer.expectClose();
}

async function breakInto(broken: Broken): Promise<void> {
  const peer =
    broken.after === 'association'
      ? await ScriptedPeer.associate(acceptor.port)
      : await ScriptedPeer.connect(acceptor.port);
  peer.send(readPduFixture(broken.file));
  const heard = await peer.nextPdu(3000);
  if (broken.expects === 'close') {
    expect(heard).toBeUndefined();
  } else if ('abort' in broken.expects) {
    const { source, reason } = broken.expects.abort;
    expect(heard).toEqual({ type: 0x07, content: Buffer.from([0, 0, source, reason]) });
  } else {
    const { result, source, reason } = broken.expects.reject;
    expect(heard).toEqual({ type: 0x03, content: Buffer.from([0, result, source, reason]) });
  }
  await peer.expectClose(3000);
}

describe('a broken PDU', () => {
  it.each(CATALOGUE)('is refused and the next peer is served: $title', async (broken) => {
    await breakInto(broken);
    await echo();
  });

  it('lets no object open and holds no connection', async () => {
    await breakInto(CATALOGUE.find((broken) => broken.file === 'command-within-data-set.hex')!);
    expect(sink.objects.length).toBeGreaterThan(0);
    expect(sink.objects.map((object) => [object.ending, object.endings])).toEqual(
      sink.objects.map(() => ['aborted', 1]),
    );
    await expect.poll(() => acceptor.stats().connectionsOpen).toBe(0);
    expect(acceptor.stats().associationsOpen).toBe(0);
  });

  it('does not make memory grow when it comes hundreds of times', async () => {
    const quick = CATALOGUE.filter((broken) => !/never|half/.test(broken.file));
    const hammer = async (rounds: number): Promise<void> => {
      for (let round = 0; round < rounds; round += 1) {
        for (const broken of quick) {
          const peer = await ScriptedPeer.connect(acceptor.port);
          if (broken.after === 'association') peer.send(readPduFixture('good-associate-rq.hex'));
          peer.send(readPduFixture(broken.file));
          await peer.expectClose();
        }
      }
    };
    await hammer(3);
    const beforeMib = process.memoryUsage().rss / 2 ** 20;
    await hammer(12);
    const grownMib = process.memoryUsage().rss / 2 ** 20 - beforeMib;
    expect(grownMib).toBeLessThan(48);
    await echo();
  });

  it('cannot make us gather a flood: bytes after the abort are dropped', async () => {
    const peer = await ScriptedPeer.associate(acceptor.port);
    peer.send(readPduFixture('pdu-length-too-long.hex'));
    const rubbish = Buffer.alloc(1 << 20, 0xee);
    for (let sent = 0; sent < 64; sent += 1) peer.send(rubbish);
    expect(await peer.expectPdu(0x07)).toEqual(Buffer.from([0, 0, 2, 6]));
    await peer.expectClose();
  });
});
