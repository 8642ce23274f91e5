import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../clock.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { NormalizedRequest, NormalizedService } from '../dimse/services.ts';
import { MemorySink } from '../testing/memory-sink.ts';
import {
  makeReportArchive,
  pacsAt,
  type ReportArchive,
  startSender,
  type TestSender,
  until,
} from '../testing/delivery-fixtures.ts';
import { freePort } from '../testing/free-port.ts';
import { startOrthanc } from '../testing/orthanc.ts';
import { startServices } from '../testing/served-services.ts';
import { requireTool } from '../testing/services.ts';

const PUSH_MODEL = '1.2.840.10008.1.20.1';
const PUSH_MODEL_INSTANCE = '1.2.840.10008.1.20.1.1';
const OUR_SOP_CLASSES = new Set([
  '1.2.840.10008.5.1.4.1.1.88.34',
  '1.2.840.10008.5.1.4.1.1.7',
  '1.2.840.10008.5.1.4.1.1.11.1',
]);

let archive: ReportArchive;
let clock: MovedClock;
let sender: TestSender;
let ending: (() => Promise<void> | void)[];

beforeEach(async () => {
  archive = await makeReportArchive();
  clock = movedClock();
  ending = [];
  await archive.addReports(1, ['pacs']);
});
afterEach(async () => {
  for (const end of ending.toReversed()) await end();
  await archive.remove();
});

/** What a PACS says to each request: the parts that it keeps and does not, null for silence, or a refusal. */
type Answer = (references: readonly DicomDataset[], time: number) => DicomDataset | null | 'refuse';

const keepAll: Answer = (references) => ({ ReferencedSOPSequence: references });
const keepNone: Answer = (references) => ({
  FailedSOPSequence: references.map((reference) => ({ ...reference, FailureReason: 0x0112 })),
});

/** A PACS that stores everything and answers each request for commitment on the same association. */
async function startPacs(answer: Answer): Promise<{ port: number; requests: NormalizedRequest[] }> {
  const requests: NormalizedRequest[] = [];
  const service: NormalizedService = {
    kind: 'normalized',
    sopClassUids: [PUSH_MODEL],
    action(request, _caller, report) {
      requests.push(request);
      const { ReferencedSOPSequence, TransactionUID } = request.dataset;
      const said = answer(ReferencedSOPSequence as readonly DicomDataset[], requests.length);
      if (said === 'refuse') return Promise.resolve({ status: 0x0213 });
      if (said !== null) {
        void report({
          ...{ sopClassUid: PUSH_MODEL, sopInstanceUid: PUSH_MODEL_INSTANCE },
          typeId: said['FailedSOPSequence'] === undefined ? 1 : 2,
          dataset: { TransactionUID: TransactionUID ?? null, ...said },
        }).catch(() => undefined);
      }
      return Promise.resolve({ status: 0 });
    },
  };
  const pacs = await startServices([service], {
    supportedStorage: OUR_SOP_CLASSES,
    storage: new MemorySink(),
  });
  ending.push(() => pacs.close(0));
  return { port: pacs.port, requests };
}

type MovedClock = Clock & { advance(ms: number): void };

/** The machine's clock, but a test can move what it says of the day; what runs by timers runs as ever. */
function movedClock(): MovedClock {
  let aheadMs = 0;
  return {
    ...systemClock,
    nowMs: () => systemClock.nowMs() + aheadMs,
    advance(ms) {
      aheadMs += ms;
      sender.ring();
    },
  };
}

function send(port: number, aeTitle = 'OSTEOTRIAGE'): TestSender {
  sender = startSender(archive, clock, [pacsAt(port, { aeTitle, commitment: true })]);
  ending.push(() => sender.close());
  return sender;
}

const all = async (what: Readonly<Record<string, unknown>>): Promise<boolean> => {
  const rows = Object.values(await archive.deliveries());
  return (
    rows.length === 3 &&
    rows.every((row) => Object.entries(what).every(([name, value]) => row[name as 'state'] === value))
  );
};

describe('a delivery to a PACS that is to commit itself', () => {
  it('is committed when the PACS says so on the same association', async () => {
    const { port, requests } = await startPacs(keepAll);
    send(port);
    await until('committed', async () => {
      sender.ring();
      return all({ state: 'delivered', commitment: 'committed' });
    });
    expect(
      requests.every(({ sopInstanceUid, typeId }) => sopInstanceUid === PUSH_MODEL_INSTANCE && typeId === 1),
    ).toBe(true);
    const named = requests.flatMap(({ dataset }) => dataset['ReferencedSOPSequence'] as DicomDataset[]);
    expect(new Set(named.map((item) => item['ReferencedSOPInstanceUID'])).size).toBe(3);
  });

  it('is sent again when the PACS does not have it, and asked for under a new Transaction UID', async () => {
    const { port, requests } = await startPacs((references, time) =>
      time === 1 ? keepNone(references, time) : keepAll(references, time),
    );
    send(port);
    await until('committed', async () => {
      sender.ring();
      return all({ state: 'delivered', commitment: 'committed' });
    });
    const uids = requests.map(({ dataset }) => dataset['TransactionUID']);
    expect(uids.length).toBeGreaterThan(1);
    expect(new Set(uids).size).toBe(uids.length);
  });

  it('is not sent again when the PACS lost it and a later revision has taken its place', async () => {
    const { port, requests } = await startPacs(() => null);
    send(port);
    await until('asked', () => {
      sender.ring();
      return requests.flatMap(({ dataset }) => dataset['ReferencedSOPSequence']).length === 3;
    });
    await archive.database.updateTable('exams').set({ revision: 1 }).execute();
    for (const { dataset } of requests) {
      const said = keepNone(dataset['ReferencedSOPSequence'] as DicomDataset[], 1) as DicomDataset;
      await sender.takeCommitmentReport({
        ...{ sopClassUid: PUSH_MODEL, sopInstanceUid: PUSH_MODEL_INSTANCE, typeId: 2 },
        dataset: { TransactionUID: dataset['TransactionUID'] ?? null, ...said },
      });
    }
    expect(await all({ state: 'superseded', note: 'commitment refused (0x0112)' })).toBe(true);
  });

  it('is given up with its reason when the PACS refuses again and again', async () => {
    const { port, requests } = await startPacs(keepNone);
    send(port);
    await until('given up', async () => {
      clock.advance(86_400_001);
      return all({ state: 'dead', commitment: 'refused', note: 'commitment refused (0x0112)' });
    });
    const times = requests.flatMap(({ dataset }) => dataset['ReferencedSOPSequence'] as DicomDataset[]);
    expect(times).toHaveLength(3 * 12);
  });

  it('is asked for again under a new Transaction UID when no answer comes, and at last a person is told', async () => {
    const { port, requests } = await startPacs(() => null);
    send(port);
    await until('given up', async () => {
      clock.advance(86_400_001);
      return all({ state: 'dead', commitment: 'refused', note: 'no answer about commitment came' });
    });
    const uids = requests.map(({ dataset }) => dataset['TransactionUID']);
    expect(new Set(uids).size).toBe(uids.length);
  });

  it('is asked for later when the PACS takes no request now', async () => {
    const { port } = await startPacs((references, time) =>
      time === 1 ? 'refuse' : keepAll(references, time),
    );
    send(port);
    await until('wanted still', async () => {
      sender.ring();
      return Object.values(await archive.deliveries()).some(
        ({ state, commitment, note }) =>
          state === 'delivered' &&
          commitment === 'wanted' &&
          note === 'commitment could not be asked for: peer-rejected',
      );
    });
    await until('committed', async () => {
      clock.advance(600_001);
      return all({ state: 'delivered', commitment: 'committed' });
    });
  });

  it('takes an answer that comes late to our listener, once, and none of a request that is not its own', async () => {
    const { port, requests } = await startPacs(() => null);
    send(port);
    await until('asked', () => {
      sender.ring();
      return requests.flatMap(({ dataset }) => dataset['ReferencedSOPSequence']).length === 3;
    });
    const tell = (transactionUid: unknown, dataset: DicomDataset) =>
      sender.takeCommitmentReport({
        ...{ sopClassUid: PUSH_MODEL, sopInstanceUid: PUSH_MODEL_INSTANCE, typeId: 1 },
        dataset: { TransactionUID: String(transactionUid), ...dataset },
      });
    expect(await tell('1.2.3', {})).toMatchObject({ status: 0x0110 });
    for (const { dataset } of requests) {
      const said = { ReferencedSOPSequence: dataset['ReferencedSOPSequence'] ?? null };
      expect(await tell(dataset['TransactionUID'], said)).toEqual({ status: 0 });
      const taken = keepNone(dataset['ReferencedSOPSequence'] as DicomDataset[], 1) as DicomDataset;
      expect(await tell(dataset['TransactionUID'], taken)).toEqual({ status: 0 });
    }
    expect(await all({ state: 'delivered', commitment: 'committed' })).toBe(true);
  });
});

const orthancTool = requireTool('Orthanc');

describe.skipIf(!orthancTool.available)('Orthanc as a PACS', () => {
  it('commits itself by an association of its own to our listener', async () => {
    if (!orthancTool.available) return;
    const ourPort = await freePort();
    const listener = await startServices(
      [
        {
          kind: 'normalized',
          sopClassUids: [PUSH_MODEL],
          event: (report) => sender.takeCommitmentReport(report),
        },
      ],
      { port: ourPort },
    );
    ending.push(() => listener.close(0));
    const orthanc = await startOrthanc(orthancTool.path, {
      modalities: { osteotriage: { aeTitle: 'OSTEOTRIAGE', host: '127.0.0.1', port: ourPort } },
    });
    ending.push(() => orthanc.stop());
    send(orthanc.dicomPort, 'ORTHANC');
    await until('committed', async () => {
      sender.ring();
      return all({ state: 'delivered', commitment: 'committed' });
    });
    expect(await orthanc.instances()).toHaveLength(3);
  });
});
