import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OneTimePasswordAnswer, SessionAnswer } from '../access/session-views.ts';
import type { Role } from '../exam/staff.ts';
import type { ReferralAction, ReferralAnswer, ReferralListAnswer } from '../worklist/referral-views.ts';

/** The password of every account that tests and pictures make. */
export const TEST_PASSWORD = 'a-long-password-of-a-test';

/** An action, whatever version it is done at. */
type WithoutVersion<Action> = Action extends unknown ? Omit<Action, 'version'> : never;

/** A person at the worklist's API, as the pages are one: with a session, and its token at every change. */
export class WorklistClient {
  readonly url: string;
  #cookie = '';
  #csrfToken = '';

  constructor(url: string) {
    this.url = url;
  }

  /** Signs in; a one-time password is changed to TEST_PASSWORD on the way. */
  async signIn(login: string, password: string): Promise<SessionAnswer> {
    const session = await this.change<SessionAnswer>('POST', '/api/session', { login, password });
    this.#csrfToken = session.csrfToken ?? '';
    if (session.user?.mustChangePassword !== true) return session;
    const change = { password, newPassword: TEST_PASSWORD };
    const changed = await this.change<SessionAnswer>('POST', '/api/session/password', change);
    this.#csrfToken = changed.csrfToken ?? this.#csrfToken;
    return changed;
  }

  /** Adds an account and signs in with it. */
  async addColleague(login: string, name: string, roles: readonly Role[], siteIds: string[] | null = null) {
    const added = await this.change<OneTimePasswordAnswer>('POST', '/api/users', {
      ...{ login, name, roles, siteIds },
    });
    const colleague = new WorklistClient(this.url);
    await colleague.signIn(login, added.oneTimePassword);
    return colleague;
  }

  /** Reads JSON. */
  async read<Answer>(path: string): Promise<Answer> {
    return this.#ask<Answer>(path, { headers: { cookie: this.#cookie } });
  }

  /** Changes something. */
  async change<Answer>(method: string, path: string, body: object): Promise<Answer> {
    return this.#ask<Answer>(path, {
      method,
      headers: {
        'content-type': 'application/json',
        origin: new URL(this.url).origin,
        ...(this.#cookie === '' ? {} : { cookie: this.#cookie, 'x-csrf-token': this.#csrfToken }),
      },
      body: JSON.stringify(body),
    });
  }

  /** The rows of one tab. */
  async list(tab = 'all'): Promise<ReferralListAnswer> {
    return this.read<ReferralListAnswer>(`/api/referrals?tab=${tab}&sort=urgency&limit=50`);
  }

  /** Does one thing with a referral at the version that it has now. */
  async act(referralId: string, action: WithoutVersion<ReferralAction>): Promise<ReferralAnswer> {
    const { referral } = await this.read<ReferralAnswer>(`/api/referrals/${referralId}`);
    const body = { ...action, version: referral.version };
    return this.change<ReferralAnswer>('POST', `/api/referrals/${referralId}/actions`, body);
  }

  async #ask<Answer>(path: string, request: RequestInit): Promise<Answer> {
    const response = await fetch(new URL(path, this.url), request);
    const cookie = response.headers.getSetCookie()[0]?.split(';')[0];
    if (cookie !== undefined) this.#cookie = cookie;
    const text = await response.text();
    if (!response.ok) throw new Error(`${request.method ?? 'GET'} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as Answer;
  }
}

/** The first administrator of a fresh data folder, signed in. */
export async function signInFirst(url: string, dataFolder: string): Promise<WorklistClient> {
  const text = await readFile(join(dataFolder, 'first-sign-in.txt'), 'utf8');
  const [login = '', password = ''] = text.split('\n').map((line) => line.slice(line.indexOf(': ') + 2));
  const client = new WorklistClient(url);
  await client.signIn(login, password);
  return client;
}
