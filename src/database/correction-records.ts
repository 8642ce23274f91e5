import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { TriageError } from '../errors.ts';
import {
  type Corrector,
  isWithdrawn,
  type OrderedCorrection,
  type PointsCorrection,
} from '../exam/correction.ts';
import { referralConflict } from '../exam/referral-conflict.ts';
import { recordAudit } from './audit-trail.ts';
import type { Connection } from './exam-records.ts';
import { reassessExam } from './revision-records.ts';
import type { Database } from './schema.ts';
import { transact } from './transact.ts';

/** What a person asks for. */
export interface CorrectionOrder {
  readonly examId: string;
  /** The revision that the person looked at: of two who correct the same sight one is told. */
  readonly seenRevision: number;
  readonly points: PointsCorrection;
  readonly note: string | null;
  readonly by: Corrector;
  readonly nowMs: number;
}

/** One correction of a film as it is listed. */
export interface CorrectionRow {
  readonly correctionId: string;
  readonly revision: number;
  readonly at: string;
  readonly byName: string;
  readonly note: string | null;
  readonly points: PointsCorrection;
}

const ROWS_MAX = 100;

/**
 * Writes a person's points beside what was measured and puts the exam back to pending: the next revision is measured by
 * them. Returns that revision. Throws not-found, and state-conflict where the film is being read or was read anew since.
 */
export function recordCorrection(database: Kysely<Database>, order: CorrectionOrder): Promise<number> {
  const { examId, points, note, by, nowMs } = order;
  const actor = `user ${by.userId}`;
  return transact(database, async (transaction) => {
    const { before, personId } = await requireSeen(transaction, order);
    const revision = await reassessExam(transaction, examId, nowMs, actor, 'urgent');
    await transaction
      .insertInto('corrections')
      .values({
        ...{ correction_id: randomUUID(), exam_id: examId, revision, actor, at_ms: nowMs, note },
        actor_name: by.name,
        points_json: JSON.stringify({ ...points, role: by.role }),
        before_json: before,
      })
      .execute();
    const action = isWithdrawn(points) ? 'correction withdrawn' : 'points corrected';
    await recordAudit(transaction, {
      ...{ atMs: nowMs, actor, action, subject: examId, personId },
      detail: { revision, sides: points.sides.length, vertebrae: points.vertebrae.length },
    });
    return revision;
  });
}

/** What holds now: the newest correction of a film; undefined where there is none or it was taken back. */
export async function findCorrection(
  database: Connection,
  examId: string,
): Promise<OrderedCorrection | undefined> {
  const row = await database
    .selectFrom('corrections')
    .selectAll()
    .where('exam_id', '=', examId)
    .orderBy('revision', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { role, ...points } = readPoints(row.points_json);
  if (isWithdrawn(points)) return undefined;
  const userId = row.actor.replace(/^user /, '');
  return { ...points, by: { userId, name: row.actor_name, role }, atMs: row.at_ms };
}

/** The corrections of a film, the newest first. */
export async function listCorrections(
  database: Connection,
  examId: string,
): Promise<readonly CorrectionRow[]> {
  const rows = await database
    .selectFrom('corrections')
    .select(['correction_id', 'revision', 'at_ms', 'actor_name', 'note', 'points_json'])
    .where('exam_id', '=', examId)
    .orderBy('revision', 'desc')
    .limit(ROWS_MAX)
    .execute();
  return rows.map((row) => {
    const { sides, vertebrae } = readPoints(row.points_json);
    return {
      correctionId: row.correction_id,
      revision: row.revision,
      at: new Date(row.at_ms).toISOString(),
      byName: row.actor_name,
      note: row.note,
      points: { sides, vertebrae },
    };
  });
}

function readPoints(json: string): PointsCorrection & Pick<Corrector, 'role'> {
  return JSON.parse(json) as PointsCorrection & Pick<Corrector, 'role'>;
}

async function requireSeen(
  database: Connection,
  { examId, seenRevision }: CorrectionOrder,
): Promise<{ readonly before: string; readonly personId: string }> {
  const exam = await database
    .selectFrom('exams')
    .select(['state', 'revision', 'analysis_json', 'person_id'])
    .where('exam_id', '=', examId)
    .executeTakeFirst();
  if (exam === undefined) throw new TriageError('not-found', 'no such exam');
  const { state, revision, analysis_json: before, person_id: personId } = exam;
  if (state === 'pending') {
    throw referralConflict('the film is being read anew just now', { conflict: 'film-being-read' });
  }
  if (revision !== seenRevision) {
    throw referralConflict('the film was read anew since you looked: look again', {
      conflict: 'film-read-anew',
    });
  }
  if (before === null) throw new TriageError('state-conflict', 'nothing was measured on this film');
  return { before, personId };
}
