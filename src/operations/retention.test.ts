import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeFromDisk } from '../archive/disk-object-store.ts';
import { silentLog } from '../telemetry.ts';
import { makeDataFolder, type TestDataFolder } from '../testing/data-folder.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { applyRetention, previewRetention, type RetentionPlace, startRetention } from './retention.ts';
import type { RetentionRules } from './retention-policy.ts';
import { markRemoved } from './retention-records.ts';
import { holdUpkeep } from './upkeep-lock.ts';

const DAY_MS = 86_400_000;
const START_MS = 1_700_000_000_000;
const MONTH: RetentionRules = { keepDays: 30, diskPercentMax: 0 };

let data: TestDataFolder;
let clock: ManualClock;
beforeEach(async () => {
  data = await makeDataFolder();
  clock = new ManualClock(START_MS + 30 * DAY_MS + 50);
});
afterEach(() => data.remove());

function place(rules: RetentionRules = MONTH): RetentionPlace {
  const objects = {
    remove: (keys: readonly string[]) => removeFromDisk(join(data.folder, 'archive'), keys),
  };
  return { database: data.database, objects, dataFolder: data.folder, rules, clock, diskBytes: 1_000 };
}

async function removedAtMs(examId: string): Promise<number | null> {
  const row = await data.database
    .selectFrom('exams')
    .select('object_removed_at_ms as atMs')
    .where('exam_id', '=', examId)
    .executeTakeFirstOrThrow();
  return row.atMs;
}

describe('retention by age', () => {
  it('lists what would go and touches nothing', async () => {
    const { examId, objectPath } = await data.addFilm(1);
    await data.addFilm(100);
    const files = await data.listFiles();
    const report = await previewRetention(place());
    expect(report).toMatchObject({
      schema: 'osteotriage.retention/1',
      applied: false,
      removals: [{ examId, rule: 'age', bytes: 10 }],
      freedBytes: 10,
    });
    expect(JSON.stringify(report)).not.toMatch(/T-1|Påhittad|1\.2\.3/);
    expect(await data.listFiles()).toEqual(files);
    expect(existsSync(objectPath)).toBe(true);
    expect(await removedAtMs(examId)).toBeNull();
  });

  it('removes film and pictures, and keeps the row, its result, its reports and the younger film', async () => {
    const old = await data.addFilm(1, { state: 'negative' });
    const report = await data.addReport(old.examId, { pacs: 'delivered' });
    const young = await data.addFilm(100);
    expect(await applyRetention(place())).toMatchObject({
      applied: true,
      removals: [{ examId: old.examId }],
    });
    expect(existsSync(old.objectPath)).toBe(false);
    expect(existsSync(young.objectPath)).toBe(true);
    expect(existsSync(report)).toBe(true);
    // Left are the report, and the young film with its two pictures.
    expect(await data.listFiles()).toHaveLength(4);
    expect(await removedAtMs(old.examId)).toBe(clock.nowMs());
    expect(await removedAtMs(young.examId)).toBeNull();
    const audit = await data.database.selectFrom('audit_trail').selectAll().execute();
    expect(audit).toMatchObject([{ actor: 'retention', action: 'film removed by age', subject: old.examId }]);
    expect((await applyRetention(place())).removals).toEqual([]);
  });

  it('keeps what is not finished, not delivered, given up, not committed, referred or asked for', async () => {
    const { database } = data;
    const pending = await data.addFilm(1, { state: 'pending' });
    const failed = await data.addFilm(2, { state: 'failed' });
    const waiting = await data.addFilm(3);
    await data.addReport(waiting.examId, { one: 'delivered', two: 'pending' });
    const dead = await data.addFilm(4);
    await data.addReport(dead.examId, { one: 'dead' });
    const uncommitted = await data.addFilm(5);
    await data.addReport(uncommitted.examId, { one: 'delivered' });
    await database
      .updateTable('deliveries')
      .set({ commitment: 'asked' })
      .where('exam_id', '=', uncommitted.examId)
      .execute();
    const referred = await data.addFilm(6, { state: 'positive' });
    const { person_id: personId } = await database
      .selectFrom('exams')
      .select('person_id')
      .where('exam_id', '=', referred.examId)
      .executeTakeFirstOrThrow();
    await database
      .insertInto('referrals')
      .values({
        referral_id: 'r',
        person_id: personId,
        state: 'dxa-booked',
        policy_version: 'p',
        created_at_ms: 0,
        updated_at_ms: 0,
      })
      .execute();
    await database
      .insertInto('referral_exams')
      .values({ referral_id: 'r', exam_id: referred.examId, asks_treatment: 0, asks_frax: 1 })
      .execute();
    const asked = await data.addFilm(7);
    await database
      .insertInto('commitment_requests')
      .values({
        request_id: 'q',
        transaction_uid: '1.9',
        calling_ae_title: 'A',
        called_ae_title: 'B',
        site_id: 's',
        references_json: JSON.stringify([['1.2.840.10008.5.1.4.1.1.1.1', '1.2.3.1.7']]),
        state: 'pending',
        attempts: 0,
        due_at_ms: 0,
        asked_at_ms: 0,
        note: null,
      })
      .execute();
    const everything = { keepDays: 30, diskPercentMax: 1 };
    const report = await applyRetention({ ...place(everything), diskBytes: 10 });
    expect(report.removals).toEqual([]);
    expect(report.held).toEqual({
      'not-finished': 1,
      failed: 1,
      'not-delivered': 2,
      'not-committed': 1,
      'referral-open': 1,
      'commitment-asked': 1,
    });
    for (const film of [pending, failed, waiting, dead, uncommitted, referred, asked]) {
      expect(existsSync(film.objectPath)).toBe(true);
      expect(await removedAtMs(film.examId)).toBeNull();
    }
    // What held them has ended, and they go.
    await database.updateTable('referrals').set({ state: 'closed' }).execute();
    await database.updateTable('commitment_requests').set({ state: 'reported' }).execute();
    await database.updateTable('deliveries').set({ state: 'delivered', commitment: 'committed' }).execute();
    expect((await applyRetention(place())).removals).toHaveLength(5);
  });
});

describe('retention by the share of the disk', () => {
  it('removes the oldest until films take no more than their share', async () => {
    const films = [];
    for (let number = 1; number <= 10; number += 1) films.push(await data.addFilm(number));
    // Ten films of 10 bytes on a disk of 1,000; they may take 70.
    const { removals } = await applyRetention(place({ keepDays: 0, diskPercentMax: 7 }));
    expect(removals.map(({ examId, rule }) => [examId, rule])).toEqual(
      films.slice(0, 3).map(({ examId }) => [examId, 'disk']),
    );
    expect(films.map(({ objectPath }) => existsSync(objectPath))).toEqual(
      films.map((_, index) => index >= 3),
    );
    expect((await applyRetention(place({ keepDays: 0, diskPercentMax: 7 }))).removals).toEqual([]);
  });
});

describe('a crash between the row and the object', () => {
  it('leaves a row that says removed, and the object goes with the next run', async () => {
    const films = [await data.addFilm(1), await data.addFilm(2)];
    const { removals } = await previewRetention(place());
    await markRemoved(data.database, removals, clock.nowMs());
    expect(existsSync(films[0]!.objectPath)).toBe(true);
    // The clock was set back meanwhile, and retention was turned off.
    clock = new ManualClock(START_MS);
    await applyRetention(place({ keepDays: 0, diskPercentMax: 0 }));
    expect(films.map(({ objectPath }) => existsSync(objectPath))).toEqual([false, false]);
    expect(await data.listFiles()).toEqual([]);
  });

  it('does not remove what has become needed since the plan was made', async () => {
    const { examId } = await data.addFilm(1);
    const { removals } = await previewRetention(place());
    await data.database.updateTable('exams').set({ state: 'pending' }).execute();
    expect(await markRemoved(data.database, removals, clock.nowMs())).toEqual([]);
    expect(await removedAtMs(examId)).toBeNull();
  });

  it('finds the last batch although the clock was set back between batches', async () => {
    const first = await data.addFilm(1);
    await applyRetention(place());
    const second = await data.addFilm(2);
    await markRemoved(data.database, (await previewRetention(place())).removals, START_MS - DAY_MS);
    expect((await removedAtMs(second.examId))!).toBeGreaterThan((await removedAtMs(first.examId))!);
    await applyRetention(place());
    expect(existsSync(second.objectPath)).toBe(false);
  });
});

describe('retention beside other work', () => {
  it('waits for a backup to end', async () => {
    await data.addFilm(1);
    const release = holdUpkeep(data.folder);
    await expect(applyRetention(place())).rejects.toMatchObject({ code: 'state-conflict' });
    release();
    expect((await applyRetention(place())).removals).toHaveLength(1);
  });

  it('runs in the service once a day, and again within the hour after a run that failed', async () => {
    const { objectPath } = await data.addFilm(1);
    const runs: string[] = [];
    const note = (_: unknown, message: string): void => void runs.push(message);
    const retention = startRetention({ ...place(), log: { ...silentLog, info: note, error: note } });
    const release = holdUpkeep(data.folder);
    clock.advance(600_000);
    await expect.poll(() => runs.length).toBe(1);
    expect(existsSync(objectPath)).toBe(true);
    release();
    // Within the hour: a backup that is made at that time of every day must not keep it from running for ever.
    clock.advance(3_600_000);
    await expect.poll(() => runs.length).toBe(2);
    expect(existsSync(objectPath)).toBe(false);
    await retention.stop();
    await writeFile(objectPath, 'as if a day had passed');
    clock.advance(DAY_MS);
    expect(runs).toHaveLength(2);
  });
});
