import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mergePersons } from '../operations/identity.ts';
import { exampleReport } from '../testing/example-report.ts';
import { insertTestExam, inventedHeader, routineJob } from '../testing/record-fixtures.ts';
import { insertTestReferral } from '../testing/scanner-fixtures.ts';
import { openProcesses, openTestRecord } from '../testing/test-record.ts';
import { insertExam } from './exam-records.ts';
import { insertJobs, type LeasedJob } from './job-records.ts';
import { acceptReferral } from './referral-records.ts';
import { reassessExam } from './revision-records.ts';
import type { Database } from './schema.ts';
import { foldTallies, readTallies } from './tallies.ts';
import { transact } from './transact.ts';
import { recordTriage } from './triage-records.ts';

const PROCESSES = 4;
const { analysis } = exampleReport();

let database: Kysely<Database>;
let processes: readonly Kysely<Database>[];

beforeEach(async () => {
  database = await openTestRecord();
  processes = await openProcesses(database, PROCESSES);
});
afterEach(async () => {
  await Promise.all([...processes, database].map((record) => record.destroy()));
});

/** What each process does, all at once: its result, or the code of its failure. */
function atOnce<Result>(
  work: (record: Kysely<Database>, process: number) => Promise<Result>,
): Promise<readonly (Result | string)[]> {
  return Promise.all(
    processes.map((record, process) =>
      work(record, process).catch((thrown: unknown) => (thrown as { code: string }).code),
    ),
  );
}

function finish(record: Kysely<Database>, job: LeasedJob) {
  const result = { job, analysis, reports: [], destinations: [] };
  return recordTriage(record, { ...result, assessments: ['frax', 'dxa'], policyVersion: '1', nowMs: 1000 });
}

async function leasedExam(number: number): Promise<LeasedJob> {
  const examId = await insertTestExam(database, number);
  await insertJobs(database, [routineJob(examId)], 1);
  const leaseToken = `lease ${number}`;
  await database
    .updateTable('jobs')
    .set({ state: 'leased', lease_token: leaseToken })
    .where('exam_id', '=', examId)
    .execute();
  return { examId, leaseToken, attempt: 1, priority: 'routine', traceParent: null };
}

describe('processes at once', () => {
  it('write one person however many of them receive a first film of it', async () => {
    const exams = await atOnce((record, process) =>
      transact(record, (transaction) =>
        insertExam(transaction, {
          header: inventedHeader({ sopInstanceUid: `1.2.${process}` }),
          ...{ dataSetSha256: 'a'.repeat(64), objectKey: `objects/aa/${process}`, objectBytes: 1 },
          ...{ callingAeTitle: 'TEST', view: 'panoramic', ageYears: 76, receivedAtMs: 1 },
        }),
      ),
    );
    expect(new Set(exams).size).toBe(PROCESSES);
    const rows = await database.selectFrom('exams').select('person_id').execute();
    expect(rows).toHaveLength(PROCESSES);
    expect(new Set(rows.map((row) => row.person_id)).size).toBe(1);
    expect(await readTallies(database)).toMatchObject({ 'exam pending': PROCESSES });
  });

  it('refer a person once, with every film that speaks for it', async () => {
    const jobs: LeasedJob[] = [];
    for (let number = 0; number < PROCESSES; number += 1) jobs.push(await leasedExam(number));
    const recorded = await atOnce((record, process) => finish(record, jobs[process]!));
    const [first] = recorded as readonly { readonly referralId: string }[];
    expect(recorded).toEqual(jobs.map(() => ({ state: 'positive', referralId: first!.referralId })));
    expect(await database.selectFrom('referrals').select('state').execute()).toEqual([{ state: 'flagged' }]);
    expect(await database.selectFrom('referral_exams').selectAll().execute()).toHaveLength(PROCESSES);
    expect(await readTallies(database)).toMatchObject({
      'exam pending': 0,
      'exam positive': PROCESSES,
      referral: 1,
    });
  });

  it('end a job once: whoever comes with the same lease again, or an older one, writes nothing', async () => {
    const job = await leasedExam(1);
    const recorded = await atOnce((record, process) =>
      finish(record, process === 0 ? { ...job, leaseToken: 'an older lease' } : job),
    );
    expect(recorded[0]).toBeUndefined();
    expect(recorded.filter((each) => each !== undefined)).toHaveLength(1);
    const audit = await database.selectFrom('audit_trail').select('action').execute();
    expect(audit.filter(({ action }) => action.startsWith('exam '))).toEqual([{ action: 'exam positive' }]);
  });

  it('order one DXA of a referral that all of them accept, each other one with names of its own', async () => {
    const order = { stationAeTitle: null, scheduledDate: '20260101', scheduledTime: '090000' };
    const referralId = await insertTestReferral(database, 1);
    const others: string[] = [];
    for (let number = 2; number < PROCESSES + 2; number += 1) {
      others.push(await insertTestReferral(database, number, { patientId: `T-${number}` }));
    }
    const by = { ...order, actor: 'test', nowMs: 1 };
    const same = await atOnce((record) => acceptReferral(record, { ...by, referralId }));
    expect(same.filter((step) => step === 'state-conflict')).toHaveLength(PROCESSES - 1);
    await atOnce((record, process) => acceptReferral(record, { ...by, referralId: others[process]! }));
    const steps = await database.selectFrom('procedure_steps').selectAll().execute();
    expect(steps).toHaveLength(PROCESSES + 1);
    expect(new Set(steps.map((step) => step.accession_number)).size).toBe(PROCESSES + 1);
  });

  it('put an exam back once, and join two persons once', async () => {
    const job = await leasedExam(1);
    await finish(database, job);
    await insertTestExam(database, 2, { patientId: 'T-2' });
    const revisions = await atOnce((record) => reassessExam(record, job.examId, 2000));
    expect(revisions).toEqual(Array.from({ length: PROCESSES }, () => 1));
    const by = { actor: 'test', nowMs: 3000 };
    const merges = await atOnce((record) =>
      mergePersons(record, { patientId: 'T-2' }, { patientId: 'T-1' }, by),
    );
    expect(merges.filter((merge) => merge === 'state-conflict')).toHaveLength(PROCESSES - 1);
    expect(await database.selectFrom('identity_changes').select('kind').execute()).toEqual([
      { kind: 'merge' },
    ]);
  });

  it('add tallies up without losing or doubling any while others write', async () => {
    const lines = Array.from({ length: 1_500 }, () => ({ name: 'referral', amount: 1 }));
    await database.insertInto('tallies').values(lines).execute();
    await atOnce(async (record, process) => {
      const insert = () => transact(record, (transaction) => insertTestExam(transaction, process));
      await Promise.all([foldTallies(record), insert()]);
    });
    expect(await readTallies(database)).toMatchObject({ referral: 1_500, 'exam pending': PROCESSES });
    const { count } = await database
      .selectFrom('tallies')
      .select((select) => select.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    expect(count).toBeLessThan(20);
  });
});
