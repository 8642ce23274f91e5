import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from './clock.ts';
import { reassess } from './commands/deliveries.ts';
import { recordIn, withRecord } from './commands/open-record.ts';
import { readStatus } from './commands/status.ts';
import { PROJECT_FOLDER } from './project-folder.ts';
import { DEFAULT_DIMSE_LIMITS } from './dimse/limits.ts';
import { sendFiles } from './dimse/send-files.ts';
import { freePort } from './testing/free-port.ts';
import { complaintsOf } from './testing/object-validation.ts';
import { requireTool } from './testing/services.ts';
import { type ServiceProcess, startServiceProcess } from '../scripts/demo/service-process.ts';

const FIXTURES = join(PROJECT_FOLDER, 'dicom-fixtures');
const storescu = requireTool('storescu');
const storescp = requireTool('storescp');
const dciodvfy = requireTool('dciodvfy');

let folder: string;
let service: ServiceProcess;
let pacs: ChildProcess | undefined;
let pacsPort = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-end-to-end-'));
  await mkdir(join(folder, 'data'));
  await mkdir(join(folder, 'pacs'));
  pacsPort = await freePort();
  const pacsSettings = `PACS@127.0.0.1:${pacsPort},DOWN@127.0.0.1:${await freePort()}`;
  service = await startServiceProcess(join(folder, 'data'), {
    TRIAGE_WORKERS: '1',
    TRIAGE_PACS: storescp.available ? pacsSettings : '',
    TRIAGE_LOG_LEVEL: 'info',
  });
});
afterAll(async () => {
  await service.stop();
  pacs?.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

async function send(...names: string[]): Promise<number[]> {
  const { host, port, aeTitle } = service.ready.dimse;
  const statuses: number[] = [];
  const results = sendFiles(
    names.map((name) => join(FIXTURES, name)),
    {
      peer: { host, port, calledAeTitle: aeTitle, callingAeTitle: 'TEST' },
      limits: DEFAULT_DIMSE_LIMITS,
      clock: systemClock,
      connectMsMax: 5000,
    },
  );
  for await (const result of results) statuses.push('error' in result ? -1 : result.answer.status);
  return statuses;
}

async function until(condition: () => Promise<boolean>, seconds: number): Promise<void> {
  for (let tenth = 0; tenth < seconds * 10; tenth += 1) {
    if (await condition()) return;
    await delay(100);
  }
  throw new Error(`not within ${seconds} s`);
}

const status = () => readStatus(recordIn(join(folder, 'data')));

describe('a film on its way through the service', { timeout: 120_000 }, () => {
  it('two thin films of one person become one referral with pictures and reports', async () => {
    expect(await send('02-thin-cortex.dcm', '03-thin-cortex-again.dcm')).toEqual([0, 0]);
    await until(async () => (await status()).pending === 0, 60);
    expect(await status()).toMatchObject({ received: 2, positive: 2, referrals: 1, reportsWritten: 2 });
    expect((await fetch(new URL('/readyz', service.ready.http.url))).status).toBe(200);
    const metrics = await (await fetch(new URL('/metrics', service.ready.http.url))).text();
    expect(metrics).toMatch(/osteotriage_instances_total\{door="dimse",result="stored"\} [1-9]/);
    expect(metrics).toMatch(/osteotriage_films_total\{outcome="positive"\} [1-9]/);
    expect(metrics).toMatch(/osteotriage_queue_jobs\{state="waiting"\} 0/);
    expect(metrics).toMatch(/osteotriage_workers_live [1-9]/);
    const { rows: referrals } = (await (
      await fetch(new URL('/api/referrals', service.ready.http.url))
    ).json()) as {
      rows: { examIds: string[]; meanWidthMm: number }[];
    };
    expect(referrals).toHaveLength(1);
    expect(referrals[0]!.examIds).toHaveLength(2);
    expect(referrals[0]!.meanWidthMm).toBeLessThan(3);
    const overlay = await fetch(
      new URL(`/api/exams/${referrals[0]!.examIds[0]!}/overlay.png`, service.ready.http.url),
    );
    expect(overlay.headers.get('content-type')).toBe('image/png');
  });

  it('the same film again is a success and changes nothing', async () => {
    const before = await status();
    expect(await send('02-thin-cortex.dcm')).toEqual([0]);
    expect(await status()).toEqual(before);
  });

  it('a broken data set is refused on record, and one with broken pixels is held with its reason', async () => {
    const [refused, held] = await send('broken-study-uid-climbs.dcm', 'broken-jpeg-cut-off.dcm');
    expect(refused).toBe(0xc001);
    expect(held).toBe(0);
    await until(async () => (await status()).pending === 0, 30);
    expect(await status()).toMatchObject({ refused: 1, notAssessable: 1 });
  });

  it.skipIf(!storescu.available)(
    `storescu is answered Success${storescu.available ? '' : ` (${storescu.reason})`}`,
    async () => {
      const { port, aeTitle } = service.ready.dimse;
      const file = join(FIXTURES, '14-implicit-vr.dcm');
      const sent = spawnSync('storescu', ['-aec', aeTitle, '127.0.0.1', String(port), file]);
      expect(sent.status, sent.stderr.toString()).toBe(0);
      await until(async () => (await status()).negative === 1, 60);
    },
  );

  it.skipIf(!storescp.available)(
    `reports wait for a PACS that is down and reach it when it is up${storescp.available ? '' : ` (${storescp.reason})`}`,
    async () => {
      expect((await status()).deliveriesPending).toBeGreaterThan(0);
      pacs = spawn('storescp', ['-aet', 'PACS', '-od', join(folder, 'pacs'), String(pacsPort)], {
        stdio: 'ignore',
      });
      const arrived = async () => (await readdir(join(folder, 'pacs'))).length;
      await until(async () => (await arrived()) >= 4, 90);
      // The other PACS stays down: its deliveries wait, and delayed nobody.
      expect((await status()).deliveriesPending).toBeGreaterThanOrEqual(4);
    },
  );

  it('a film that is assessed anew has a second revision, whose report names the first', async () => {
    const data = join(folder, 'data');
    const [{ examId }] = await (
      await fetch(new URL('/api/exams?state=positive&limit=1', service.ready.http.url))
    )
      .json()
      .then((answer) => (answer as { exams: [{ examId: string }] }).exams);
    expect(await reassess(recordIn(data), examId)).toEqual([{ examId, revision: 1 }]);
    await until(async () => (await status()).pending === 0, 60);
    const reports = await withRecord(recordIn(data), (database) =>
      database.selectFrom('reports').selectAll().where('exam_id', '=', examId).execute(),
    );
    expect(reports.map(({ kind, revision }) => `${kind} ${revision}`).sort()).toEqual([
      'GSPS 0',
      'GSPS 1',
      'SC 0',
      'SC 1',
      'SR 0',
      'SR 1',
    ]);
    expect(new Set(reports.map(({ sop_uid }) => sop_uid)).size).toBe(6);
    const [first, second] = [0, 1].map((at) =>
      reports.find((row) => row.kind === 'SR' && row.revision === at)!,
    );
    const bytes = await readFile(join(data, 'archive', second!.object_key), 'latin1');
    expect(bytes).toContain(first!.sop_uid);
    expect(bytes).toContain(first!.series_uid);
    // One person, one report, one referral: nothing is told twice.
    expect(await status()).toMatchObject({ positive: 2, referrals: 1, reportsWritten: 3 });
  });

  it.skipIf(!dciodvfy.available || !storescp.available)(
    'dciodvfy finds no error and nothing unexplained in what the PACS got',
    async () => {
      const files = await readdir(join(folder, 'pacs'));
      expect(files.length).toBeGreaterThanOrEqual(4);
      const { path } = dciodvfy as { path: string };
      for (const file of files) expect(complaintsOf(path, join(folder, 'pacs', file)), file).toEqual([]);
    },
  );

  it('the log names no patient', async () => {
    const log = await readFile(join(folder, 'data', 'service.log'), 'utf8');
    const { exams } = (await (await fetch(new URL('/api/exams', service.ready.http.url))).json()) as {
      exams: { person: { name: string; patientId: string } }[];
    };
    expect(exams.length).toBeGreaterThan(2);
    for (const { person } of exams) {
      expect(person.name.length).toBeGreaterThan(3);
      for (const part of person.name.split(', ')) expect(log).not.toContain(part);
      expect(log).not.toContain(person.patientId);
    }
  });

  it('SIGTERM ends it cleanly within ten seconds, with a page listening', async () => {
    const events = await fetch(new URL('/api/events', service.ready.http.url));
    const startedAt = Date.now();
    expect(await service.stop()).toBe(0);
    expect(Date.now() - startedAt).toBeLessThan(10_000);
    await events.body?.cancel().catch(() => undefined);
  });
});
