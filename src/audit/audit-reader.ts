import type { Kysely } from 'kysely';
import type { Database } from '../database/schema.ts';
import { searchPrefixes } from '../database/person-terms.ts';
import { TriageError } from '../errors.ts';
import type { AuditAnswer, AuditEntryView, AuditQuery, SeenByRow } from './audit-views.ts';

const PERSONS_MAX = 50;
const ACTORS_MAX = 50;
const SEEN_BY_ROWS_MAX = 200;

/** What an auditor's search found, and whose data it was about. */
export interface AuditPage extends Omit<AuditAnswer, 'at'> {
  readonly personIds: readonly string[];
}

/** Reads a page of the trail, the newest first. Throws request-invalid for a cursor that is none. */
export async function readTrail(database: Kysely<Database>, query: AuditQuery): Promise<AuditPage> {
  const personIds = query.person === undefined ? null : await findPersons(database, query.person);
  const actors = query.actor === undefined ? null : await findActors(database, query.actor);
  const rows = await listRows(database, query, { personIds, actors });
  const names = await namesOf(
    database,
    rows.map(({ actor }) => actor),
  );
  const last = rows.length < query.limit ? undefined : rows.at(-1);
  const isOne = personIds !== null && new Set(personIds.map(({ survivorId }) => survivorId)).size === 1;
  return {
    entries: rows.map((row): AuditEntryView => ({
      auditId: row.audit_id,
      at: new Date(row.at_ms).toISOString(),
      actor: row.actor,
      actorName: names.get(row.actor) ?? null,
      action: row.action,
      subject: row.subject,
      personId: row.person_id,
      detail: row.detail === null ? null : (JSON.parse(row.detail) as Readonly<Record<string, unknown>>),
      number: row.chain_no,
    })),
    cursor: last === undefined ? null : `${last.at_ms}.${last.audit_id}`,
    persons: personIds === null ? null : new Set(personIds.map(({ survivorId }) => survivorId)).size,
    seenBy: isOne && query.cursor === undefined ? await listSeenBy(database, idsOf(personIds)) : null,
    personIds: personIds === null ? [] : [...new Set(personIds.map(({ survivorId }) => survivorId))],
  };
}

interface FoundPerson {
  readonly person_id: string;
  /** Who the person is today, after merges. */
  readonly survivorId: string;
}

function idsOf(persons: readonly FoundPerson[]): readonly string[] {
  return persons.map(({ person_id }) => person_id);
}

interface Chosen {
  readonly personIds: readonly FoundPerson[] | null;
  readonly actors: readonly string[] | null;
}

function listRows(database: Kysely<Database>, query: AuditQuery, { personIds, actors }: Chosen) {
  const { fromMs, untilMs, action, subject, limit } = query;
  let select = database
    .selectFrom('audit_trail')
    .select(['audit_id', 'at_ms', 'actor', 'action', 'subject', 'person_id', 'detail', 'chain_no'])
    .orderBy('at_ms', 'desc')
    .orderBy('audit_id', 'desc')
    .limit(limit);
  if (fromMs !== undefined) select = select.where('at_ms', '>=', fromMs);
  if (untilMs !== undefined) select = select.where('at_ms', '<', untilMs);
  if (action !== undefined) select = select.where('action', '=', action);
  if (subject !== undefined) select = select.where('subject', '=', subject);
  if (actors !== null) select = select.where('actor', 'in', actors);
  // An empty list finds nothing, on both engines.
  if (personIds !== null) select = select.where('person_id', 'in', ['', ...idsOf(personIds)]);
  if (query.cursor !== undefined) {
    const { atMs, auditId } = parseCursor(query.cursor);
    select = select.where((where) =>
      where(where.refTuple('at_ms', 'audit_id'), '<', where.tuple(atMs, auditId)),
    );
  }
  return select.execute();
}

function parseCursor(text: string): { readonly atMs: number; readonly auditId: number } {
  const [, atMs, auditId] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? [];
  if (atMs === undefined) throw new TriageError('request-invalid', 'cursor: is none of this list');
  return { atMs: Number(atMs), auditId: Number(auditId) };
}

/** Every identity of whoever has this very number, merged ones too: what was seen was seen under the one of then. */
async function findPersons(database: Kysely<Database>, text: string): Promise<readonly FoundPerson[]> {
  const terms = searchPrefixes(text);
  const byTerm =
    terms.length === 0
      ? []
      : await database
          .selectFrom('person_terms')
          .select('person_id')
          .where('term', 'in', terms)
          .groupBy('person_id')
          .having(({ fn }) => fn.countAll(), '=', terms.length)
          .limit(PERSONS_MAX)
          .execute();
  const found = [...byTerm.map(({ person_id }) => person_id), text.trim()];
  const rows = await database
    .selectFrom('persons')
    .select(['person_id', 'merged_into'])
    .where('person_id', 'in', found)
    .execute();
  const survivors = rows.map(({ person_id, merged_into }) => merged_into ?? person_id);
  if (survivors.length === 0) return [];
  const all = await database
    .selectFrom('persons')
    .select(['person_id', 'merged_into'])
    .where((where) => where.or([where('person_id', 'in', survivors), where('merged_into', 'in', survivors)]))
    .limit(PERSONS_MAX)
    .execute();
  return all.map(({ person_id, merged_into }) => ({ person_id, survivorId: merged_into ?? person_id }));
}

/** As the trail names them: users by their login or name, everything else by itself. */
async function findActors(database: Kysely<Database>, text: string): Promise<readonly string[]> {
  const users = await database
    .selectFrom('users')
    .select('user_id')
    .where((where) =>
      where.or([where('login', '=', text.trim().toLowerCase()), where('name', '=', text.trim())]),
    )
    .limit(ACTORS_MAX)
    .execute();
  return [text.trim(), ...users.map(({ user_id }) => `user ${user_id}`)];
}

/** The names of users among actors. */
export async function namesOf(
  database: Kysely<Database>,
  actors: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(actors.filter((actor) => actor.startsWith('user ')))].map((actor) =>
    actor.slice(5),
  );
  if (ids.length === 0) return new Map();
  const users = await database
    .selectFrom('users')
    .select(['user_id', 'name'])
    .where('user_id', 'in', ids)
    .execute();
  return new Map(users.map(({ user_id, name }) => [`user ${user_id}`, name]));
}

async function listSeenBy(
  database: Kysely<Database>,
  personIds: readonly string[],
): Promise<readonly SeenByRow[]> {
  const rows = await database
    .selectFrom('audit_trail')
    .select(({ fn }) => [
      'actor',
      'action',
      fn.countAll<number>().as('times'),
      fn.min<number>('at_ms').as('firstAtMs'),
      fn.max<number>('at_ms').as('lastAtMs'),
    ])
    .where('person_id', 'in', personIds)
    .groupBy(['actor', 'action'])
    .orderBy(({ fn }) => fn.max('at_ms'), 'desc')
    .limit(SEEN_BY_ROWS_MAX)
    .execute();
  const names = await namesOf(
    database,
    rows.map(({ actor }) => actor),
  );
  return rows.map(({ actor, action, times, firstAtMs, lastAtMs }) => ({
    actor,
    actorName: names.get(actor) ?? null,
    action,
    times,
    firstAt: new Date(firstAtMs).toISOString(),
    lastAt: new Date(lastAtMs).toISOString(),
  }));
}
