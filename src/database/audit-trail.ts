import type { Connection } from './exam-records.ts';

/** Writes down who did what to which exam or referral. Subjects are our own identifiers, never a patient's. */
export async function recordAudit(
  database: Connection,
  entry: { readonly atMs: number; readonly actor: string; readonly action: string; readonly subject: string },
): Promise<void> {
  await database
    .insertInto('audit_trail')
    .values({ at_ms: entry.atMs, actor: entry.actor, action: entry.action, subject: entry.subject })
    .execute();
}
