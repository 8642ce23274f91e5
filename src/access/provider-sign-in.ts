import { createHash, randomUUID } from 'node:crypto';
import type { Kysely, Transaction } from 'kysely';
import type { Clock } from '../clock.ts';
import { recordAudit } from '../database/audit-trail.ts';
import type { Database } from '../database/schema.ts';
import { deleteSessionsOf, insertAttempt, takeAttempt } from '../database/session-records.ts';
import { transact } from '../database/transact.ts';
import { findUser, insertUser, type StoredUser, updateUser } from '../database/user-records.ts';
import { TriageError } from '../errors.ts';
import type { IdentityProvider, VouchedPerson } from './identity-provider.ts';
import type { Sessions } from './sessions.ts';

const ATTEMPT_MS_MAX = 10 * 60_000;
const PATH_LENGTH_MAX = 512;
const NAME_LENGTH_MAX = 120;

/** Sign-in at the identity provider, from leaving to coming back. */
export class ProviderSignIn {
  readonly #parts: {
    readonly database: Kysely<Database>;
    readonly clock: Clock;
    readonly sessions: Sessions;
    readonly provider: IdentityProvider;
  };

  constructor(parts: {
    readonly database: Kysely<Database>;
    readonly clock: Clock;
    readonly sessions: Sessions;
    readonly provider: IdentityProvider;
  }) {
    this.#parts = parts;
  }

  /** Where the browser goes, and the state that it keeps until it comes back. Throws peer-unreachable. */
  async begin(returnTo: string | undefined): Promise<{ readonly url: string; readonly state: string }> {
    const { database, clock, provider } = this.#parts;
    const { url, state, nonce, codeVerifier } = await provider.begin();
    await insertAttempt(database, {
      state_sha256: digestOf(state),
      code_verifier: codeVerifier,
      nonce,
      return_to: ownPath(returnTo),
      ends_at_ms: clock.nowMs() + ATTEMPT_MS_MAX,
    });
    return { url, state };
  }

  /**
   * Begins a session for who came back; returns its token and the page that was meant. Throws unauthorised where
   * this browser did not leave with that state, or came back before; forbidden where the person has no role here.
   */
  async finish(
    search: string,
    keptState: string | undefined,
  ): Promise<{ readonly token: string; readonly returnTo: string }> {
    const { database, clock, provider } = this.#parts;
    const state = new URLSearchParams(search).get('state');
    if (state === null || keptState !== state) {
      throw new TriageError('unauthorised', 'this browser did not ask for this sign-in');
    }
    const attempt = await takeAttempt(database, digestOf(state));
    if (attempt === undefined || attempt.ends_at_ms <= clock.nowMs()) {
      throw new TriageError('unauthorised', 'this sign-in came back before, or too late');
    }
    const { nonce, code_verifier: codeVerifier, return_to: returnTo } = attempt;
    const person = await provider.finish(search, { state, nonce, codeVerifier });
    return { token: await this.#startSession(person), returnTo };
  }

  /** Where the browser goes to sign out at the provider, too. */
  signOutUrl(): Promise<string | null> {
    return this.#parts.provider.signOutUrl();
  }

  async #startSession(person: VouchedPerson): Promise<string> {
    const { database, clock, sessions } = this.#parts;
    const outcome = await transact(database, async (transaction) => {
      const atMs = clock.nowMs();
      const known = await findUser(transaction, 'oidc_identity', person.identity);
      const reason = known?.is_disabled === 1 ? 'disabled' : person.roles.length === 0 ? 'no role' : null;
      if (reason !== null) {
        // Who lost the last role at the provider keeps no session of before.
        if (known !== undefined) await deleteSessionsOf(transaction, known.user_id);
        const subject = known === undefined ? 'unknown login' : `user ${known.user_id}`;
        const entry = { atMs, actor: 'anonymous', action: 'sign-in failed', subject, detail: { reason } };
        await recordAudit(transaction, entry);
        return { reason };
      }
      const userId = await this.#keepUser(transaction, person, known, atMs);
      const subject = `user ${userId}`;
      await recordAudit(transaction, { atMs, actor: subject, action: 'signed in', subject });
      return { token: await sessions.start(transaction, userId) };
    });
    if ('token' in outcome) return outcome.token;
    throw new TriageError(
      'forbidden',
      outcome.reason === 'disabled' ? 'the account is disabled here' : 'the person has no role here',
    );
  }

  /** Name, roles and sites are the provider's at each sign-in. */
  async #keepUser(
    transaction: Transaction<Database>,
    person: VouchedPerson,
    known: StoredUser | undefined,
    atMs: number,
  ): Promise<string> {
    const { roles, siteIds } = person;
    const name = person.name.slice(0, NAME_LENGTH_MAX);
    const rolesJson = JSON.stringify(roles);
    const siteIdsJson = siteIds === null ? null : JSON.stringify(siteIds);
    if (known === undefined) {
      const userId = randomUUID();
      await insertUser(transaction, {
        ...{ userId, name, roles, siteIds, oidcIdentity: person.identity, atMs },
        ...{
          login: await this.#freeLogin(transaction, person),
          passwordHash: null,
          mustChangePassword: false,
        },
      });
      const subject = `user ${userId}`;
      await recordAudit(transaction, {
        atMs,
        actor: 'identity provider',
        action: 'user added',
        subject,
        detail: { roles },
      });
      await updateUser(transaction, userId, { last_sign_in_ms: atMs }, atMs);
      return userId;
    }
    const isChanged = known.roles_json !== rolesJson || known.site_ids_json !== siteIdsJson;
    const change = { name, roles_json: rolesJson, site_ids_json: siteIdsJson, last_sign_in_ms: atMs };
    await updateUser(transaction, known.user_id, change, atMs);
    if (isChanged) {
      await deleteSessionsOf(transaction, known.user_id);
      const subject = `user ${known.user_id}`;
      await recordAudit(transaction, {
        atMs,
        actor: 'identity provider',
        action: 'user changed',
        subject,
        detail: { roles },
      });
    }
    return known.user_id;
  }

  /** A login that a local account or another person has is no reason to become that one. */
  async #freeLogin(transaction: Transaction<Database>, { login, identity }: VouchedPerson): Promise<string> {
    if ((await findUser(transaction, 'login', login)) === undefined) return login;
    return `${login} ${digestOf(identity).slice(0, 12)}`;
  }
}

/** A path of our own; anything that a browser would take for another host is the first page. */
function ownPath(path: string | undefined): string {
  if (path === undefined || path.length > PATH_LENGTH_MAX || !path.startsWith('/')) return '/';
  const own = 'http://own.invalid';
  if (!URL.canParse(path, own)) return '/';
  const { origin, pathname, search } = new URL(path, own);
  return origin === own && !pathname.startsWith('//') ? `${pathname}${search}` : '/';
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
