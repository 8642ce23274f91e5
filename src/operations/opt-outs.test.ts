import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OBJECT_KINDS } from '../archive/archive.ts';
import { openDiskObjectStore } from '../archive/disk-object-store.ts';
import { systemClock } from '../clock.ts';
import { insertJobs } from '../database/job-records.ts';
import { findDueResults } from '../database/result-records.ts';
import { openDatabaseJobQueue } from '../queue/database-job-queue.ts';
import { silentLog } from '../telemetry.ts';
import { makeDataFolder, type TestDataFolder } from '../testing/data-folder.ts';
import { exampleReport } from '../testing/example-report.ts';
import { routineJob } from '../testing/record-fixtures.ts';
import { TriageRunner, type TriageRunnerParts } from '../triage-runner.ts';
import { mergePersons } from './identity.ts';
import { addOptOut, isOptedOut, listOptOuts, removeOptOut } from './opt-outs.ts';

const BY = { actor: 'operator', nowMs: 1_700_000_009_000 };
const { analysis } = exampleReport({});

let data: TestDataFolder;
beforeEach(async () => {
  data = await makeDataFolder();
});
afterEach(() => data.remove());

async function addWaiting(number: number, patientId: string, issuerOfPatientId = 'TEST'): Promise<string> {
  const { examId } = await data.addFilm(
    number,
    { state: 'pending', finished_at_ms: null },
    { patientId, issuerOfPatientId, sopInstanceUid: `1.2.3.1.${number}` },
  );
  await insertJobs(data.database, [routineJob(examId)], 0);
  return examId;
}

/** Runs the triage until nothing waits; a pool that is asked for a film notes it. */
async function triage(
  answer: TriageRunnerParts['pool']['analyse'],
): Promise<Readonly<Record<string, { state: string; reasons: string }>>> {
  const { database, folder } = data;
  const runner = new TriageRunner({
    database,
    objects: await openDiskObjectStore(join(folder, 'archive'), OBJECT_KINDS),
    queue: openDatabaseJobQueue(database, systemClock),
    pool: { capacity: () => 4, analyse: answer },
    clock: systemClock,
    log: silentLog,
    receiversOf: () => [{ name: 'pacs', objects: ['SR', 'SC', 'GSPS'] }],
    rulesOf: () => ({}),
    attemptsMax: 1,
    publish: () => undefined,
    onDeliveries: () => undefined,
  });
  runner.ring();
  const exams = () =>
    database.selectFrom('exams').select(['exam_id', 'state', 'reasons_json as reasons']).execute();
  await expect.poll(async () => (await exams()).some(({ state }) => state === 'pending')).toBe(false);
  await runner.close();
  return Object.fromEntries((await exams()).map(({ exam_id, ...exam }) => [exam_id, exam]));
}

describe('a film of somebody who has declined', () => {
  it('ends as not eligible without any worker, and has no report and no delivery', async () => {
    const waiting = [await addWaiting(1, 'DECLINED'), await addWaiting(2, 'DECLINED')];
    const other = await addWaiting(3, 'WILLING');
    expect(await addOptOut(data.database, { patientId: 'DECLINED', issuer: 'TEST' }, BY)).toBe(true);
    const seen: string[] = [];
    const exams = await triage((request) => {
      if (request.id !== other) throw new Error('a worker was given a film of somebody who has declined');
      seen.push(request.id);
      return Promise.resolve({ analysis, artefacts: null });
    });
    expect(seen).toEqual([other]);
    for (const examId of waiting) {
      expect(exams[examId]).toMatchObject({
        state: 'not-eligible',
        reasons: expect.stringContaining('"opted-out"') as unknown,
      });
    }
    expect(exams[other]).toMatchObject({ state: 'positive' });
    expect(await data.database.selectFrom('reports').selectAll().execute()).toEqual([]);
    expect(await data.database.selectFrom('deliveries').selectAll().execute()).toEqual([]);
    const due = await findDueResults(data.database, { siteIds: ['loopback'], sinceMs: 0, limit: 10 });
    expect(due.map(({ standing }) => standing.examId)).toEqual([other]);
    // The film itself is held as any other.
    expect((await data.listFiles()).filter((name) => name.startsWith('objects/'))).toHaveLength(3);
  });

  it('who declines while a worker has it ends the same way', async () => {
    const examId = await addWaiting(1, 'LATE');
    const exams = await triage(async () => {
      await addOptOut(data.database, { patientId: 'LATE', issuer: 'TEST' }, BY);
      return { analysis, artefacts: null };
    });
    expect(exams[examId]).toMatchObject({ state: 'not-eligible' });
    expect(await data.database.selectFrom('referrals').selectAll().execute()).toEqual([]);
  });
});

describe('the list', () => {
  it('without an issuer means that Patient ID whoever issued it', async () => {
    const exams = [
      await addWaiting(1, 'P-1', 'ONE'),
      await addWaiting(2, 'P-1', 'TWO'),
      await addWaiting(3, 'P-2'),
    ];
    await addOptOut(data.database, { patientId: ' P-1 ' }, BY);
    expect(await Promise.all(exams.map((examId) => isOptedOut(data.database, examId)))).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('holds for every identity that turned out to be the same person', async () => {
    const from = await addWaiting(1, 'FROM');
    const into = await addWaiting(2, 'INTO');
    await addOptOut(data.database, { patientId: 'FROM', issuer: 'TEST' }, BY);
    expect(await isOptedOut(data.database, into)).toBe(false);
    await mergePersons(data.database, { patientId: 'FROM' }, { patientId: 'INTO' }, BY);
    expect(await isOptedOut(data.database, from)).toBe(true);
    expect(await isOptedOut(data.database, into)).toBe(true);
  });

  it('notes each change once, by identifiers of ours, and can be withdrawn from', async () => {
    const { database } = data;
    await addWaiting(1, 'KNOWN');
    const known = { patientId: 'KNOWN', issuer: 'TEST' };
    expect(await addOptOut(database, known, BY)).toBe(true);
    expect(await addOptOut(database, known, BY)).toBe(false);
    expect(await addOptOut(database, { patientId: 'ELSEWHERE' }, { ...BY, nowMs: BY.nowMs + 1 })).toBe(true);
    expect(await listOptOuts(database)).toEqual([
      { issuer: 'TEST', patientId: 'KNOWN', notedAtMs: BY.nowMs, actor: 'operator' },
      { issuer: null, patientId: 'ELSEWHERE', notedAtMs: BY.nowMs + 1, actor: 'operator' },
    ]);
    expect(await removeOptOut(database, known, BY)).toBe(true);
    expect(await removeOptOut(database, known, BY)).toBe(false);
    const audit = await database.selectFrom('audit_trail').select(['action', 'subject']).execute();
    expect(audit.map(({ action }) => action)).toEqual(['opted out', 'opted out', 'opt-out withdrawn']);
    expect(JSON.stringify(audit)).not.toMatch(/KNOWN|ELSEWHERE/);
    await expect(async () => addOptOut(database, { patientId: ' ' }, BY)).rejects.toMatchObject({
      code: 'request-invalid',
    });
  });
});
