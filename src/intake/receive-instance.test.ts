import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OBJECT_KINDS } from '../archive/archive.ts';
import { openDiskObjectStore } from '../archive/disk-object-store.ts';
import type { ObjectStore } from '../archive/object-store.ts';
import { migrate } from '../database/migrations.ts';
import type { Database } from '../database/schema.ts';
import { openSqlite } from '../database/sqlite.ts';
import { splitPart10 } from '../dicom/part10.ts';
import { TriageError } from '../errors.ts';
import { silentLog } from '../telemetry.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { isOnPostgres, openTestRecord } from '../testing/test-record.ts';
import { tinyDataSet } from '../testing/tiny-data-set.ts';
import { openWorklist } from '../worklist/worklist.ts';
import { InstanceReceiver, type InstanceOffer, type Reception } from './receive-instance.ts';

const UIDS = { study: '1.2.3', series: '1.2.3.4', instance: '1.2.3.4.5' };
const OFFER: InstanceOffer = {
  sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1',
  sopInstanceUid: UIDS.instance,
  transferSyntaxUid: '1.2.840.10008.1.2.1',
  callingAeTitle: 'CLINIC',
};

let folder: string;
let database: Kysely<Database>;
let objects: ObjectStore;
let received: string[];
let receiver: InstanceReceiver;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-intake-'));
  database = await openTestRecord();
  objects = await openDiskObjectStore(folder, OBJECT_KINDS);
  received = [];
  receiver = new InstanceReceiver({
    database,
    objects,
    clock: new ManualClock(),
    log: silentLog,
    onReceived: (examId) => received.push(examId),
  });
});
afterEach(async () => {
  await database.destroy();
  await rm(folder, { recursive: true });
});

async function receive(dataSet: Buffer, offer = OFFER): Promise<Reception> {
  const reception = await receiver.begin(offer);
  for (let start = 0; start < dataSet.length; start += 37) {
    await reception.write(dataSet.subarray(start, start + 37));
  }
  return reception.finish();
}

describe('receiving an instance', () => {
  it('holds the data set byte for byte behind a file meta group, with one exam and one job', async () => {
    const dataSet = tinyDataSet(UIDS);
    const reception = await receive(dataSet);
    expect(reception.kind).toBe('stored');
    const exam = await database.selectFrom('exams').selectAll().executeTakeFirstOrThrow();
    const file = await objects.read(exam.object_key);
    const meta = splitPart10(file);
    expect(meta).toMatchObject({ sopInstanceUid: UIDS.instance, transferSyntaxUid: OFFER.transferSyntaxUid });
    expect(file.subarray(meta.datasetOffset).equals(dataSet)).toBe(true);
    expect(exam.data_set_sha256).toBe(createHash('sha256').update(dataSet).digest('hex'));
    expect(received).toEqual([exam.exam_id]);
    expect(await database.selectFrom('jobs').select('exam_id').execute()).toEqual([
      { exam_id: exam.exam_id },
    ]);
    expect(await readdir(join(folder, 'scratch'))).toEqual([]);
  });

  it('answers Success to the same instance again and changes nothing', async () => {
    await receive(tinyDataSet(UIDS));
    expect((await receive(tinyDataSet(UIDS))).kind).toBe('already-held');
    expect(received).toHaveLength(1);
    expect(await openWorklist(database).countStatus()).toMatchObject({ received: 1, refused: 0 });
  });

  it.each(['retention removed it', 'the disk lost it'])(
    'holds an instance again whose object is gone because %s, and assesses it no second time',
    async (why) => {
      const dataSet = tinyDataSet(UIDS);
      await receive(dataSet);
      const first = await database.selectFrom('exams').selectAll().executeTakeFirstOrThrow();
      if (why === 'retention removed it') {
        await database.updateTable('exams').set({ object_removed_at_ms: 5 }).execute();
      }
      await rm(join(folder, first.object_key));
      expect((await receive(dataSet)).kind).toBe('already-held');
      const again = await database.selectFrom('exams').selectAll().executeTakeFirstOrThrow();
      // A removal that is under way still has the earlier key.
      expect(again.object_key).not.toBe(first.object_key);
      const file = await objects.read(again.object_key);
      expect(file.subarray(-dataSet.length).equals(dataSet)).toBe(true);
      expect(again).toMatchObject({ object_bytes: file.length, object_removed_at_ms: null });
      expect(received).toEqual([first.exam_id]);
      expect(await database.selectFrom('jobs').select('exam_id').execute()).toHaveLength(1);
    },
  );

  it.skipIf(isOnPostgres)(
    'tells nobody Success while the record cannot be synced, not even of what it holds',
    async () => {
      const onDisk = openSqlite(join(folder, 'record.sqlite'));
      try {
        await migrate(onDisk);
        receiver = new InstanceReceiver({ ...receiver.parts, database: onDisk });
        const log = join(folder, 'record.sqlite-wal');
        // SQLite goes on with the file that it has open; the shared sync does not find it.
        await rename(log, `${log}.away`);
        const refused = { kind: 'refused', error: { code: 'database-failed' } };
        expect(await receive(tinyDataSet(UIDS))).toMatchObject(refused);
        expect(await receive(tinyDataSet(UIDS))).toMatchObject(refused);
        await rename(`${log}.away`, log);
        expect(await receive(tinyDataSet(UIDS))).toMatchObject({ kind: 'already-held' });
      } finally {
        await onDisk.destroy();
      }
    },
  );

  it('stores one and tells all Success when the same instance comes many times at once', async () => {
    const receptions = await Promise.all(Array.from({ length: 20 }, () => receive(tinyDataSet(UIDS))));
    expect(receptions.filter((reception) => reception.kind === 'stored')).toHaveLength(1);
    expect(receptions.filter((reception) => reception.kind === 'already-held')).toHaveLength(19);
    expect(await openWorklist(database).countStatus()).toMatchObject({ received: 1, pending: 1 });
  });

  it('refuses the same UID with other content, on record, and keeps the first', async () => {
    const first = tinyDataSet(UIDS);
    await receive(first);
    const second = await receive(tinyDataSet({ ...UIDS, pixelValue: 9 }));
    expect(second).toMatchObject({ kind: 'refused', error: { code: 'instance-conflict' } });
    const [row] = await openWorklist(database).listRefusals(10);
    expect(row).toMatchObject({
      code: 'instance-conflict',
      callingAeTitle: 'CLINIC',
      sopInstanceUid: UIDS.instance,
    });
    const path = await objects.readablePath(
      (await database.selectFrom('exams').select('object_key').executeTakeFirstOrThrow()).object_key,
    );
    expect((await readFile(path)).subarray(-first.length).equals(first)).toBe(true);
  });

  it('keeps the same SOP Instance UID in two series apart', async () => {
    await receive(tinyDataSet(UIDS));
    const other = await receive(tinyDataSet({ ...UIDS, series: '1.2.3.99', pixelValue: 9 }));
    expect(other.kind).toBe('stored');
    expect(await openWorklist(database).countStatus()).toMatchObject({ received: 2, refused: 0 });
  });

  it.each([
    [
      'a data set that is another instance',
      tinyDataSet({ ...UIDS, instance: '1.2.3.4.6' }),
      'sop-class-mismatch',
    ],
    ['a data set without identifiers', tinyDataSet({ ...UIDS, study: '' }), 'identifiers-missing'],
    ['a data set that does not name itself', tinyDataSet({ ...UIDS, instance: '' }), 'identifiers-missing'],
    ['nothing at all', Buffer.alloc(0), 'data-set-unreadable'],
  ])('refuses %s with a reason on record and holds nothing', async (_name, dataSet, code) => {
    const reception = await receive(dataSet);
    expect(reception).toMatchObject({ kind: 'refused', error: { code } });
    expect(await openWorklist(database).countStatus()).toMatchObject({ received: 0, refused: 1 });
    expect(received).toEqual([]);
  });

  it('remembers the latest hundred thousand refusals, however often a sender tries', async () => {
    await sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
      insert into refusals (at_ms, calling_ae_title, code, detail) select i, 'CLINIC', 'storage-full', '' from n`.execute(
      database,
    );
    for (const sopInstanceUid of ['1.2.8', '1.2.9']) {
      await receiver.refuse({ ...OFFER, sopInstanceUid }, new TriageError('storage-full', 'full'));
    }
    const kept = await database
      .selectFrom('refusals')
      .select(({ fn }) => [fn.countAll<number>().as('count'), fn.min('refusal_id').as('oldest')])
      .executeTakeFirstOrThrow();
    expect(kept).toEqual({ count: 100_000, oldest: 3 });
    expect((await openWorklist(database).listRefusals(1))[0]).toMatchObject({ sopInstanceUid: '1.2.9' });
  });

  it('forgets what came when the sender goes away', async () => {
    const reception = await receiver.begin(OFFER);
    await reception.write(tinyDataSet(UIDS).subarray(0, 50));
    await reception.abort();
    expect(await readdir(join(folder, 'scratch'))).toEqual([]);
    expect(await openWorklist(database).countStatus()).toMatchObject({ received: 0, refused: 0 });
  });
});
