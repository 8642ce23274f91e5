import { sql } from 'kysely';
import type { Connection } from './exam-records.ts';

/** Films that are not read any more until somebody does something, the last received first. They name no patient. */
export function listFailures(database: Connection, rowsMax: number) {
  return database
    .selectFrom('exams')
    .leftJoin('jobs', 'jobs.exam_id', 'exams.exam_id')
    .select(['exams.exam_id', 'exams.state', 'exams.site_id', 'exams.modality', 'exams.view_name'])
    .select(['exams.received_at_ms', 'exams.finished_at_ms', 'exams.reasons_json'])
    .select(['jobs.attempts', 'jobs.last_error'])
    .where('exams.state', '=', 'failed')
    .orderBy('exams.received_at_ms', 'desc')
    .limit(rowsMax)
    .execute();
}

/** Films on their way whose job was given up. */
export function listDeadJobs(database: Connection, rowsMax: number) {
  return database
    .selectFrom('jobs')
    .innerJoin('exams', 'exams.exam_id', 'jobs.exam_id')
    .select(['exams.exam_id', 'exams.state', 'exams.site_id', 'exams.modality', 'exams.view_name'])
    .select(['exams.received_at_ms', 'exams.finished_at_ms', 'exams.reasons_json'])
    .select(['jobs.attempts', 'jobs.last_error'])
    .where('jobs.state', '=', 'dead')
    .where('exams.state', '!=', 'failed')
    .orderBy('jobs.rank_ms')
    .limit(rowsMax)
    .execute();
}

/** What waits and what was given up for one receiver. */
export interface ReceiverCount {
  readonly name: string;
  readonly state: string;
  readonly count: number;
}

/** Reports on their way and given up, by their destination. */
export function countDeliveriesByReceiver(database: Connection): Promise<readonly ReceiverCount[]> {
  return database
    .selectFrom('deliveries')
    .select(['destination as name', 'state', sql<number>`count(*)`.as('count')])
    .where('state', 'in', ['pending', 'dead'])
    .groupBy(['destination', 'state'])
    .orderBy('destination')
    .execute();
}

/** Messages on their way and given up, by their receiver. */
export function countMessagesByReceiver(database: Connection): Promise<readonly ReceiverCount[]> {
  return database
    .selectFrom('messages')
    .select(['receiver as name', 'state', sql<number>`count(*)`.as('count')])
    .where('state', 'in', ['pending', 'dead'])
    .groupBy(['receiver', 'state'])
    .orderBy('receiver')
    .execute();
}
