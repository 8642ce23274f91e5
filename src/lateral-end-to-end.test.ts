import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServiceProcess, startServiceProcess } from '../scripts/demo/service-process.ts';
import { systemClock } from './clock.ts';
import { recordIn, withRecord } from './commands/open-record.ts';
import { readStatus } from './commands/status.ts';
import { DEFAULT_DIMSE_LIMITS } from './dimse/limits.ts';
import { sendFiles } from './dimse/send-files.ts';
import { worstVertebra } from './exam/worst-vertebra.ts';
import { PROJECT_FOLDER } from './project-folder.ts';
import { complaintsOf } from './testing/object-validation.ts';
import { requireTool } from './testing/services.ts';
import type { ReferralListAnswer } from './worklist/referral-views.ts';
import type { ExamView } from './worklist/worklist-views.ts';

const SEVERE_WEDGE = '28-spine-wedge-3.dcm';
const CALLED_CHEST = '36-spine-crush-2.dcm';
const dciodvfy = requireTool('dciodvfy');

let data: string;
let service: ServiceProcess;
let exams: Map<string, ExamView>;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'osteotriage-lateral-'));
  service = await startServiceProcess(data, { TRIAGE_WORKERS: '1' });
  exams = await sendAndRead([SEVERE_WEDGE, CALLED_CHEST]);
}, 120_000);
afterAll(async () => {
  await service.stop();
  await rm(data, { recursive: true, force: true });
});

/** What became of each file. */
async function sendAndRead(files: readonly string[]): Promise<Map<string, ExamView>> {
  const { host, port, aeTitle } = service.ready.dimse;
  const fileOf = new Map<string, string>();
  const results = sendFiles(
    files.map((file) => join(PROJECT_FOLDER, 'dicom-fixtures', file)),
    {
      peer: { host, port, calledAeTitle: aeTitle, callingAeTitle: 'TEST' },
      limits: DEFAULT_DIMSE_LIMITS,
      clock: systemClock,
      connectMsMax: 5000,
    },
  );
  for await (const result of results) {
    if ('error' in result || result.answer.status !== 0) throw new Error(`${result.path} was not taken`);
    fileOf.set(result.sopInstanceUid, result.path.split('/').at(-1) ?? '');
  }
  for (let tenth = 0; tenth < 600 && (await readStatus(recordIn(data))).pending > 0; tenth += 1)
    await delay(100);
  const { exams: rows } = (await ask('/api/exams')) as { exams: readonly { readonly examId: string }[] };
  const views = await Promise.all(
    rows.map(async ({ examId }) => ((await ask(`/api/exams/${examId}`)) as { exam: ExamView }).exam),
  );
  return new Map(views.map((exam) => [fileOf.get(exam.sopInstanceUid) ?? '', exam]));
}

async function ask(path: string): Promise<unknown> {
  return (await fetch(new URL(path, service.ready.http.url))).json();
}

function codesOf(exam: ExamView | undefined): string[] {
  return (exam?.reasons ?? []).map(({ code }) => code);
}

describe('a lateral film on its way through the service', () => {
  it('a severe wedge whose view only a code tells is a positive exam with its level and grade', () => {
    const exam = exams.get(SEVERE_WEDGE);
    expect(exam).toMatchObject({ state: 'positive', view: 'spine-lateral', reportsWritten: true });
    expect(codesOf(exam)).toContain('vertebra-wedge-severe');
    const worst = worstVertebra(exam!.analysis!.spine!);
    expect(worst).toMatchObject({ level: 'L1', deformity: 'wedge', genantGrade: 3 });
    // The truth is 52 %.
    expect(Math.abs(worst!.lossPercent!.wedge - 52)).toBeLessThan(7);
    expect(exam!.analysis!.models.map(({ name }) => name).sort()).toEqual([
      'film-view',
      'vertebra-finder',
      'vertebra-points',
    ]);
  });

  it('it is referred for treatment as well as for DXA, and each person once', async () => {
    const { rows: referrals } = (await ask('/api/referrals')) as ReferralListAnswer;
    expect(referrals).toHaveLength(2);
    for (const referral of referrals) expect(referral.assessments).toEqual(['treatment', 'dxa']);
    const own = referrals.find(({ examIds }) => examIds.includes(exams.get(SEVERE_WEDGE)!.examId));
    expect(own).toMatchObject({ kind: 'fracture', vertebra: { level: 'L1', genantGrade: 3 } });
  });

  it('it has a structured report, a picture and a presentation state, and the report speaks of the vertebra', async () => {
    const { examId } = exams.get(SEVERE_WEDGE)!;
    const reports = await withRecord(recordIn(data), (database) =>
      database.selectFrom('reports').selectAll().where('exam_id', '=', examId).execute(),
    );
    expect(reports.map(({ kind }) => kind).sort()).toEqual(['GSPS', 'SC', 'SR']);
    const report = reports.find(({ kind }) => kind === 'SR')!;
    const path = join(data, 'archive', report.object_key);
    expect(await readFile(path, 'latin1')).toContain('L1 is wedged');
    if (dciodvfy.available) expect(complaintsOf(dciodvfy.path, path)).toEqual([]);
  });

  it('a spine that its header calls a chest is read as a spine, and the contradiction is said in words', () => {
    const exam = exams.get(CALLED_CHEST);
    expect(exam).toMatchObject({ state: 'positive', view: 'spine-lateral' });
    const reason = exam!.reasons.find(({ code }) => code === 'view-contradicts-header');
    expect(reason?.text).toMatch(/header says a lateral chest.*picture clearly shows a lateral spine/);
  });
});
