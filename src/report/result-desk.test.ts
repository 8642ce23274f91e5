import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OBJECT_KINDS, pictureObjectKey } from '../archive/archive.ts';
import { openDiskObjectStore } from '../archive/disk-object-store.ts';
import type { ObjectStore } from '../archive/object-store.ts';
import type { Database } from '../database/schema.ts';
import { reassessExam } from '../database/revision-records.ts';
import { noteSender } from '../database/sender-records.ts';
import { reasonOf } from '../decide/reason-texts.ts';
import { DEFAULT_REFERRAL_DAYS } from '../exam/referral-life.ts';
import { encodePng } from '../imaging/raster.ts';
import { NO_EXCHANGE } from '../exchange-settings.ts';
import type { SiteDirectory } from '../site-registry.ts';
import { parseSites, type SiteBook } from '../sites.ts';
import { silentLog } from '../telemetry.ts';
import { exampleReport } from '../testing/example-report.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { insertTestExam } from '../testing/record-fixtures.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { requireTool } from '../testing/services.ts';
import { ResultDesk } from './result-desk.ts';

const pdftotext = requireTool('pdftotext');

let folder: string;
let database: Kysely<Database>;
let objects: ObjectStore;
let clock: ManualClock;
let rung: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-desk-'));
  database = await openTestRecord();
  objects = await openDiskObjectStore(join(folder, 'archive'), OBJECT_KINDS);
  clock = new ManualClock();
  rung = 0;
});
afterEach(async () => {
  await database.destroy();
  await rm(folder, { recursive: true });
});

function directory(book: SiteBook | null): SiteDirectory {
  return {
    book: () => book,
    destinations: () => book?.destinations ?? [],
    destinationsOf: () => [],
    rulesOf: () => ({}),
    siteOfApiKey: () => undefined,
    exchange: () => NO_EXCHANGE,
    findSystem: () => undefined,
    referralDays: () => DEFAULT_REFERRAL_DAYS,
  };
}

const CLINICS = parseSites(
  JSON.stringify({
    sites: [
      { id: 'north', name: 'Norra kliniken Å Ä Ö', watchedFolder: { folder: '/in', outTray: '/out' } },
      { id: 'south', name: 'Södra', apiKeySha256: ['ab'.repeat(32)] },
      { id: 'hospital', name: 'Has a PACS' },
    ],
  }),
  'test',
);

function openDesk(book: SiteBook | null = CLINICS): ResultDesk {
  return new ResultDesk({
    database,
    objects,
    sites: directory(book),
    clock,
    log: silentLog,
    softwareVersion: '9.9.9',
    servesLoopback: false,
    onDeliveries: () => (rung += 1),
  });
}

async function endExam(
  number: number,
  siteId: string,
  change: Partial<{ state: 'positive' | 'not-eligible' | 'failed'; revision: number }> = {},
): Promise<string> {
  const examId = await insertTestExam(database, number);
  const { analysis } = exampleReport();
  const { state = 'positive', revision = 0 } = change;
  const isFinding = state === 'positive';
  const reasons = isFinding
    ? analysis.reasons
    : [reasonOf('age-below-minimum', { ageYears: 12, ageYearsMin: 50 })];
  await database
    .updateTable('exams')
    .set({
      site_id: siteId,
      state,
      revision,
      reasons_json: JSON.stringify(reasons),
      analysis_json: isFinding ? JSON.stringify(analysis) : null,
      finished_at_ms: clock.nowMs(),
    })
    .where('exam_id', '=', examId)
    .execute();
  return examId;
}

async function wordsOf(examId: string): Promise<string> {
  const { object_key: key } = await database
    .selectFrom('reports')
    .select('object_key')
    .where('exam_id', '=', examId)
    .where('kind', '=', 'PDF')
    .orderBy('revision', 'desc')
    .executeTakeFirstOrThrow();
  const path = join(folder, 'result.pdf');
  await writeFile(path, await objects.read(key));
  return execFileSync('pdftotext', ['-layout', '-enc', 'UTF-8', path, '-'], { encoding: 'utf8' });
}

describe('the desk of results', () => {
  it('makes one PDF for each result of clinics with a tray or a key, and a delivery for the tray', async () => {
    const inTray = await endExam(1, 'north');
    const polled = await endExam(2, 'south', { state: 'not-eligible' });
    await endExam(3, 'hospital');
    await insertTestExam(database, 4);
    const desk = openDesk();
    await desk.look();
    await desk.look();
    const made = await database.selectFrom('reports').select(['exam_id', 'kind', 'sop_uid']).execute();
    expect(made).toHaveLength(2);
    expect(new Set(made.map((row) => row.exam_id))).toEqual(new Set([inTray, polled]));
    expect(
      await database.selectFrom('deliveries').select(['exam_id', 'destination', 'kind']).execute(),
    ).toEqual([{ exam_id: inTray, destination: 'folder:north', kind: 'PDF' }]);
    expect(rung).toBe(1);
  });

  it('makes another one of a revision, and none of what ended long before', async () => {
    const examId = await endExam(1, 'north');
    const desk = openDesk();
    await desk.look();
    await database.updateTable('exams').set({ revision: 1 }).where('exam_id', '=', examId).execute();
    const old = await endExam(2, 'north');
    await database
      .updateTable('exams')
      .set({ finished_at_ms: clock.nowMs() - 40 * 86_400_000 })
      .where('exam_id', '=', old)
      .execute();
    await desk.look();
    const made = await database
      .selectFrom('reports')
      .select(['exam_id', 'revision'])
      .orderBy('revision')
      .execute();
    expect(made).toEqual([
      { exam_id: examId, revision: 0 },
      { exam_id: examId, revision: 1 },
    ]);
  });

  it('tells a clinic that sent a film after another site, also when it had ended, and again of a revision', async () => {
    const examId = await endExam(1, 'hospital');
    const waiting = await insertTestExam(database, 2);
    const desk = openDesk();
    await desk.look();
    expect(await database.selectFrom('reports').select('exam_id').execute()).toEqual([]);
    clock.advance(3 * 86_400_000);
    for (const noted of [examId, waiting]) {
      await noteSender(database, { examId: noted, siteId: 'north', nowMs: clock.nowMs() });
    }
    await desk.look();
    await desk.look();
    const told = () =>
      database
        .selectFrom('deliveries')
        .select(['exam_id', 'revision', 'destination', 'kind'])
        .orderBy('revision')
        .execute();
    const delivery = { exam_id: examId, revision: 0, destination: 'folder:north', kind: 'PDF' };
    expect(await told()).toEqual([delivery]);
    expect(rung).toBe(1);
    await reassessExam(database, examId, clock.nowMs(), 'test');
    await desk.look();
    expect(await told()).toHaveLength(1);
    await database
      .updateTable('exams')
      .set({ state: 'positive', finished_at_ms: clock.nowMs() })
      .where('exam_id', '=', examId)
      .execute();
    await desk.look();
    expect(await told()).toEqual([delivery, { ...delivery, revision: 1 }]);
  });

  it('tells a second clinic with a tray by the PDF that was made for the first', async () => {
    const examId = await endExam(1, 'south');
    const desk = openDesk();
    await desk.look();
    await noteSender(database, { examId, siteId: 'north', nowMs: clock.nowMs() });
    await desk.look();
    const made = await database.selectFrom('reports').select('exam_id').execute();
    expect(made).toEqual([{ exam_id: examId }]);
    expect(await database.selectFrom('deliveries').select('destination').execute()).toEqual([
      { destination: 'folder:north' },
    ]);
  });

  it('passes over a result whose picture is broken, makes the next, and tries again later', async () => {
    const broken = await endExam(1, 'north');
    const path = join(folder, 'broken.png');
    await writeFile(path, 'no picture');
    await objects.putFile(path, pictureObjectKey(broken, 'overlay'));
    const sound = await endExam(2, 'north');
    const desk = openDesk();
    await desk.look();
    expect(await database.selectFrom('reports').select('exam_id').execute()).toEqual([{ exam_id: sound }]);
    await writeFile(path, await encodePng(new Uint8Array(30), 5, 2, 3));
    await objects.putFile(path, pictureObjectKey(broken, 'overlay'));
    clock.advance(11 * 60_000);
    await desk.look();
    expect(await database.selectFrom('reports').select('exam_id').execute()).toHaveLength(2);
  });
});

describe.skipIf(!pdftotext.available)(
  `the words of the PDF${pdftotext.available ? '' : ` (${pdftotext.reason})`}`,
  () => {
    it('say person, finding, uncertainty, reasons and that it is no diagnosis, in Swedish and English', async () => {
      const examId = await endExam(1, 'north');
      const path = join(folder, 'overlay.png');
      await writeFile(path, await encodePng(new Uint8Array(300 * 100 * 3).fill(90), 300, 100, 3));
      await objects.putFile(path, pictureObjectKey(examId, 'overlay'));
      await openDesk().look();
      const words = await wordsOf(examId);
      for (const said of [
        'FORSKNINGSBRUK – INTE FÖR DIAGNOS',
        'RESEARCH USE – NOT FOR DIAGNOSIS',
        'Fynd som talar för fortsatt utredning',
        'Påhittad, Åsa',
        '1950-01-01',
        'Norra kliniken Å Ä Ö',
        '2,70 ± 0,20 mm',
        'under gränsen 0,22',
        'below the limit of 0.22',
        'osteotriage 9.9.9',
        'mandible-contour 1.0.0',
      ]) {
        expect(words).toContain(said);
      }
    });

    it('say why a film was not assessed', async () => {
      const examId = await endExam(1, 'south', { state: 'not-eligible' });
      await openDesk().look();
      const words = await wordsOf(examId);
      expect(words).toContain('Bilden ingår inte i bedömningen');
      expect(words).toContain('Patienten var 12 år vid undersökningen');
      expect(words).not.toContain('Mätvärden');
    });
  },
);
