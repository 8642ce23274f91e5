import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import { recordAudit } from '../database/audit-trail.ts';
import type { Connection } from '../database/exam-records.ts';
import type { Database } from '../database/schema.ts';
import {
  deleteEnded,
  deleteSession,
  findSession,
  insertSession,
  type StoredSession,
  touchSession,
} from '../database/session-records.ts';
import { transact } from '../database/transact.ts';
import { rolesOf, siteIdsOf } from '../database/user-records.ts';
import { actorOf, type Staff } from '../exam/staff.ts';
import type { SignedIn } from './access-gate.ts';

const TOKEN_BYTES = 32;
/** An idle time is kept to the minute, so not every request has to write. */
const TOUCH_MS = 30_000;

/** When sessions end. */
export interface SessionLimits {
  readonly idleMs: number;
  readonly absoluteMs: number;
}

/** Sessions on the server: a browser holds a random token, the record its digest. */
export class Sessions {
  readonly #database: Kysely<Database>;
  readonly #clock: Clock;
  readonly #limits: SessionLimits;

  constructor(database: Kysely<Database>, clock: Clock, limits: SessionLimits) {
    this.#database = database;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Begins a session, in the transaction of the sign-in; returns its token. */
  async start(database: Connection, userId: string): Promise<string> {
    const nowMs = this.#clock.nowMs();
    await deleteEnded(database, nowMs, nowMs - this.#limits.idleMs);
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    await insertSession(database, {
      token_sha256: digestOf(token),
      user_id: userId,
      created_at_ms: nowMs,
      seen_at_ms: nowMs,
      ends_at_ms: nowMs + this.#limits.absoluteMs,
    });
    return token;
  }

  /** The person of a session's token; null where it ended. */
  async identify(token: string | undefined, isAttended: boolean): Promise<SignedIn | null> {
    if (token === undefined || token === '') return null;
    const digest = digestOf(token);
    const session = await findSession(this.#database, digest);
    if (session === undefined || session.is_disabled === 1) return null;
    const nowMs = this.#clock.nowMs();
    const { idleMs } = this.#limits;
    if (nowMs >= Math.min(session.ends_at_ms, session.seen_at_ms + idleMs)) {
      await deleteSession(this.#database, digest);
      return null;
    }
    const isTouched = isAttended && nowMs - session.seen_at_ms >= Math.min(TOUCH_MS, idleMs / 10);
    if (isTouched) await touchSession(this.#database, digest, nowMs);
    const seenAtMs = isTouched ? nowMs : session.seen_at_ms;
    return {
      ...personOf(session),
      csrfToken: csrfTokenOf(token),
      idleEndsAtMs: Math.min(session.ends_at_ms, seenAtMs + idleMs),
    };
  }

  /** Ends a session; `staff` is who asked for it, null where another session takes its place. */
  end(token: string, staff: Staff | null): Promise<void> {
    return transact(this.#database, async (transaction) => {
      await deleteSession(transaction, digestOf(token));
      if (staff === null) return;
      const actor = actorOf(staff);
      await recordAudit(transaction, {
        atMs: this.#clock.nowMs(),
        actor,
        action: 'signed out',
        subject: actor,
      });
    });
  }
}

/** Only who holds the session's token can make it, and from it the token cannot be made. */
function csrfTokenOf(token: string): string {
  return createHmac('sha256', token).update('x-csrf-token').digest('base64url');
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function personOf(session: StoredSession): Pick<SignedIn, 'staff' | 'login' | 'mustChangePassword'> {
  return {
    staff: {
      userId: session.user_id,
      name: session.name,
      roles: rolesOf(session),
      siteIds: siteIdsOf(session),
    },
    login: session.login,
    mustChangePassword: session.must_change_password === 1,
  };
}
