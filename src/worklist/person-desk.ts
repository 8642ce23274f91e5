/** The register of people: who is found, what is known of one, and whose identity is protected. */
import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import { recordAudit } from '../database/audit-trail.ts';
import type { Connection } from '../database/exam-records.ts';
import { findPersonIds } from '../database/person-search.ts';
import { dateOf, renewPersonTerms, searchPrefixes } from '../database/person-terms.ts';
import type { Database } from '../database/schema.ts';
import { transact } from '../database/transact.ts';
import { ageYearsOn } from '../decide/eligibility.ts';
import { TriageError } from '../errors.ts';
import { actorOf, type Staff } from '../exam/staff.ts';
import { EXAM_COLUMNS, examRow } from './exam-rows.ts';
import { openView, PERSON_COLUMNS, type PersonColumns, personView } from './person-view.ts';
import type {
  IdentityChangeView,
  PersonAccessView,
  PersonAnswer,
  PersonDetails,
  PersonsAnswer,
  RevealAnswer,
} from './person-views.ts';
import type { PersonEntry } from './referral-views.ts';

/** What people ask of the register. Everything is written down in the audit trail with who asked. */
export interface PersonDesk {
  search(text: string, staff: Staff): Promise<PersonsAnswer>;
  /** `isAttended`: a person looks, not a page that refreshes by itself. Throws not-found. */
  read(personId: string, staff: Staff, isAttended: boolean): Promise<PersonAnswer>;
  /** Sets or lifts the protection; returns the person's referrals, which show it. Throws not-found. */
  protect(personId: string, isProtected: boolean, staff: Staff): Promise<readonly string[]>;
  /** Who a protected person is. Throws not-found, also for a referral that is not the person's. */
  reveal(personId: string, referralId: string | null, staff: Staff): Promise<RevealAnswer>;
}

const PERSONS_MAX = 50;
const ROWS_MAX = 100;

/** Opens the register over the record. */
export function openPersonDesk(database: Kysely<Database>, clock: Clock): PersonDesk {
  return {
    search: (text, staff) => searchPersons(database, text, staff, clock.nowMs()),
    async read(personId, staff, isAttended) {
      const answer = await readPerson(database, personId, clock.nowMs());
      if (isAttended) await recordSight(database, answer.person.personId, staff, clock.nowMs());
      return answer;
    },
    protect: (personId, isProtected, staff) =>
      protectPerson(database, { personId, isProtected }, staff, clock.nowMs()),
    reveal: (personId, referralId, staff) =>
      revealPerson(database, { personId, referralId }, staff, clock.nowMs()),
  };
}

async function searchPersons(
  database: Connection,
  text: string,
  staff: Staff,
  nowMs: number,
): Promise<PersonsAnswer> {
  const by = { atMs: nowMs, actor: actorOf(staff) };
  const detail = { search: text };
  await recordAudit(database, { ...by, action: 'person list searched', subject: 'persons', detail });
  const found = await findPersonIds(database, searchPrefixes(text), PERSONS_MAX + 1);
  const ids = found.slice(0, PERSONS_MAX);
  const rows = ids.length === 0 ? [] : await selectPersons(database).where('person_id', 'in', ids).execute();
  const byId = new Map(rows.map((row) => [row.person_id, entryOf(row, nowMs)]));
  return {
    at: isoTime(nowMs),
    persons: ids.flatMap((personId) => byId.get(personId) ?? []),
    isCut: found.length > PERSONS_MAX,
  };
}

function recordSight(database: Connection, personId: string, staff: Staff, nowMs: number): Promise<void> {
  const by = { atMs: nowMs, actor: actorOf(staff) };
  return recordAudit(database, { ...by, action: 'person seen', subject: personId, personId });
}

async function readPerson(database: Connection, personId: string, nowMs: number): Promise<PersonAnswer> {
  const row = await requirePerson(database, personId);
  const id = row.person_id;
  const identities = await selectPersons(database).where('merged_into', '=', id).limit(ROWS_MAX).execute();
  // What a protected person was called before is protected, too.
  const shown = (other: PersonColumns) =>
    personView({ ...other, is_protected: row.is_protected === 1 ? 1 : other.is_protected }, nowMs);
  return {
    at: isoTime(nowMs),
    person: {
      ...entryOf(row, nowMs),
      issuer: row.issuer,
      films: await listFilms(database, id),
      referrals: await listReferrals(database, id),
      identities: identities.map((other) => ({
        ...{ personId: other.person_id, person: shown(other), issuer: other.issuer },
      })),
      changes: await listChanges(database, identities.map(({ person_id }) => person_id).concat(id)),
      hasRiskFactors: await hasRiskFactors(database, id),
      accesses: await listAccesses(database, id),
    },
  };
}

function protectPerson(
  database: Kysely<Database>,
  { personId, isProtected }: { readonly personId: string; readonly isProtected: boolean },
  staff: Staff,
  nowMs: number,
): Promise<readonly string[]> {
  return transact(database, async (transaction) => {
    const { person_id: id } = await requirePerson(transaction, personId);
    await transaction
      .updateTable('persons')
      .set({ is_protected: isProtected ? 1 : 0 })
      .where('person_id', '=', id)
      .execute();
    await renewPersonTerms(transaction, id, nowMs);
    const by = { atMs: nowMs, actor: actorOf(staff), action: 'protection changed' };
    await recordAudit(transaction, { ...by, subject: id, personId: id, detail: { isProtected } });
    return (await listReferrals(transaction, id)).map(({ referralId }) => referralId);
  });
}

function revealPerson(
  database: Kysely<Database>,
  { personId, referralId }: { readonly personId: string; readonly referralId: string | null },
  staff: Staff,
  nowMs: number,
): Promise<RevealAnswer> {
  return transact(database, async (transaction) => {
    const row = await requirePerson(transaction, personId);
    const referrals = await listReferrals(transaction, row.person_id);
    if (referralId !== null && !referrals.some((referral) => referral.referralId === referralId)) {
      throw new TriageError('not-found', 'this referral is not the person’s');
    }
    const action = 'protected identity revealed';
    await recordAudit(transaction, {
      ...{ atMs: nowMs, actor: actorOf(staff), action, subject: referralId ?? row.person_id },
      personId: row.person_id,
    });
    return { at: isoTime(nowMs), person: openView(row, nowMs) };
  });
}

function selectPersons(database: Connection) {
  return database.selectFrom('persons').select(['person_id', 'merged_into', 'issuer', ...PERSON_COLUMNS]);
}

/** The person, or whom this one was merged into. */
async function requirePerson(database: Connection, personId: string) {
  const select = (id: string) => selectPersons(database).where('person_id', '=', id).executeTakeFirst();
  const row = await select(personId);
  const survivor = row === undefined || row.merged_into === null ? row : await select(row.merged_into);
  if (survivor === undefined) throw new TriageError('not-found', 'no such person');
  return survivor;
}

function entryOf(row: PersonColumns & { readonly person_id: string }, nowMs: number): PersonEntry {
  const ageYears = ageYearsOn(row.birth_date, dateOf(nowMs));
  return { personId: row.person_id, person: personView(row, nowMs), ageYears };
}

async function listFilms(database: Connection, personId: string): Promise<PersonDetails['films']> {
  const rows = await database
    .selectFrom('exams')
    .innerJoin('persons', 'persons.person_id', 'exams.person_id')
    .select([...EXAM_COLUMNS, ...PERSON_COLUMNS])
    .where('exams.person_id', '=', personId)
    .orderBy('exams.received_at_ms', 'desc')
    .limit(ROWS_MAX)
    .execute();
  return rows.map(examRow);
}

async function listReferrals(database: Connection, personId: string): Promise<PersonDetails['referrals']> {
  const rows = await database
    .selectFrom('referrals')
    .select(['referral_id', 'state', 'created_at_ms'])
    .where('person_id', '=', personId)
    .orderBy('created_at_ms', 'desc')
    .limit(ROWS_MAX)
    .execute();
  return rows.map((row) => ({
    ...{ referralId: row.referral_id, state: row.state, createdAt: isoTime(row.created_at_ms) },
  }));
}

async function listChanges(
  database: Connection,
  personIds: readonly string[],
): Promise<readonly IdentityChangeView[]> {
  const rows = await database
    .selectFrom('identity_changes')
    .selectAll()
    .where('to_person_id', 'in', personIds)
    .orderBy('change_id', 'desc')
    .limit(ROWS_MAX)
    .execute();
  const names = await namesOf(
    database,
    rows.map(({ actor }) => actor),
  );
  return rows.map((row) => ({
    ...{ changeId: row.change_id, at: isoTime(row.at_ms), by: names(row.actor), kind: row.kind },
    ...{ fromPersonId: row.from_person_id, toPersonId: row.to_person_id },
  }));
}

async function listAccesses(database: Connection, personId: string): Promise<readonly PersonAccessView[]> {
  const rows = await database
    .selectFrom('audit_trail')
    .select(['audit_id', 'at_ms', 'actor', 'action'])
    .where('person_id', '=', personId)
    .orderBy('audit_id', 'desc')
    .limit(ROWS_MAX)
    .execute();
  const names = await namesOf(
    database,
    rows.map(({ actor }) => actor),
  );
  return rows.map((row) => ({
    ...{ accessId: row.audit_id, at: isoTime(row.at_ms), by: names(row.actor), action: row.action },
  }));
}

async function hasRiskFactors(database: Connection, personId: string): Promise<boolean> {
  const row = await database
    .selectFrom('risk_factors')
    .select('risk_id')
    .where('person_id', '=', personId)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** The names of those who acted; parts of this service and other systems are called as the trail calls them. */
async function namesOf(database: Connection, actors: readonly string[]): Promise<(actor: string) => string> {
  const userIds = [...new Set(actors.map((actor) => actor.replace(/^user /, '')))];
  const users =
    userIds.length === 0
      ? []
      : await database
          .selectFrom('users')
          .select(['user_id', 'name'])
          .where('user_id', 'in', userIds)
          .execute();
  const names = new Map(users.map(({ user_id, name }) => [`user ${user_id}`, name]));
  return (actor) => names.get(actor) ?? actor;
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
