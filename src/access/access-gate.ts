import type { Staff } from '../exam/staff.ts';

/** How people sign in: with a password of this node, at an identity provider, or not at all (benches and tests). */
export type SignInWay = 'local' | 'oidc' | 'off';

/** A person whose session is good. */
export interface SignedIn {
  readonly staff: Staff;
  readonly login: string;
  /** Until the password is changed nothing else may be asked for. */
  readonly mustChangePassword: boolean;
  /** What every change must carry; null where nobody signs in. */
  readonly csrfToken: string | null;
  /** When the session ends unless something is done; null where nobody signs in. */
  readonly idleEndsAtMs: number | null;
}

/** Another system that asks. */
export interface CallingSystem {
  readonly name: string;
  /** The sites whose films it may see; left out: every site's. */
  readonly sites?: readonly string[] | undefined;
}

/** Who is who, for the server that asks at every request. */
export interface AccessGate {
  readonly way: SignInWay;
  /**
   * The person whose browser holds a session's token; null where there is no such session any more. What is attended
   * puts the end of an idle session off.
   */
  identify(token: string | undefined, isAttended: boolean): Promise<SignedIn | null>;
  /** The other system that a bearer key belongs to. */
  findSystem(key: string): CallingSystem | undefined;
  /** The sites that a film came from; none where there is no such film. */
  sitesOfFilm(examId: string): Promise<readonly string[]>;
}
