import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import type { Database } from '../database/schema.ts';
import { openSqlite } from '../database/sqlite.ts';
import { readHeaderFromFile } from '../dicom/read-header.ts';
import { DEFAULT_DIMSE_LIMITS } from '../dimse/limits.ts';
import { sendFiles } from '../dimse/send-files.ts';
import { PROJECT_FOLDER } from '../project-folder.ts';
import { recordIn } from './open-record.ts';
import { readStatus } from './status.ts';
import { type ServiceProcess, startServiceProcess } from '../../scripts/demo/service-process.ts';

const MAIN = join(PROJECT_FOLDER, 'src', 'main.ts');
/** Patient IDs of two of the fixtures. */
const WRONG = 'FANTOM-0001';
const DECLINED = 'FANTOM-0011';
const WAIT = { timeout: 60_000, interval: 100 };

let folder: string;
let dataFolder: string;

const statusOf = (data: string) => readStatus(recordIn(data));
let service: ServiceProcess;
let database: Kysely<Database>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-operations-'));
  dataFolder = join(folder, 'data');
  await mkdir(dataFolder);
  service = await startServiceProcess(dataFolder, { TRIAGE_WORKERS: '1' });
  database = openSqlite(join(dataFolder, 'osteotriage.sqlite'));
});
afterAll(async () => {
  await database.destroy();
  await service.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a command beside the service; answers what it printed. */
async function run(...words: string[]): Promise<string> {
  const env = { ...process.env, TRIAGE_RETENTION_DAYS: '30' };
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...words], { env });
  return stdout;
}

async function send(name: string): Promise<number | undefined> {
  const { host, port, aeTitle } = service.ready.dimse;
  const results = sendFiles([join(PROJECT_FOLDER, 'dicom-fixtures', name)], {
    peer: { host, port, calledAeTitle: aeTitle, callingAeTitle: 'TEST' },
    limits: DEFAULT_DIMSE_LIMITS,
    clock: systemClock,
    connectMsMax: 5000,
  });
  for await (const result of results) return 'error' in result ? undefined : result.answer.status;
  return undefined;
}

async function triaged(): Promise<void> {
  await expect.poll(async () => (await statusOf(dataFolder)).pending, WAIT).toBe(0);
}

function examOf(patientId: string) {
  return database
    .selectFrom('exams')
    .innerJoin('persons', 'persons.person_id', 'exams.person_id')
    .selectAll('exams')
    .where('persons.patient_id', '=', patientId)
    .executeTakeFirstOrThrow();
}

describe('commands beside a service that runs', { timeout: 120_000 }, () => {
  it('opt-out: the film is held, and neither read nor shown nor reported', async () => {
    expect(await run('opt-out', 'add', '--id', DECLINED, '--data', dataFolder)).toBe('done\n');
    expect(await send('12-rle.dcm')).toBe(0);
    await triaged();
    const exam = await examOf(DECLINED);
    expect(exam).toMatchObject({ state: 'not-eligible', object_removed_at_ms: null });
    expect(exam.reasons_json).toContain('opted-out');
    const picture = await fetch(new URL(`/api/exams/${exam.exam_id}/preview.png`, service.ready.http.url));
    expect(picture.status).toBe(404);
    expect((await statusOf(dataFolder)).reportsWritten).toBe(0);
  });

  it('patient correct: the result is reported anew under the right identity', async () => {
    expect(await send('02-thin-cortex.dcm')).toBe(0);
    await triaged();
    const words = ['--id', WRONG, '--to-id', 'RIGHT-1', '--name', 'Rättad^Åsa', '--json'];
    const report = JSON.parse(await run('patient', 'correct', ...words, '--data', dataFolder)) as unknown;
    expect(report).toMatchObject({ schema: 'osteotriage.identity/1', examsMoved: 1, examsRevised: 1 });
    expect(JSON.stringify(report)).not.toMatch(/RIGHT-1|Rättad/);
    await triaged();
    const exam = await examOf('RIGHT-1');
    expect(exam).toMatchObject({ state: 'positive', revision: 1 });
    const reports = await database
      .selectFrom('reports')
      .selectAll()
      .where('exam_id', '=', exam.exam_id)
      .where('kind', '=', 'SR')
      .orderBy('revision')
      .execute();
    const headers = await Promise.all(
      reports.map(({ object_key: key }) => readHeaderFromFile(join(dataFolder, 'archive', key))),
    );
    expect(headers).toMatchObject([
      { patientId: WRONG },
      { patientId: 'RIGHT-1', patientName: 'Rättad^Åsa', studyInstanceUid: exam.study_uid },
    ]);
    // One referral as before, of the person whose it turned out to be.
    const referrals = await database.selectFrom('referrals').selectAll().execute();
    expect(referrals).toMatchObject([{ state: 'flagged', person_id: exam.person_id }]);
  });

  it('backup and restore: a new data folder with the same record, checked', async () => {
    const before = await statusOf(dataFolder);
    const report = JSON.parse(
      await run('backup', join(folder, 'backup'), '--data', dataFolder, '--json'),
    ) as unknown;
    expect(report).toMatchObject({ manifest: { missing: [], rows: { exams: 2, referrals: 1 } } });
    expect(await run('restore', join(folder, 'backup'), '--data', join(folder, 'new'))).toContain('2 exams');
    expect(await statusOf(join(folder, 'new'))).toEqual(before);
  });

  it('retention: an old film goes, and sent again it is held again and not read again', async () => {
    const exam = await examOf(DECLINED);
    await database
      .updateTable('exams')
      .set({ received_at_ms: systemClock.nowMs() - 31 * 86_400_000 })
      .where('exam_id', '=', exam.exam_id)
      .execute();
    const preview = await run('retention', '--data', dataFolder, '--json');
    expect(JSON.parse(preview)).toMatchObject({ applied: false, removals: [{ examId: exam.exam_id }] });
    expect(preview).not.toContain(DECLINED);
    expect(await run('retention', '--apply', '--data', dataFolder)).toContain('1 films were removed');
    await expect(readHeaderFromFile(join(dataFolder, 'archive', exam.object_key))).rejects.toThrow();
    const before = await statusOf(dataFolder);
    expect(await send('12-rle.dcm')).toBe(0);
    expect(await statusOf(dataFolder)).toEqual(before);
    const again = await examOf(DECLINED);
    expect(again.object_removed_at_ms).toBeNull();
    const { sopInstanceUid } = await readHeaderFromFile(join(dataFolder, 'archive', again.object_key));
    expect(sopInstanceUid).toBe(again.sop_uid);
  });
});
