/**
 * Corrections of who a film is of. A person's row stays for ever, so that films that still arrive under an identity
 * that was wrong find the person whose it turned out to be; `merged_into` always names that person directly.
 */
import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { recordAudit } from '../database/audit-trail.ts';
import { type Connection, patientIdentityKey } from '../database/exam-records.ts';
import { dateOf, renewPersonTerms } from '../database/person-terms.ts';
import type { ReferralActor } from '../database/referral-events.ts';
import { reassessExam } from '../database/revision-records.ts';
import type { Database } from '../database/schema.ts';
import { TriageError } from '../errors.ts';
import { describeNumber } from '../exam/personal-number.ts';
import { findPerson, type Person, type PersonName, requireSurvivor } from './person-lookup.ts';
import { joinReferrals } from './referral-join.ts';
import { matchResults } from './result-matching.ts';
import { transact } from '../database/transact.ts';

/** Who changes an identity, and when; referrals may change by it. */
export type ChangeMaker = ReferralActor;

/** What is right; what is left out stays as it is. */
export interface CorrectIdentity {
  readonly patientId?: string | undefined;
  readonly issuer?: string | undefined;
  /** As DICOM writes it: family^given. */
  readonly name?: string | undefined;
}

/** What a change of identity did, in identifiers of our own. */
export interface IdentityReport {
  readonly schema: 'osteotriage.identity/1';
  readonly kind: 'correction' | 'merge';
  readonly fromPersonId: string;
  readonly toPersonId: string;
  /** Films that belong to the other person now. */
  readonly examsMoved: number;
  /** Exams whose reports are made anew. */
  readonly examsRevised: number;
  /** Reported exams whose reports cannot be made anew, because retention removed the film. */
  readonly examsNotRevised: readonly string[];
  /** Scanner results that found their referral through the change. */
  readonly resultsMatched: number;
}

/**
 * Corrects Patient ID, issuer or name of a person; where somebody is known under the corrected ID already, they are
 * one person from now on. Throws not-found, request-invalid where nothing changes, and state-conflict.
 */
export function correctIdentity(
  database: Kysely<Database>,
  wrong: PersonName,
  right: CorrectIdentity,
  by: ChangeMaker,
): Promise<IdentityReport> {
  return transact(database, async (transaction) => {
    const from = await requireSurvivor(transaction, wrong, 'the identity that is to be corrected');
    const patientId = (right.patientId ?? from.patient_id ?? '').trim();
    if (patientId === '') {
      throw new TriageError('request-invalid', 'this person has no Patient ID: say which one is right');
    }
    const issuer = right.issuer ?? from.issuer ?? '';
    const identityKey = patientIdentityKey(issuer, patientId);
    const name = right.name ?? from.name;
    const known = await findPerson(transaction, { issuer, patientId });
    if (known?.person_id === from.person_id && name === from.name) {
      throw new TriageError('request-invalid', 'this is what is on record already');
    }
    // Going back to an earlier identity, the row of that identity stands for itself again.
    const to =
      known === undefined || known.merged_into === from.person_id
        ? (known ?? {
            ...from,
            person_id: randomUUID(),
            identity_key: identityKey,
            issuer: issuer.trim() === '' ? null : issuer.trim(),
            patient_id: patientId,
            ...bornBy(patientId, from, by.nowMs),
          })
        : await requireSurvivor(transaction, { personId: known.person_id }, 'the corrected identity');
    if (known === undefined) await transaction.insertInto('persons').values(to).execute();
    return makeOne(transaction, { kind: 'correction', from, to, name: right.name ?? null }, by);
  });
}

/** Makes two persons one: films, reports and referrals of the first go to the second. Throws not-found, state-conflict. */
export function mergePersons(
  database: Kysely<Database>,
  from: PersonName,
  into: PersonName,
  by: ChangeMaker,
): Promise<IdentityReport> {
  return transact(database, async (transaction) => {
    const gone = await requireSurvivor(transaction, from, '--from');
    const survivor = await requireSurvivor(transaction, into, '--into');
    if (gone.person_id === survivor.person_id) {
      throw new TriageError('state-conflict', 'these are one person already');
    }
    return makeOne(transaction, { kind: 'merge', from: gone, to: survivor, name: null }, by);
  });
}

/** Birth date and sex by the corrected number, where nobody said what they are. */
function bornBy(
  patientId: string,
  { birth_date, sex }: Person,
  nowMs: number,
): Pick<Person, 'birth_date' | 'sex'> {
  const number = describeNumber(patientId, dateOf(nowMs));
  return { birth_date: birth_date ?? number.birthDate, sex: sex ?? number.sex };
}

interface Change {
  readonly kind: 'correction' | 'merge';
  readonly from: Person;
  readonly to: Person;
  /** The right name of `to`; null: as it is. */
  readonly name: string | null;
}

async function makeOne(database: Connection, change: Change, by: ChangeMaker): Promise<IdentityReport> {
  const { kind, from, to, name } = change;
  const isSamePerson = from.person_id === to.person_id;
  const moved = isSamePerson ? [] : await listExamIds(database, from.person_id);
  const isRenamed = name !== null && name !== to.name;
  const renamed = isRenamed || isSamePerson ? await listExamIds(database, to.person_id) : [];
  await writeBefore(database, change, moved, by);
  if (isRenamed) {
    await database.updateTable('persons').set({ name }).where('person_id', '=', to.person_id).execute();
  }
  if (!isSamePerson) {
    await joinReferrals(database, [from.person_id, to.person_id], by);
    await movePerson(database, from.person_id, to.person_id);
    await renewPersonTerms(database, from.person_id, by.nowMs);
  }
  await renewPersonTerms(database, to.person_id, by.nowMs);
  await recordAudit(database, {
    atMs: by.nowMs,
    actor: by.actor,
    action: kind === 'merge' ? `person merged into ${to.person_id}` : `identity corrected to ${to.person_id}`,
    subject: from.person_id,
    personId: to.person_id,
  });
  const revision = await reviseReports(database, [...moved, ...renamed], by);
  return {
    schema: 'osteotriage.identity/1',
    kind,
    fromPersonId: from.person_id,
    toPersonId: to.person_id,
    examsMoved: moved.length,
    ...revision,
    resultsMatched: await matchResults(database, to, by),
  };
}

async function movePerson(database: Connection, fromId: string, toId: string): Promise<void> {
  const owned = { person_id: toId };
  await database.updateTable('exams').set(owned).where('person_id', '=', fromId).execute();
  await database.updateTable('referrals').set(owned).where('person_id', '=', fromId).execute();
  await database.updateTable('dxa_results').set(owned).where('person_id', '=', fromId).execute();
  await database.updateTable('risk_factors').set(owned).where('person_id', '=', fromId).execute();
  // The survivor first: it may have been merged into the other one, and there must be no circle.
  await database.updateTable('persons').set({ merged_into: null }).where('person_id', '=', toId).execute();
  await database
    .updateTable('persons')
    .set({ merged_into: toId })
    .where((where) => where.or([where('person_id', '=', fromId), where('merged_into', '=', fromId)]))
    .execute();
}

/** What stood there before, so that a person can undo a mistake by hand. */
async function writeBefore(
  database: Connection,
  { kind, from, to }: Change,
  examIds: readonly string[],
  by: ChangeMaker,
): Promise<void> {
  const referrals = await database
    .selectFrom('referrals')
    .select(['referral_id', 'person_id', 'state'])
    .where('person_id', 'in', [from.person_id, to.person_id])
    .execute();
  await database
    .insertInto('identity_changes')
    .values({
      at_ms: by.nowMs,
      actor: by.actor,
      kind,
      from_person_id: from.person_id,
      to_person_id: to.person_id,
      before_json: JSON.stringify({ from, to, examIds, referrals }),
    })
    .execute();
}

async function listExamIds(database: Connection, personId: string): Promise<readonly string[]> {
  const rows = await database
    .selectFrom('exams')
    .select('exam_id')
    .where('person_id', '=', personId)
    .execute();
  return rows.map((row) => row.exam_id);
}

/** Every report that names the wrong identity is made anew; what is still being triaged begins again. */
async function reviseReports(
  database: Connection,
  examIds: readonly string[],
  by: ChangeMaker,
): Promise<Pick<IdentityReport, 'examsRevised' | 'examsNotRevised'>> {
  const examsNotRevised: string[] = [];
  let examsRevised = 0;
  for (const examId of examIds) {
    const exam = await database
      .selectFrom('exams')
      .leftJoin('reports', 'reports.exam_id', 'exams.exam_id')
      .leftJoin('dxa_results', 'dxa_results.exam_id', 'exams.exam_id')
      .select([
        'exams.state as state',
        'exams.object_removed_at_ms as removedAtMs',
        'reports.exam_id as reported',
        'dxa_results.exam_id as result',
      ])
      .where('exams.exam_id', '=', examId)
      .executeTakeFirstOrThrow();
    if (exam.result !== null || (exam.reported === null && exam.state !== 'pending')) continue;
    if (exam.removedAtMs !== null) {
      examsNotRevised.push(examId);
      continue;
    }
    await reassessExam(database, examId, by.nowMs, by.actor);
    examsRevised += 1;
  }
  return { examsRevised, examsNotRevised };
}
