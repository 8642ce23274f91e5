import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OBJECT_KINDS } from './archive/archive.ts';
import { openDiskObjectStore } from './archive/disk-object-store.ts';
import { systemClock } from './clock.ts';
import { insertJobs } from './database/job-records.ts';
import { reassessExam } from './database/revision-records.ts';
import type { Database } from './database/schema.ts';
import { TriageError } from './errors.ts';
import { InstanceReceiver } from './intake/receive-instance.ts';
import { openDatabaseJobQueue } from './queue/database-job-queue.ts';
import { silentLog } from './telemetry.ts';
import { insertTestExam, routineJob } from './testing/record-fixtures.ts';
import { exampleReport } from './testing/example-report.ts';
import { openTestRecord } from './testing/test-record.ts';
import { tinyDataSet } from './testing/tiny-data-set.ts';
import { TriageRunner } from './triage-runner.ts';
import { openWorklist } from './worklist/worklist.ts';
import type { AnalysisReply, AnalysisRequest } from '../workers/messages.ts';

const { analysis } = exampleReport({});

/** A pool that holds so many films and refuses more, as the real one does. */
class ScriptedPool {
  refused = 0;
  readonly seen: string[] = [];
  readonly #room: number;
  readonly #answer: (request: AnalysisRequest, time: number) => AnalysisReply;
  #held = 0;

  constructor(room: number, answer: (request: AnalysisRequest, time: number) => AnalysisReply) {
    this.#room = room;
    this.#answer = answer;
  }

  capacity(): number {
    return this.#room - this.#held;
  }

  async analyse(request: AnalysisRequest): Promise<AnalysisReply> {
    if (this.capacity() === 0) {
      this.refused += 1;
      throw new TriageError('unexpected', 'more films than the pool takes');
    }
    this.#held += 1;
    this.seen.push(request.id);
    await systemClock.sleep(2);
    this.#held -= 1;
    return this.#answer(request, this.seen.filter((id) => id === request.id).length);
  }
}

/** A pool whose film ended a worker of another machine, or before a restart, and ends one here too. */
class DoomedPool extends ScriptedPool {
  override async analyse(request: AnalysisRequest): Promise<AnalysisReply> {
    await database.updateTable('jobs').set({ deaths: 1 }).where('exam_id', '=', request.id).execute();
    return super.analyse(request);
  }
}

/** A pool whose first film is put back while it is being read, and ends after the second reading of it. */
class OvertakenPool extends ScriptedPool {
  override async analyse(request: AnalysisRequest): Promise<AnalysisReply> {
    const reply = await super.analyse(request);
    const time = this.seen.length;
    if (time === 1) {
      await reassessExam(database, request.id, systemClock.nowMs());
      while ((await openWorklist(database).countStatus()).pending > 0) await systemClock.sleep(5);
    }
    const path = join(request.scratchFolder ?? '', 'sr.dcm');
    await writeFile(path, `reading ${time}`);
    const structuredReport = {
      ...{ path, sopClassUid: '1.2.840.10008.5.1.4.1.1.88.34' },
      ...{ studyInstanceUid: '1.2.6', seriesInstanceUid: '1.2.7', sopInstanceUid: '1.2.8' },
    };
    const none = { overlayPath: null, previewPath: null, secondaryCapture: null, presentationState: null };
    return { ...reply, artefacts: { ...none, structuredReport } };
  }
}

let folder: string;
let database: Kysely<Database>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-runner-'));
  database = await openTestRecord();
});
afterEach(async () => {
  await database.destroy();
  await rm(folder, { recursive: true, force: true });
});

async function triage(
  films: number,
  pool: ScriptedPool,
  persons = 3,
): Promise<Awaited<ReturnType<ReturnType<typeof openWorklist>['countStatus']>>> {
  const objects = await openDiskObjectStore(folder, OBJECT_KINDS);
  const parts = { database, objects, clock: systemClock, log: silentLog };
  const runner = new TriageRunner({
    ...parts,
    queue: openDatabaseJobQueue(database, systemClock),
    pool,
    receiversOf: () => [{ name: 'PACS', objects: ['SR', 'SC', 'GSPS'] }],
    rulesOf: () => ({}),
    attemptsMax: 2,
    publish: () => undefined,
    onDeliveries: () => undefined,
  });
  const receiver = new InstanceReceiver({ ...parts, onReceived: () => runner.ring() });
  await Promise.all(
    Array.from({ length: films }, async (_, index) => {
      const uids = { study: '1.2.3', series: `1.2.4.${index}`, instance: `1.2.5.${index}` };
      const reception = await receiver.begin({
        sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1',
        sopInstanceUid: uids.instance,
        transferSyntaxUid: '1.2.840.10008.1.2.1',
        callingAeTitle: 'TEST',
      });
      await reception.write(tinyDataSet({ ...uids, patientId: `P-${index % persons}` }));
      await reception.finish();
    }),
  );
  const worklist = openWorklist(database);
  while ((await worklist.countStatus()).pending > 0) await systemClock.sleep(10);
  await runner.close();
  return worklist.countStatus();
}

describe('the triage runner', () => {
  it('never hands the pool more films than it takes, however many wait and however often it is rung', async () => {
    const pool = new ScriptedPool(2, () => ({ analysis, artefacts: null }));
    const counts = await triage(40, pool);
    expect(pool.refused).toBe(0);
    expect(counts).toMatchObject({ received: 40, positive: 40, failed: 0 });
  });

  it('gives each person one open referral however many films arrive at once', async () => {
    const pool = new ScriptedPool(4, () => ({ analysis, artefacts: null }));
    expect(await triage(30, pool, 3)).toMatchObject({ positive: 30, referrals: 3 });
    expect(await database.selectFrom('referral_exams').selectAll().execute()).toHaveLength(30);
  });

  it('tries an ambiguous failure again, and sets a film aside that fails each time, without stopping the others', async () => {
    let poison: string | undefined;
    const pool = new ScriptedPool(2, (request, time) => {
      poison ??= request.id;
      if (request.id === poison || time === 1) throw new TriageError('worker-crashed', 'the worker ended');
      return { analysis, artefacts: null };
    });
    expect(await triage(4, pool)).toMatchObject({ positive: 3, failed: 1 });
    const [exam] = await openWorklist(database).listExams({ state: 'failed', limit: 1, siteIds: null });
    expect(exam).toMatchObject({ examId: poison, reasons: [{ code: 'film-kills-workers' }] });
    // Twice is proof, and once was not.
    expect(pool.seen.filter((id) => id === poison)).toHaveLength(2);
  });

  it('sets a film aside whose object is gone, and goes on with the others', async () => {
    await insertJobs(database, [routineJob(await insertTestExam(database, 1))], systemClock.nowMs());
    const pool = new ScriptedPool(1, () => ({ analysis, artefacts: null }));
    expect(await triage(3, pool)).toMatchObject({ positive: 3, failed: 1 });
    const [exam] = await openWorklist(database).listExams({ state: 'failed', limit: 1, siteIds: null });
    expect(exam?.reasons).toMatchObject([{ code: 'not-found' }]);
  });

  it('names no path of the machine in a result', async () => {
    const pool = new ScriptedPool(1, ({ path }) => ({
      analysis: { ...analysis, file: path },
      artefacts: null,
    }));
    await triage(1, pool);
    const [row] = await database.selectFrom('exams').select(['exam_id', 'analysis_json']).execute();
    expect(row?.analysis_json).not.toContain(folder);
    const view = await openWorklist(database).readExam(row?.exam_id ?? '');
    expect(view?.analysis?.file).toBe('1.2.5.0.dcm');
  });

  it('gives a film back at once, as often as it may be, when its workers are told to end', async () => {
    const startedAtMs = systemClock.monotonicMs();
    const pool = new ScriptedPool(1, (_request, time) => {
      if (time <= 3) throw new TriageError('lease-lost', 'the worker pool is closing');
      return { analysis, artefacts: null };
    });
    expect(await triage(1, pool)).toMatchObject({ positive: 1, failed: 0 });
    // Waiting as after failures takes 36 s.
    expect(systemClock.monotonicMs() - startedAtMs).toBeLessThan(10_000);
  });

  it('counts the workers that a film ended in the record, for all machines and restarts', async () => {
    const crash = () => {
      throw new TriageError('worker-deadline', 'the worker hung');
    };
    const pool = new DoomedPool(2, crash);
    expect(await triage(1, pool)).toMatchObject({ failed: 1 });
    expect(pool.seen).toHaveLength(1);
    const [exam] = await openWorklist(database).listExams({ state: 'failed', limit: 1, siteIds: null });
    expect(exam).toMatchObject({ reasons: [{ code: 'film-kills-workers' }] });
    const [job] = await database.selectFrom('jobs').selectAll().execute();
    expect(job).toMatchObject({ state: 'dead', deaths: 2, last_error: 'film-kills-workers' });
  });

  it('leaves the report of who took the film over as it is', async () => {
    await triage(1, new OvertakenPool(2, () => ({ analysis, artefacts: null })));
    const report = await database.selectFrom('reports').selectAll().executeTakeFirstOrThrow();
    expect(await readFile(join(folder, report.object_key), 'utf8')).toBe('reading 2');
  });
});
