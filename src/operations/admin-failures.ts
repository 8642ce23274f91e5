/** Films that are not read any more, and reading them again. */
import type { Kysely } from 'kysely';
import {
  countDeliveriesByReceiver,
  countMessagesByReceiver,
  listDeadJobs,
  listFailures,
  type ReceiverCount,
} from '../database/failure-records.ts';
import type { Database } from '../database/schema.ts';
import type { Reason } from '../exam/analysis.ts';
import type { FailureRow, FailuresAnswer, ReceiverStanding } from './admin-views.ts';

const ROWS_MAX = 200;

/** What was given up, and how much of what is told elsewhere. */
export async function readFailures(database: Kysely<Database>): Promise<Omit<FailuresAnswer, 'at'>> {
  const rows = [
    ...(await listFailures(database, ROWS_MAX)),
    // What is still on its way has a job that somebody works at.
    ...(await listDeadJobs(database, ROWS_MAX)),
  ];
  const dead = (counts: readonly ReceiverCount[]): number =>
    counts.reduce((sum, { state, count }) => sum + (state === 'dead' ? count : 0), 0);
  return {
    failures: rows.map((row): FailureRow => ({
      examId: row.exam_id,
      state: row.state,
      siteId: row.site_id,
      modality: row.modality,
      viewName: row.view_name,
      receivedAt: new Date(row.received_at_ms).toISOString(),
      failedAt: row.finished_at_ms === null ? null : new Date(row.finished_at_ms).toISOString(),
      attempts: row.attempts ?? 0,
      reasons: JSON.parse(row.reasons_json) as readonly Reason[],
      lastError: row.last_error,
    })),
    deadDeliveries: dead(await countDeliveriesByReceiver(database)),
    deadMessages: dead(await countMessagesByReceiver(database)),
  };
}

/** What waits for each receiver, of reports and of messages. */
export async function readReceivers(database: Kysely<Database>): Promise<readonly ReceiverStanding[]> {
  return [
    ...standingsOf('report', await countDeliveriesByReceiver(database)),
    ...standingsOf('message', await countMessagesByReceiver(database)),
  ];
}

function standingsOf(
  kind: ReceiverStanding['kind'],
  counts: readonly ReceiverCount[],
): readonly ReceiverStanding[] {
  const names = [...new Set(counts.map(({ name }) => name))];
  const countOf = (name: string, state: string): number =>
    counts.find((one) => one.name === name && one.state === state)?.count ?? 0;
  return names.map((name) => ({
    ...{ name, kind },
    pending: countOf(name, 'pending'),
    dead: countOf(name, 'dead'),
  }));
}
