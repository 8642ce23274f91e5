import { CompiledQuery, type Kysely, type KyselyPlugin, type RootOperationNode } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insertJobs, renewLeases } from '../database/job-records.ts';
import type { Database } from '../database/schema.ts';
import { insertTestExam, routineJob } from '../testing/record-fixtures.ts';
import { isOnPostgres, openBeside, openTestRecord } from '../testing/test-record.ts';
import { findDueJobs, leaseDueJobs, leaseJobs } from './job-leases.ts';

const NOW_MS = 1_700_000_000_000;
const TERM = { nowMs: NOW_MS, leaseMs: 1000 };

let database: Kysely<Database>;
beforeEach(async () => {
  database = await openTestRecord();
});
afterEach(() => database.destroy());

async function insertWaiting(count: number): Promise<string[]> {
  const examIds: string[] = [];
  for (let number = 0; number < count; number += 1) examIds.push(await insertTestExam(database, number));
  await insertJobs(database, examIds.map(routineJob), NOW_MS - 1000);
  return examIds;
}

/** How the engine goes about each statement of a kind that the work makes. */
async function plansOf(
  kind: RootOperationNode['kind'],
  work: (watched: Kysely<Database>) => Promise<unknown>,
): Promise<string[]> {
  const nodes: RootOperationNode[] = [];
  const watch: KyselyPlugin = {
    transformQuery({ node }) {
      // The parts of a statement come by on their own too.
      if (node.kind === kind) nodes.push(node);
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  };
  await work(database.withPlugin(watch));
  const plans: string[] = [];
  for (const node of nodes) {
    const { sql, parameters } = database.getExecutor().compileQuery(node, { queryId: 'plan' });
    const words = isOnPostgres ? 'EXPLAIN' : 'EXPLAIN QUERY PLAN';
    const { rows } = await database.executeQuery(CompiledQuery.raw(`${words} ${sql}`, [...parameters]));
    plans.push(rows.map((row) => Object.values(row as object).join(' ')).join('\n'));
  }
  return plans;
}

describe('leases', () => {
  it('are found along an index in its own order, whatever the number of jobs', async () => {
    const examIds = await insertWaiting(20);
    await leaseDueJobs(database, 2, { nowMs: NOW_MS, leaseMs: 0 });
    const finds = await plansOf('SelectQueryNode', (watched) => findDueJobs(watched, NOW_MS, 10));
    const changes = await plansOf('UpdateQueryNode', async (watched) => {
      const jobs = await leaseDueJobs(watched, 2, TERM);
      await leaseJobs(watched, examIds.slice(5, 8), TERM);
      await renewLeases(watched, jobs, NOW_MS + 5000);
    });
    const [ended, waiting] = finds;
    const [claim, hinted, renewal] = changes;
    expect(ended).toContain('jobs_by_lease');
    expect(waiting).toContain('jobs_by_rank');
    expect(claim).toContain('jobs_by_lease');
    expect(claim).toContain('jobs_by_rank');
    for (const plan of [...finds, ...changes]) expect(plan).not.toMatch(/Seq Scan on jobs|SCAN jobs/);
    // Only what was found is put in order, never what waits.
    for (const plan of finds) expect(plan).not.toMatch(/Sort|TEMP B-TREE/);
    expect(hinted).toMatch(/jobs_pkey|autoindex_jobs/);
    expect(renewal).toMatch(/jobs_pkey|autoindex_jobs/);
  });

  it('have a token each', async () => {
    const examIds = await insertWaiting(3);
    const jobs = await leaseJobs(database, examIds, TERM);
    expect(new Set(jobs.map((job) => job.leaseToken)).size).toBe(3);
  });

  it.runIf(isOnPostgres)('are not waited for: a row that another holds is passed over', async () => {
    const examIds = await insertWaiting(3);
    const other = await openBeside(database);
    await other.transaction().execute(async (transaction) => {
      await transaction.updateTable('jobs').set({ attempts: 7 }).where('exam_id', '=', examIds[0]!).execute();
      expect(await leaseJobs(database, examIds.slice(0, 2), TERM)).toMatchObject([{ examId: examIds[1] }]);
      expect(await leaseDueJobs(database, 3, TERM)).toMatchObject([{ examId: examIds[2] }]);
    });
    await other.destroy();
  });
});
