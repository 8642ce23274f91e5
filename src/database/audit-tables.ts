/** Tables of who did what: the chained audit trail, and the history of settings. */
import type { Generated } from 'kysely';

/** Who saw, searched, changed or exported what, and when. */
export interface AuditTable {
  audit_id: Generated<number>;
  at_ms: number;
  /** `user …`, `system …`, `scanner …`, or a part of this service. */
  actor: string;
  action: string;
  /** An identifier of our own: exam, referral, person, setting. */
  subject: string;
  /** The person whose data it is about, where it is about one's. */
  person_id: Generated<string | null>;
  /** JSON; null where there is nothing more to say. */
  detail: Generated<string | null>;
  /** Place in the chain from 1; null until the row was sealed. */
  chain_no: Generated<number | null>;
  /** SHA-256 over the hash before and this row; null until the row was sealed. */
  hash: Generated<string | null>;
}

/** What a person changed of the node's settings, with what stood there before. */
export interface SettingChangeTable {
  change_id: Generated<number>;
  at_ms: number;
  actor: string;
  actor_name: string;
  /** sites, model NAME, user … */
  subject: string;
  before_json: string | null;
  after_json: string | null;
  note: string | null;
}
