/** What the auditor's page asks for and gets. */
import type { ChainLink, Unsealed } from '../database/audit-chain-records.ts';
import type { ChainFault } from './audit-verification.ts';

/** GET /api/audit: what is asked for; all of it must fit. */
export interface AuditQuery {
  /** Milliseconds since 1970: from this, and before that. */
  readonly fromMs?: number | undefined;
  readonly untilMs?: number | undefined;
  /** Name or login of a user, or an actor as the trail names it. */
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly subject?: string | undefined;
  /** Personnummer or Patient ID, whole, or an identifier of a person in this record. */
  readonly person?: string | undefined;
  /** Where the page before ended, as its answer said. */
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** One act. */
export interface AuditEntryView {
  readonly auditId: number;
  readonly at: string;
  readonly actor: string;
  /** The name of a user; null for others. */
  readonly actorName: string | null;
  readonly action: string;
  readonly subject: string;
  readonly personId: string | null;
  readonly detail: Readonly<Record<string, unknown>> | null;
  /** Place in the chain; null while it waits for one. */
  readonly number: number | null;
}

/** What one actor did with a person's data. */
export interface SeenByRow {
  readonly actor: string;
  readonly actorName: string | null;
  readonly action: string;
  readonly times: number;
  readonly firstAt: string;
  readonly lastAt: string;
}

/** GET /api/audit. */
export interface AuditAnswer {
  readonly at: string;
  readonly entries: readonly AuditEntryView[];
  /** null at the end. */
  readonly cursor: string | null;
  /** How many persons the search found; null where none was asked for. */
  readonly persons: number | null;
  /** Who has seen this person, the last first; null where no person was asked for, or not exactly one. */
  readonly seenBy: readonly SeenByRow[] | null;
}

/** What a verification found. */
export interface VerificationView {
  readonly at: string;
  readonly actor: string;
  readonly actorName: string | null;
  readonly isWhole: boolean;
  readonly rows: number;
  /** NUMBER:HASH. */
  readonly head: string | null;
  readonly firstBad: { readonly number: number; readonly fault: ChainFault } | null;
}

/** GET and POST /api/audit/verification. */
export interface VerificationAnswer {
  readonly at: string;
  readonly head: ChainLink | null;
  readonly unsealed: Unsealed;
  /** How far a verification has come that runs now. */
  readonly running: { readonly rows: number; readonly of: number } | null;
  /** The last one that came to its end. */
  readonly last: VerificationView | null;
}
