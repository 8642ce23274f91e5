import { randomUUID } from 'node:crypto';
import type { Kysely, Transaction } from 'kysely';
import type { Clock } from '../clock.ts';
import { type AuditDetail, recordAudit } from '../database/audit-trail.ts';
import type { Database } from '../database/schema.ts';
import { deleteSessionsOf } from '../database/session-records.ts';
import { transact } from '../database/transact.ts';
import {
  findUser,
  insertUser,
  listUsers,
  rolesOf,
  siteIdsOf,
  type StoredUser,
  updateUser,
} from '../database/user-records.ts';
import { TriageError } from '../errors.ts';
import type { Role } from '../exam/staff.ts';
import { makeOneTimePassword, Passwords } from './passwords.ts';
import type { SiteDirectory } from '../site-registry.ts';
import type { NewUser, UserChange, UserRow } from './session-views.ts';

const USERS_MAX = 1_000;
const LOGIN = /^[a-z0-9][a-z0-9._@+-]{1,63}$/;
const NAME_LENGTH_MAX = 120;

/** A person and the password that is told once. */
export interface WithPassword {
  readonly user: UserRow;
  readonly oneTimePassword: string;
}

/** Keeps the list of those who may sign in; each step says who took it. */
export class UserDesk {
  readonly #database: Kysely<Database>;
  readonly #sites: Pick<SiteDirectory, 'book'>;
  readonly #clock: Clock;
  readonly #passwords: Passwords;

  constructor(
    parts: {
      readonly database: Kysely<Database>;
      readonly sites: Pick<SiteDirectory, 'book'>;
      readonly clock: Clock;
    },
    passwords = new Passwords(),
  ) {
    this.#passwords = passwords;
    this.#database = parts.database;
    this.#sites = parts.sites;
    this.#clock = parts.clock;
  }

  async list(): Promise<readonly UserRow[]> {
    return (await listUsers(this.#database, USERS_MAX)).map((user) => this.#rowOf(user));
  }

  /** Adds a local account with a one-time password. Throws request-invalid, state-conflict. */
  async create(user: NewUser, actor: string): Promise<WithPassword> {
    const login = user.login.trim().toLowerCase();
    if (!LOGIN.test(login)) {
      throw new TriageError(
        'request-invalid',
        'login: 2 to 64 letters a to z, digits and . _ - @ +, with a letter or digit first',
      );
    }
    const name = checkedName(user.name);
    checkRoles(user.roles, user.siteIds);
    this.#requireSites(user.siteIds ?? []);
    const oneTimePassword = makeOneTimePassword();
    const passwordHash = await this.#passwords.hash(oneTimePassword);
    const userId = randomUUID();
    await transact(this.#database, async (transaction) => {
      if ((await findUser(transaction, 'login', login)) !== undefined) {
        throw new TriageError('state-conflict', 'that login is taken');
      }
      await insertUser(transaction, {
        ...{ userId, login, name, roles: user.roles, siteIds: user.siteIds, passwordHash },
        ...{ mustChangePassword: true, oidcIdentity: null, atMs: this.#clock.nowMs() },
      });
      await this.#audit(transaction, actor, 'user added', userId, {
        roles: user.roles,
        siteIds: user.siteIds,
      });
    });
    return { user: await this.read(userId), oneTimePassword };
  }

  /** Changes a person; a change of roles, sites or standing ends the sessions. Throws not-found, state-conflict. */
  async change(userId: string, change: UserChange, actor: string): Promise<UserRow> {
    await transact(this.#database, async (transaction) => {
      const user = await requireUser(transaction, userId);
      const roles = change.roles ?? rolesOf(user);
      const siteIds = change.siteIds === undefined ? siteIdsOf(user) : change.siteIds;
      const isDisabled = change.isDisabled ?? user.is_disabled === 1;
      const isOther = change.roles !== undefined || change.siteIds !== undefined;
      if (isOther && user.oidc_identity !== null) {
        throw new TriageError(
          'state-conflict',
          'roles and sites of this person come from the identity provider',
        );
      }
      if (isOther) checkRoles(roles, siteIds);
      // A site that has left the file still has films, and its people.
      const before = siteIdsOf(user) ?? [];
      this.#requireSites((siteIds ?? []).filter((siteId) => !before.includes(siteId)));
      if (isDisabled || !roles.includes('administrator')) await requireOtherAdministrator(transaction, user);
      await updateUser(
        transaction,
        userId,
        {
          ...(change.name === undefined ? {} : { name: checkedName(change.name) }),
          ...(isOther ? { roles_json: JSON.stringify(roles), site_ids_json: jsonOf(siteIds) } : {}),
          is_disabled: isDisabled ? 1 : 0,
          ...(change.unlock === true ? { failed_attempts: 0, locked_until_ms: null } : {}),
        },
        this.#clock.nowMs(),
      );
      if (isOther || change.isDisabled === true) await deleteSessionsOf(transaction, userId);
      const { name, ...said } = change;
      await this.#audit(transaction, actor, 'user changed', userId, {
        ...said,
        ...(name === undefined ? {} : { name: 'changed' }),
      });
    });
    return this.read(userId);
  }

  /** Gives a person a new one-time password and ends the sessions. Throws not-found, state-conflict. */
  async resetPassword(userId: string, actor: string): Promise<WithPassword> {
    const oneTimePassword = makeOneTimePassword();
    const passwordHash = await this.#passwords.hash(oneTimePassword);
    await transact(this.#database, async (transaction) => {
      const user = await requireUser(transaction, userId);
      if (user.oidc_identity !== null) {
        throw new TriageError(
          'state-conflict',
          'this person has no password here but one at the identity provider',
        );
      }
      await updateUser(
        transaction,
        userId,
        { password_hash: passwordHash, must_change_password: 1, failed_attempts: 0, locked_until_ms: null },
        this.#clock.nowMs(),
      );
      await deleteSessionsOf(transaction, userId);
      await this.#audit(transaction, actor, 'password reset', userId);
    });
    return { user: await this.read(userId), oneTimePassword };
  }

  /** Ends every session of a person. Throws not-found. */
  async signOut(userId: string, actor: string): Promise<UserRow> {
    await transact(this.#database, async (transaction) => {
      await requireUser(transaction, userId);
      await deleteSessionsOf(transaction, userId);
      await this.#audit(transaction, actor, 'sessions ended', userId);
    });
    return this.read(userId);
  }

  /** One person. Throws not-found. */
  async read(userId: string): Promise<UserRow> {
    return this.#rowOf(await requireUser(this.#database, userId));
  }

  /** The person of a login. Throws not-found. */
  async readByLogin(login: string): Promise<UserRow> {
    const user = await findUser(this.#database, 'login', login.trim().toLowerCase());
    if (user === undefined) throw new TriageError('not-found', 'there is no such login');
    return this.#rowOf(user);
  }

  /** Throws request-invalid for a site that the sites file does not have; without a file any may be named. */
  #requireSites(siteIds: readonly string[]): void {
    const known = siteIds.length === 0 ? undefined : this.#sites.book()?.sites.map(({ id }) => id);
    const unknown = siteIds.filter((siteId) => known?.includes(siteId) === false);
    if (known === undefined || unknown.length === 0) return;
    throw new TriageError(
      'request-invalid',
      `siteIds: the sites file has no site ${unknown.join(', ')}; it has ${known.join(', ')}`,
    );
  }

  #audit(
    transaction: Transaction<Database>,
    actor: string,
    action: string,
    userId: string,
    detail?: AuditDetail,
  ): Promise<void> {
    const entry = { atMs: this.#clock.nowMs(), actor, action, subject: `user ${userId}` };
    return recordAudit(transaction, detail === undefined ? entry : { ...entry, detail });
  }

  #rowOf(user: StoredUser): UserRow {
    const lockedUntilMs = user.locked_until_ms ?? 0;
    return {
      userId: user.user_id,
      login: user.login,
      name: user.name,
      roles: rolesOf(user),
      siteIds: siteIdsOf(user),
      way: user.oidc_identity === null ? 'local' : 'oidc',
      isDisabled: user.is_disabled === 1,
      mustChangePassword: user.must_change_password === 1,
      lockedUntil: lockedUntilMs > this.#clock.nowMs() ? isoTime(lockedUntilMs) : null,
      lastSignInAt: user.last_sign_in_ms === null ? null : isoTime(user.last_sign_in_ms),
      createdAt: isoTime(user.created_at_ms),
    };
  }
}

/** Throws request-invalid for roles that contradict each other, or sites that do not fit them. */
export function checkRoles(roles: readonly Role[], siteIds: readonly string[] | null): void {
  const refuse = (message: string): never => {
    throw new TriageError('request-invalid', message);
  };
  if (roles.length === 0) refuse('roles: at least one is needed');
  const isSiteUser = roles.includes('site-user');
  if (isSiteUser && (roles.includes('coordinator') || roles.includes('radiologist'))) {
    refuse('roles: a coordinator or radiologist sees the films of every site and is no site user');
  }
  if (isSiteUser && (siteIds ?? []).length === 0) refuse('siteIds: a site user needs at least one site');
  if (!isSiteUser && siteIds !== null) refuse('siteIds: only a site user has sites');
}

async function requireUser(
  database: Kysely<Database> | Transaction<Database>,
  userId: string,
): Promise<StoredUser> {
  const user = await findUser(database, 'user_id', userId);
  if (user === undefined) throw new TriageError('not-found', 'there is no such user');
  return user;
}

/** Somebody must be left who can let others in. */
async function requireOtherAdministrator(
  transaction: Transaction<Database>,
  user: StoredUser,
): Promise<void> {
  const isOne = (one: StoredUser): boolean => one.is_disabled === 0 && rolesOf(one).includes('administrator');
  if (!isOne(user)) return;
  const users = await listUsers(transaction, USERS_MAX);
  if (users.some((other) => other.user_id !== user.user_id && isOne(other))) return;
  throw new TriageError('state-conflict', 'this is the last administrator: make another one first');
}

function checkedName(name: string): string {
  const trimmed = name.trim().replaceAll(/\s+/g, ' ');
  if (trimmed === '' || trimmed.length > NAME_LENGTH_MAX || /\p{Cc}/u.test(trimmed)) {
    throw new TriageError('request-invalid', `name: 1 to ${NAME_LENGTH_MAX} characters`);
  }
  return trimmed;
}

function jsonOf(siteIds: readonly string[] | null): string | null {
  return siteIds === null ? null : JSON.stringify(siteIds);
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
