import type { Connection } from './exam-records.ts';

/** What is said of an act besides its subject: identifiers, counts, names of fields. */
export type AuditDetail = Readonly<Record<string, unknown>>;

/** One act, as it is written down. */
export interface AuditEntry {
  readonly atMs: number;
  readonly actor: string;
  readonly action: string;
  /** An identifier of our own, never a patient's. */
  readonly subject: string;
  /** The person whose data was seen or changed, where it is one's. */
  readonly personId?: string;
  readonly detail?: AuditDetail;
}

/** Writes down who did what to which exam, referral or person, within the transaction of what was done. */
export async function recordAudit(database: Connection, entry: AuditEntry): Promise<void> {
  await database
    .insertInto('audit_trail')
    .values({
      at_ms: entry.atMs,
      actor: entry.actor,
      action: entry.action,
      subject: entry.subject,
      person_id: entry.personId ?? null,
      detail: entry.detail === undefined ? null : JSON.stringify(ordered(entry.detail)),
    })
    .execute();
}

/** The same things said are the same text: keys in their order, at every depth. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, ordered(inner)]));
}
