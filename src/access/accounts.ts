import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import { recordAudit } from '../database/audit-trail.ts';
import type { Database } from '../database/schema.ts';
import { deleteSessionsOf } from '../database/session-records.ts';
import { transact } from '../database/transact.ts';
import { findUser, type StoredUser, updateUser } from '../database/user-records.ts';
import { TriageError } from '../errors.ts';
import { checkNewPassword, type Passwords } from './passwords.ts';
import type { Sessions } from './sessions.ts';

const LOCK_MS = 60_000;
const LOCK_MS_MAX = 60 * 60_000;
/** Passwords are hashed one after the other: a flood of them must not take the machine from films that arrive. */
const WAITING_MAX = 20;
/** The same words whatever was wrong: nobody learns which logins there are. */
const REFUSED =
  'login or password is wrong, or wrong passwords were typed too often: then wait, or ask an administrator';

/** What local accounts stand on. */
export interface AccountParts {
  readonly database: Kysely<Database>;
  readonly clock: Clock;
  readonly sessions: Sessions;
  readonly passwords: Passwords;
  readonly failuresMax: number;
  /** Told whose password was changed. */
  readonly passwordChanged: (login: string) => Promise<void>;
}

interface Attempt {
  readonly user: StoredUser | undefined;
  readonly isLocked: boolean;
}

/** Sign-in by a password of this node. */
export class Accounts {
  readonly #parts: AccountParts;
  #hashing: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(parts: AccountParts) {
    this.#parts = parts;
  }

  /** Begins a session; returns its token. Throws unauthorised, in the same words and time whatever was wrong. */
  async signIn(login: string, password: string): Promise<string> {
    const user = await this.#prove(login.trim().toLowerCase(), password);
    return this.#startSession(user, { last_sign_in_ms: this.#parts.clock.nowMs() }, 'signed in');
  }

  /** Changes the own password, ends every session of the person and begins a new one; returns its token. */
  async changePassword(login: string, password: string, newPassword: string): Promise<string> {
    checkNewPassword(newPassword, login);
    if (newPassword === password) {
      throw new TriageError('request-invalid', 'the new password is the present one');
    }
    const user = await this.#prove(login, password);
    const hash = await this.#inLine(() => this.#parts.passwords.hash(newPassword));
    const change = { password_hash: hash, must_change_password: 0 } as const;
    const token = await this.#startSession(user, change, 'password changed');
    await this.#parts.passwordChanged(login);
    return token;
  }

  async #prove(login: string, password: string): Promise<StoredUser> {
    const { user, isLocked } = await this.#noteAttempt(login);
    const isRight = await this.#inLine(() =>
      this.#parts.passwords.verify(password, user?.password_hash ?? null),
    );
    if (user !== undefined && isRight && !isLocked && user.is_disabled === 0) return user;
    const { database, clock } = this.#parts;
    await recordAudit(database, {
      atMs: clock.nowMs(),
      actor: 'anonymous',
      action: 'sign-in failed',
      // What was typed may be a password in the wrong field, so it is not written down.
      subject: user === undefined ? 'unknown login' : `user ${user.user_id}`,
      detail: { locked: isLocked },
    });
    throw new TriageError('unauthorised', REFUSED);
  }

  /** An attempt counts before the password is looked at, so that many at once are no way around the count. */
  #noteAttempt(login: string): Promise<Attempt> {
    const { database, clock, failuresMax } = this.#parts;
    return transact(database, async (transaction) => {
      const user = await findUser(transaction, 'login', login);
      const nowMs = clock.nowMs();
      if (user === undefined) return { user, isLocked: false };
      if ((user.locked_until_ms ?? 0) > nowMs) return { user, isLocked: true };
      const failures = user.failed_attempts + 1;
      const lockMs = Math.min(LOCK_MS_MAX, LOCK_MS * 2 ** Math.min(failures - failuresMax, 10));
      const lockedUntilMs = failures < failuresMax ? null : nowMs + lockMs;
      const change = { failed_attempts: failures, locked_until_ms: lockedUntilMs };
      await updateUser(transaction, user.user_id, change, nowMs);
      return { user, isLocked: false };
    });
  }

  #startSession(user: StoredUser, change: Parameters<typeof updateUser>[2], action: string): Promise<string> {
    const { database, clock, sessions } = this.#parts;
    return transact(database, async (transaction) => {
      const atMs = clock.nowMs();
      const now = await findUser(transaction, 'user_id', user.user_id);
      // While the password was hashed an administrator may have reset it, or disabled the account.
      if (now?.password_hash !== user.password_hash || now.is_disabled === 1) {
        throw new TriageError('unauthorised', REFUSED);
      }
      await updateUser(
        transaction,
        user.user_id,
        { ...change, failed_attempts: 0, locked_until_ms: null },
        atMs,
      );
      if ('password_hash' in change) await deleteSessionsOf(transaction, user.user_id);
      const subject = `user ${user.user_id}`;
      await recordAudit(transaction, { atMs, actor: subject, action, subject });
      return sessions.start(transaction, user.user_id);
    });
  }

  async #inLine<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#waiting >= WAITING_MAX) {
      throw new TriageError('server-busy', 'many people sign in at this moment');
    }
    this.#waiting += 1;
    const done = this.#hashing.then(work);
    this.#hashing = done.catch(() => undefined);
    return done.finally(() => {
      this.#waiting -= 1;
    });
  }
}
