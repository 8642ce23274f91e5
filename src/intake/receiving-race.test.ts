import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OBJECT_KINDS } from '../archive/archive.ts';
import { openDiskObjectStore } from '../archive/disk-object-store.ts';
import { systemClock } from '../clock.ts';
import type { Database } from '../database/schema.ts';
import { silentLog } from '../telemetry.ts';
import { openProcesses, openTestRecord } from '../testing/test-record.ts';
import { tinyDataSet } from '../testing/tiny-data-set.ts';
import { InstanceReceiver, type Reception } from './receive-instance.ts';

const LISTENERS = 4;
const ROUNDS = 8;
const SOP_CLASS_UID = '1.2.840.10008.5.1.4.1.1.1.1';

let folder: string;
let database: Kysely<Database>;
let listeners: readonly InstanceReceiver[];
let records: readonly Kysely<Database>[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-race-'));
  database = await openTestRecord();
  const objects = await openDiskObjectStore(join(folder, 'archive'), OBJECT_KINDS);
  records = await openProcesses(database, LISTENERS);
  // Each has turns and, on PostgreSQL, connections of its own, as a process has.
  listeners = records.map(
    (record) =>
      new InstanceReceiver({
        database: record,
        objects,
        clock: systemClock,
        log: silentLog,
        onReceived: () => undefined,
      }),
  );
});
afterEach(async () => {
  await Promise.all([...records, database].map((record) => record.destroy()));
  await rm(folder, { recursive: true });
});

/** Every listener receives an instance of that name at the same moment; the pixels are those of its own. */
function receiveAtOnce(round: number, pixelOf: (listener: number) => number): Promise<readonly Reception[]> {
  const uids = { study: `1.2.${round}`, series: `1.2.${round}.1`, instance: `1.2.${round}.1.1` };
  return Promise.all(
    listeners.map(async (listener, index) => {
      const reception = await listener.begin({
        sopClassUid: SOP_CLASS_UID,
        sopInstanceUid: uids.instance,
        transferSyntaxUid: '1.2.840.10008.1.2.1',
        callingAeTitle: `CLINIC${index}`,
      });
      await reception.write(tinyDataSet({ ...uids, pixelValue: pixelOf(index) }));
      return reception.finish();
    }),
  );
}

const kindsOf = (receptions: readonly Reception[]) =>
  receptions
    .map((reception) => (reception.kind === 'refused' ? reception.error.code : reception.kind))
    .toSorted();

async function filesOf(kind: string): Promise<readonly string[]> {
  const entries = await readdir(join(folder, 'archive', kind), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

describe('listeners that receive one instance at once', () => {
  it('store it once when they have the same bytes, and all tell Success', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      expect(kindsOf(await receiveAtOnce(round, () => 7))).toEqual([
        ...Array.from({ length: LISTENERS - 1 }, () => 'already-held'),
        'stored',
      ]);
    }
    expect(await database.selectFrom('exams').select('exam_id').execute()).toHaveLength(ROUNDS);
    expect(await database.selectFrom('jobs').select('exam_id').execute()).toHaveLength(ROUNDS);
    // All of the films name one person, which is one row whoever of them wrote it.
    expect(await database.selectFrom('persons').select('person_id').execute()).toHaveLength(1);
    expect(await filesOf('objects')).toHaveLength(ROUNDS);
  });

  it('store one of different bytes, refuse the others on record, and keep the bytes that were told Success', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      expect(kindsOf(await receiveAtOnce(round, (listener) => listener))).toEqual([
        ...Array.from({ length: LISTENERS - 1 }, () => 'instance-conflict'),
        'stored',
      ]);
    }
    const exams = await database.selectFrom('exams').select(['object_key', 'study_uid']).execute();
    expect(exams).toHaveLength(ROUNDS);
    expect(await database.selectFrom('refusals').select('code').execute()).toHaveLength(
      ROUNDS * (LISTENERS - 1),
    );
    // What lost is gone, what won is whole.
    expect((await filesOf('objects')).toSorted()).toEqual(
      exams.map(({ object_key }) => join(folder, 'archive', object_key)).toSorted(),
    );
    for (const { object_key } of exams) {
      const file = await readFile(join(folder, 'archive', object_key));
      expect(file.length).toBeGreaterThan(300);
    }
  });
});
