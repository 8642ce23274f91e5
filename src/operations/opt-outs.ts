/**
 * People who have declined: their films are held as any others, and no pixel of theirs is read. The triage asks
 * before it hands a film to a worker and again before it writes a result, so that films that wait, and one that is
 * with a worker just then, are covered too.
 */
import type { Kysely } from 'kysely';
import { recordAudit } from '../database/audit-trail.ts';
import { type Connection, patientIdentityKey } from '../database/exam-records.ts';
import type { Database } from '../database/schema.ts';
import { reasonOf } from '../decide/reason-texts.ts';
import { TriageError } from '../errors.ts';
import { type AnalysisResult, unreadAnalysis } from '../exam/analysis.ts';
import type { ChangeMaker } from './identity.ts';
import { transact } from '../database/transact.ts';

/** Who has declined: a Patient ID; without an issuer, that ID whoever issued it. */
export interface OptOutName {
  readonly patientId: string;
  readonly issuer?: string | undefined;
}

/** An entry of the list. */
export interface OptOut {
  readonly issuer: string | null;
  readonly patientId: string;
  readonly notedAtMs: number;
  readonly actor: string;
}

/** Puts a person on the list. False: was on it already. Throws request-invalid for an empty ID. */
export function addOptOut(database: Kysely<Database>, name: OptOutName, by: ChangeMaker): Promise<boolean> {
  return changeList(database, name, by, 'opted out', async (transaction, key) => {
    const { numInsertedOrUpdatedRows: added } = await transaction
      .insertInto('opt_outs')
      .values({ identity_key: key, noted_at_ms: by.nowMs, actor: by.actor })
      .onConflict((conflict) => conflict.column('identity_key').doNothing())
      .executeTakeFirstOrThrow();
    return (added ?? 0n) > 0n;
  });
}

/** Takes a person off the list; films that were refused meanwhile stay so until they are assessed anew. */
export function removeOptOut(
  database: Kysely<Database>,
  name: OptOutName,
  by: ChangeMaker,
): Promise<boolean> {
  return changeList(database, name, by, 'opt-out withdrawn', async (transaction, key) => {
    const { numDeletedRows } = await transaction
      .deleteFrom('opt_outs')
      .where('identity_key', '=', key)
      .executeTakeFirstOrThrow();
    return numDeletedRows > 0n;
  });
}

/** The whole list, the oldest entry first. */
export async function listOptOuts(database: Connection): Promise<readonly OptOut[]> {
  const rows = await database.selectFrom('opt_outs').selectAll().orderBy('noted_at_ms').execute();
  return rows.map((row) => {
    const [, issuer = '', patientId = ''] = JSON.parse(row.identity_key) as readonly string[];
    return {
      issuer: issuer === '' ? null : issuer,
      patientId,
      notedAtMs: row.noted_at_ms,
      actor: row.actor,
    };
  });
}

/** Whether the person of an exam has declined, under any identity that turned out to be theirs. */
export async function isOptedOut(database: Connection, examId: string): Promise<boolean> {
  const identities = await database
    .selectFrom('exams')
    .innerJoin('persons', (join) =>
      join.on((on) =>
        on.or([
          on('persons.person_id', '=', on.ref('exams.person_id')),
          on('persons.merged_into', '=', on.ref('exams.person_id')),
        ]),
      ),
    )
    .select(['persons.identity_key as identityKey', 'persons.patient_id as patientId'])
    .where('exam_id', '=', examId)
    .execute();
  const keys = identities.flatMap(({ identityKey, patientId }) =>
    patientId === null ? [identityKey] : [identityKey, patientIdentityKey(null, patientId)],
  );
  if (keys.length === 0) return false;
  const entry = await database
    .selectFrom('opt_outs')
    .select('identity_key')
    .where('identity_key', 'in', keys)
    .executeTakeFirst();
  return entry !== undefined;
}

/** What the record says of a film that was not read because its patient declined. */
export function declinedAnalysis(path: string): AnalysisResult {
  return unreadAnalysis(path, { outcome: 'not-eligible', reason: reasonOf('opted-out'), problems: [] });
}

function changeList(
  database: Kysely<Database>,
  { patientId, issuer }: OptOutName,
  by: ChangeMaker,
  action: string,
  change: (transaction: Connection, key: string) => Promise<boolean>,
): Promise<boolean> {
  if (patientId.trim() === '') throw new TriageError('request-invalid', 'an opt-out needs a Patient ID');
  const key = patientIdentityKey(issuer ?? null, patientId);
  return transact(database, async (transaction) => {
    if (!(await change(transaction, key))) return false;
    const person = await transaction
      .selectFrom('persons')
      .select('person_id')
      .where('identity_key', '=', key)
      .executeTakeFirst();
    // The trail names people by identifiers of ours only, and who is not known yet has none.
    const subject = person?.person_id ?? 'a person who is not known here';
    await recordAudit(transaction, { atMs: by.nowMs, actor: by.actor, action, subject });
    return true;
  });
}
