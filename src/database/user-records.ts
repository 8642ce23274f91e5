import type { Selectable, Updateable } from 'kysely';
import type { Role } from '../exam/staff.ts';
import type { UserTable } from './access-tables.ts';
import type { Connection } from './exam-records.ts';

/** A person that may sign in, as the record holds it. */
export type StoredUser = Selectable<UserTable>;

/** What a new person is made of. */
export interface UserEntry {
  readonly userId: string;
  readonly login: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly siteIds: readonly string[] | null;
  readonly passwordHash: string | null;
  readonly mustChangePassword: boolean;
  readonly oidcIdentity: string | null;
  readonly atMs: number;
}

/** Adds a person. */
export async function insertUser(database: Connection, entry: UserEntry): Promise<void> {
  await database
    .insertInto('users')
    .values({
      user_id: entry.userId,
      login: entry.login,
      name: entry.name,
      roles_json: JSON.stringify(entry.roles),
      site_ids_json: entry.siteIds === null ? null : JSON.stringify(entry.siteIds),
      password_hash: entry.passwordHash,
      must_change_password: entry.mustChangePassword ? 1 : 0,
      oidc_identity: entry.oidcIdentity,
      created_at_ms: entry.atMs,
      updated_at_ms: entry.atMs,
    })
    .execute();
}

/** The person of an identifier, of a login, or of an identity of the provider. */
export function findUser(
  database: Connection,
  by: 'user_id' | 'login' | 'oidc_identity',
  value: string,
): Promise<StoredUser | undefined> {
  return database.selectFrom('users').selectAll().where(by, '=', value).executeTakeFirst();
}

/** Those that may sign in, by their logins. */
export function listUsers(database: Connection, limit: number): Promise<readonly StoredUser[]> {
  return database.selectFrom('users').selectAll().orderBy('login').limit(limit).execute();
}

/** Writes what changed of a person. */
export async function updateUser(
  database: Connection,
  userId: string,
  change: Updateable<UserTable>,
  atMs: number,
): Promise<void> {
  await database
    .updateTable('users')
    .set({ ...change, updated_at_ms: atMs })
    .where('user_id', '=', userId)
    .execute();
}

/** The roles of a person. */
export function rolesOf(user: Pick<StoredUser, 'roles_json'>): readonly Role[] {
  return JSON.parse(user.roles_json) as readonly Role[];
}

/** The sites whose films a person may see; null: all. */
export function siteIdsOf(user: Pick<StoredUser, 'site_ids_json'>): readonly string[] | null {
  return user.site_ids_json === null ? null : (JSON.parse(user.site_ids_json) as readonly string[]);
}
