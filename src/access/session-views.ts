/** What the pages are told of sign-in and of users. */
import type { Role, Staff } from '../exam/staff.ts';
import type { SignInWay } from './access-gate.ts';

/** GET /api/session, and the answer of every change of it. */
export interface SessionAnswer {
  readonly user: (Staff & { readonly login: string; readonly mustChangePassword: boolean }) | null;
  readonly way: SignInWay;
  /** Every change carries it as x-csrf-token; null where nobody signed in. */
  readonly csrfToken: string | null;
  /** When the session ends unless something is done; null where nobody signs in. */
  readonly idleEndsAt: string | null;
}

/** DELETE /api/session. */
export interface SignOutAnswer {
  /** Where the browser goes to sign out at the identity provider, too; null: nowhere. */
  readonly signOutUrl: string | null;
}

/** One row of GET /api/users. */
export interface UserRow {
  readonly userId: string;
  readonly login: string;
  readonly name: string;
  readonly roles: readonly Role[];
  /** null: films of every site. */
  readonly siteIds: readonly string[] | null;
  /** oidc: roles and sites come from the identity provider at each sign-in and are not changed here. */
  readonly way: 'local' | 'oidc';
  readonly isDisabled: boolean;
  readonly mustChangePassword: boolean;
  /** Too many wrong passwords; null: not locked. */
  readonly lockedUntil: string | null;
  readonly lastSignInAt: string | null;
  readonly createdAt: string;
}

/** GET /api/users. */
export interface UsersAnswer {
  readonly at: string;
  readonly users: readonly UserRow[];
}

/** POST /api/users. */
export interface NewUser {
  readonly login: string;
  readonly name: string;
  readonly roles: readonly Role[];
  /** Only for a site user, and then at least one. */
  readonly siteIds: readonly string[] | null;
}

/** PATCH /api/users/:userId; what is left out stays. */
export interface UserChange {
  readonly name?: string | undefined;
  readonly roles?: readonly Role[] | undefined;
  readonly siteIds?: readonly string[] | null | undefined;
  readonly isDisabled?: boolean | undefined;
  /** true: lets a person in again who typed too many wrong passwords. */
  readonly unlock?: true | undefined;
}

/** PATCH /api/users/:userId and POST /api/users/:userId/sign-out. */
export interface UserAnswer {
  readonly user: UserRow;
}

/** POST /api/users and POST /api/users/:userId/password-reset. */
export interface OneTimePasswordAnswer extends UserAnswer {
  /** Told this once; it must be changed at the next sign-in. */
  readonly oneTimePassword: string;
}
