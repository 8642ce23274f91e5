/** Tables of who may sign in, and who is signed in. */
import type { Generated } from 'kysely';

/** The tables by name. */
export interface AccessTables {
  users: UserTable;
  sessions: SessionTable;
  sign_in_attempts: SignInAttemptTable;
}

/** A person that may sign in, by a password of this node or by the identity provider. */
export interface UserTable {
  user_id: string;
  /** Lower case; what is typed to sign in, or the provider's preferred name. */
  login: string;
  name: string;
  /** JSON list of roles. */
  roles_json: string;
  /** JSON list of site identifiers; null: all sites. */
  site_ids_json: string | null;
  /** scrypt with its parameters and salt; null for a person of the identity provider. */
  password_hash: string | null;
  must_change_password: Generated<0 | 1>;
  /** Issuer and subject; null for a local account. */
  oidc_identity: string | null;
  is_disabled: Generated<0 | 1>;
  failed_attempts: Generated<number>;
  locked_until_ms: Generated<number | null>;
  last_sign_in_ms: Generated<number | null>;
  created_at_ms: number;
  updated_at_ms: number;
}

/** A session of a browser. The cookie holds the token, the row only its SHA-256. */
export interface SessionTable {
  token_sha256: string;
  user_id: string;
  created_at_ms: number;
  seen_at_ms: number;
  /** The absolute end. */
  ends_at_ms: number;
}

/** A sign-in that went to the identity provider and has not come back yet. */
export interface SignInAttemptTable {
  state_sha256: string;
  code_verifier: string;
  nonce: string;
  return_to: string;
  ends_at_ms: number;
}
