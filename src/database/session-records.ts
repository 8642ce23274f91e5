import type { Insertable, Selectable } from 'kysely';
import type { SessionTable, SignInAttemptTable, UserTable } from './access-tables.ts';
import type { Connection } from './exam-records.ts';

/** A session with the person it is of. */
export type StoredSession = Selectable<SessionTable> &
  Pick<
    Selectable<UserTable>,
    'login' | 'name' | 'roles_json' | 'site_ids_json' | 'must_change_password' | 'is_disabled'
  >;

/** Adds a session. */
export async function insertSession(database: Connection, session: Insertable<SessionTable>): Promise<void> {
  await database.insertInto('sessions').values(session).execute();
}

/** The session of a token's digest. */
export function findSession(database: Connection, tokenSha256: string): Promise<StoredSession | undefined> {
  return database
    .selectFrom('sessions')
    .innerJoin('users', 'users.user_id', 'sessions.user_id')
    .selectAll('sessions')
    .select(['login', 'name', 'roles_json', 'site_ids_json', 'must_change_password', 'is_disabled'])
    .where('token_sha256', '=', tokenSha256)
    .executeTakeFirst();
}

/** Notes that something was done in a session. */
export async function touchSession(
  database: Connection,
  tokenSha256: string,
  seenAtMs: number,
): Promise<void> {
  await database
    .updateTable('sessions')
    .set({ seen_at_ms: seenAtMs })
    .where('token_sha256', '=', tokenSha256)
    .execute();
}

/** Ends a session. */
export async function deleteSession(database: Connection, tokenSha256: string): Promise<void> {
  await database.deleteFrom('sessions').where('token_sha256', '=', tokenSha256).execute();
}

/** Ends every session of a person. */
export async function deleteSessionsOf(database: Connection, userId: string): Promise<void> {
  await database.deleteFrom('sessions').where('user_id', '=', userId).execute();
}

/** Forgets sessions and sign-ins whose time is up. */
export async function deleteEnded(database: Connection, nowMs: number, idleSinceMs: number): Promise<void> {
  await database
    .deleteFrom('sessions')
    .where((eb) => eb.or([eb('ends_at_ms', '<=', nowMs), eb('seen_at_ms', '<=', idleSinceMs)]))
    .execute();
  await database.deleteFrom('sign_in_attempts').where('ends_at_ms', '<=', nowMs).execute();
}

/** Remembers a sign-in that goes to the identity provider. */
export async function insertAttempt(
  database: Connection,
  attempt: Insertable<SignInAttemptTable>,
): Promise<void> {
  await database.insertInto('sign_in_attempts').values(attempt).execute();
}

/** The sign-in of a state's digest, which is forgotten with this: it comes back once. */
export function takeAttempt(
  database: Connection,
  stateSha256: string,
): Promise<Selectable<SignInAttemptTable> | undefined> {
  return database
    .deleteFrom('sign_in_attempts')
    .where('state_sha256', '=', stateSha256)
    .returningAll()
    .executeTakeFirst();
}
