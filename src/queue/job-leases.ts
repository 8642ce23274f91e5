import { randomUUID } from 'node:crypto';
import { type Kysely, type QueryCreator, type SelectQueryBuilder, sql } from 'kysely';
import { engineOf } from '../database/engine.ts';
import type { LeasedJob } from '../database/job-records.ts';
import type { Database } from '../database/schema.ts';

/** How long from when a job is handed out. */
export interface LeaseTerm {
  readonly nowMs: number;
  readonly leaseMs: number;
}

/** A job that may be handed out, and where it stands. */
export interface DueJob {
  readonly examId: string;
  readonly rankMs: number;
}

/**
 * Hands out the jobs that are due, the lowest rank first, in one statement: those that wait and those whose lease ended,
 * each from an index of its own. Several who ask at the same time get different ones without waiting for each other.
 */
export function leaseDueJobs(
  database: Kysely<Database>,
  count: number,
  term: LeaseTerm,
): Promise<readonly LeasedJob[]> {
  const claim = database
    .with('waiting', () => forUpdate(database, waitingJobs(database, term.nowMs).limit(count)))
    .with('ended', () => forUpdate(database, endedLeases(database, term.nowMs).limit(count)))
    .with('due', (with_) =>
      with_
        .selectFrom('waiting')
        .selectAll()
        .unionAll(with_.selectFrom('ended').selectAll())
        .orderBy('rankMs')
        .limit(count),
    );
  return lease(claim, term);
}

/** Hands out those of these jobs that are due, in one statement; the others are passed over. */
export function leaseJobs(
  database: Kysely<Database>,
  examIds: readonly string[],
  term: LeaseTerm,
): Promise<readonly LeasedJob[]> {
  const claim = database.with('due', () =>
    forUpdate(
      database,
      jobs(database)
        .where('exam_id', 'in', examIds)
        .where((where) =>
          where.or([
            where.and([where('state', '=', 'waiting'), where('due_at_ms', '<=', term.nowMs)]),
            where.and([where('state', '=', 'leased'), where('lease_until_ms', '<=', term.nowMs)]),
          ]),
        ),
    ),
  );
  return lease(claim, term);
}

/** The first jobs that are due: those whose lease ended, and those that wait in the order of their rank. */
export async function findDueJobs(
  database: Kysely<Database>,
  nowMs: number,
  countMax: number,
): Promise<readonly DueJob[]> {
  const ended = await endedLeases(database, nowMs).limit(countMax).execute();
  const waiting = await waitingJobs(database, nowMs).limit(countMax).execute();
  return [...ended, ...waiting];
}

type JobQuery = SelectQueryBuilder<Database, 'jobs', DueJob>;

function jobs(database: Kysely<Database>): JobQuery {
  return database.selectFrom('jobs').select(['exam_id as examId', 'rank_ms as rankMs']);
}

function waitingJobs(database: Kysely<Database>, nowMs: number): JobQuery {
  return jobs(database).where('state', '=', 'waiting').where('due_at_ms', '<=', nowMs).orderBy('rank_ms');
}

function endedLeases(database: Kysely<Database>, nowMs: number): JobQuery {
  return jobs(database)
    .where('state', '=', 'leased')
    .where('lease_until_ms', '<=', nowMs)
    .orderBy('lease_until_ms');
}

/** SQLite has one writer at a time and no such words. */
function forUpdate(database: Kysely<Database>, query: JobQuery): JobQuery {
  return engineOf(database) === 'postgres' ? query.forUpdate().skipLocked() : query;
}

async function lease(
  claim: QueryCreator<Database & { readonly due: DueJob }>,
  { nowMs, leaseMs }: LeaseTerm,
): Promise<readonly LeasedJob[]> {
  const rows = await claim
    .updateTable('jobs')
    .set((set) => ({
      state: 'leased',
      attempts: set('attempts', '+', 1),
      lease_token: sql<string>`${randomUUID()} || ':' || exam_id`,
      lease_until_ms: nowMs + leaseMs,
    }))
    .where('exam_id', 'in', (with_) => with_.selectFrom('due').select('examId'))
    .returning(['exam_id', 'lease_token', 'attempts', 'priority', 'trace_parent', 'rank_ms'])
    .execute();
  return rows
    .toSorted((one, other) => one.rank_ms - other.rank_ms)
    .map((row) => ({
      examId: row.exam_id,
      leaseToken: row.lease_token ?? '',
      attempt: row.attempts,
      priority: row.priority,
      traceParent: row.trace_parent,
    }));
}
