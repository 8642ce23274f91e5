import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_REFERRAL_DAYS } from '../exam/referral-life.ts';
import { NO_EXCHANGE } from '../exchange-settings.ts';
import { OBJECT_KINDS, reportObjectKey } from '../archive/archive.ts';
import { openDiskObjectStore } from '../archive/disk-object-store.ts';
import type { ObjectStore } from '../archive/object-store.ts';
import { findStanding } from '../database/dicomweb-records.ts';
import { recordResultPdf } from '../database/result-records.ts';
import type { Database } from '../database/schema.ts';
import { parseSites, type SiteBook } from '../sites.ts';
import { silentLog } from '../telemetry.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { insertTestExam } from '../testing/record-fixtures.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { OutTrayRunner } from './out-tray-runner.ts';
import { receiversOf } from './report-receivers.ts';

let folder: string;
let database: Kysely<Database>;
let objects: ObjectStore;
let clock: ManualClock;
let book: SiteBook;
let runner: OutTrayRunner;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-trays-'));
  database = await openTestRecord();
  objects = await openDiskObjectStore(join(folder, 'archive'), OBJECT_KINDS);
  clock = new ManualClock();
  book = parseSites(
    JSON.stringify({
      sites: ['gone', 'there'].map((id) => ({
        ...{ id, name: id, watchedFolder: { folder: `/in/${id}`, outTray: join(folder, id) } },
      })),
    }),
    'test',
  );
  await mkdir(join(folder, 'there'));
  runner = new OutTrayRunner({
    ...{ database, objects, clock, log: silentLog, sites: directory(), giveUpAfterMs: 7 * 86_400_000 },
  });
});
afterEach(async () => {
  await runner.close();
  await database.destroy();
  await rm(folder, { recursive: true });
});

function directory() {
  return {
    book: () => book,
    destinations: () => [],
    destinationsOf: () => [],
    rulesOf: () => ({}),
    siteOfApiKey: () => undefined,
    exchange: () => NO_EXCHANGE,
    findSystem: () => undefined,
    referralDays: () => DEFAULT_REFERRAL_DAYS,
  };
}

async function deliver(number: number, siteId: string): Promise<void> {
  const examId = await insertTestExam(database, number);
  await database
    .updateTable('exams')
    .set({ site_id: siteId, state: 'negative', finished_at_ms: clock.nowMs() })
    .where('exam_id', '=', examId)
    .execute();
  const standing = (await findStanding(database, examId))!;
  const objectKey = reportObjectKey(examId, 0, 'PDF');
  const path = join(folder, 'scratch.pdf');
  await writeFile(path, '%PDF');
  await objects.putFile(path, objectKey);
  const receivers = receiversOf(directory(), siteId);
  await recordResultPdf(database, { standing, objectKey, objectBytes: 4, receivers, nowMs: clock.nowMs() });
}

const states = () =>
  database.selectFrom('deliveries').select(['destination', 'state']).orderBy('destination').execute();

describe('deliveries to out-trays', () => {
  it('go to the tray that is there while another is gone, and to that one when it is back', async () => {
    await deliver(1, 'gone');
    await deliver(2, 'there');
    runner.ring();
    await expect.poll(states).toEqual([
      { destination: 'folder:gone', state: 'pending' },
      { destination: 'folder:there', state: 'delivered' },
    ]);
    expect((await readdir(join(folder, 'there'))).sort()).toEqual(['1.2.3.1.2.json', '1.2.3.1.2.pdf']);
    const json = JSON.parse(await readFile(join(folder, 'there', '1.2.3.1.2.json'), 'utf8')) as object;
    expect(json).toMatchObject({ schema: 'osteotriage.result/1', state: 'negative', pdf: '1.2.3.1.2.pdf' });
    await mkdir(join(folder, 'gone'));
    await expect
      .poll(async () => {
        clock.advance(60_000);
        return (await states())[0]?.state;
      })
      .toBe('delivered');
    expect(await readdir(join(folder, 'gone'))).toHaveLength(2);
  });

  it('for a tray that is no longer configured are set aside where a person sees them', async () => {
    await deliver(1, 'gone');
    book = { ...book, sites: book.sites.filter(({ id }) => id !== 'gone') };
    await runner.retireUnknown();
    expect(await states()).toEqual([{ destination: 'folder:gone', state: 'dead' }]);
  });
});
