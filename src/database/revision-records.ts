import { TriageError } from '../errors.ts';
import { type ExamState, moveExam } from '../exam/exam-state.ts';
import type { JobPriority } from '../exam/priority.ts';
import { recordAudit } from './audit-trail.ts';
import type { Connection } from './exam-records.ts';
import { waitingJob } from './job-records.ts';
import { addToTallies } from './tallies.ts';
import { transact } from './transact.ts';

const REASSESSED = 'exam assessed anew';

/**
 * Puts an exam back to pending as a new revision and gives it a job; reports of earlier revisions that were not
 * delivered yet no longer are. One that is still on its way begins again with what is known now and keeps its
 * revision: whoever works at it has lost the lease. Returns the revision. Throws not-found where the film is not
 * held, state-conflict where it is none to assess.
 */
export function reassessExam(
  database: Connection,
  examId: string,
  nowMs: number,
  actor = 'operator',
  priority: JobPriority = 'routine',
): Promise<number> {
  const work = (connection: Connection): Promise<number> =>
    putBack(connection, examId, { nowMs, actor, priority });
  return database.isTransaction ? work(database) : transact(database, work);
}

/** The exams of an identifier of ours or of a SOP Instance UID; the same UID may stand in two series. */
export async function findExamIds(database: Connection, name: string): Promise<readonly string[]> {
  const rows = await database
    .selectFrom('exams')
    .select('exam_id')
    .where((where) => where.or([where('exam_id', '=', name), where('sop_uid', '=', name)]))
    .execute();
  return rows.map((row) => row.exam_id);
}

/** When the present revision was asked for; undefined for the first, which nobody asked for. */
export async function findReassessedAtMs(database: Connection, examId: string): Promise<number | undefined> {
  const row = await database
    .selectFrom('audit_trail')
    .select('at_ms')
    .where('subject', '=', examId)
    .where('action', '=', REASSESSED)
    .orderBy('audit_id', 'desc')
    .executeTakeFirst();
  return row?.at_ms;
}

interface Order {
  readonly nowMs: number;
  readonly actor: string;
  readonly priority: JobPriority;
}

async function putBack(
  database: Connection,
  examId: string,
  { nowMs, actor, priority }: Order,
): Promise<number> {
  const exam = await requireFilm(database, examId);
  const revision = exam.state === 'pending' ? exam.revision : exam.revision + 1;
  if (exam.state !== 'pending') {
    await database
      .updateTable('exams')
      .set({ state: moveExam(exam.state, 'pending'), revision })
      .where('exam_id', '=', examId)
      .execute();
    await addToTallies(database, { [`exam ${exam.state}`]: -1, 'exam pending': 1 });
    // A report that is known to be wrong, or old, must not go out after its successor.
    await database
      .updateTable('deliveries')
      .set({ state: 'superseded', note: `revision ${revision} takes its place` })
      .where('exam_id', '=', examId)
      .where('state', 'in', ['pending', 'dead'])
      .execute();
    await database.updateTable('exam_senders').set({ is_told: 0 }).where('exam_id', '=', examId).execute();
    await recordAudit(database, { atMs: nowMs, actor, action: REASSESSED, subject: examId });
  }
  await restartJob(database, examId, { nowMs, priority });
  return revision;
}

async function requireFilm(
  database: Connection,
  examId: string,
): Promise<{ readonly state: ExamState; readonly revision: number }> {
  const exam = await database
    .selectFrom('exams')
    .select(['state', 'revision', 'object_removed_at_ms as removedAtMs'])
    .where('exam_id', '=', examId)
    .executeTakeFirst();
  if (exam === undefined) throw new TriageError('not-found', 'no such exam');
  if (exam.removedAtMs !== null) {
    throw new TriageError('not-found', 'the film was removed by retention and cannot be assessed anew');
  }
  const result = await database
    .selectFrom('dxa_results')
    .select('exam_id')
    .where('exam_id', '=', examId)
    .executeTakeFirst();
  if (result !== undefined) {
    throw new TriageError('state-conflict', 'this is a result of a DXA scanner, which is not assessed');
  }
  return exam;
}

async function restartJob(
  database: Connection,
  examId: string,
  { nowMs, priority }: Omit<Order, 'actor'>,
): Promise<void> {
  const job = waitingJob({ examId, priority, traceParent: null }, nowMs);
  await database
    .insertInto('jobs')
    .values(job)
    .onConflict((conflict) => conflict.column('exam_id').doUpdateSet(job))
    .execute();
}
