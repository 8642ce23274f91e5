import { recordAudit } from './audit-trail.ts';
import type { Connection } from './exam-records.ts';

/** What somebody changed of the node. */
export interface SettingChange {
  readonly atMs: number;
  readonly actor: string;
  readonly actorName: string;
  /** sites, model NAME … */
  readonly subject: string;
  /** JSON; null where there was, or is, nothing. */
  readonly before: string | null;
  readonly after: string | null;
  readonly note: string | null;
}

/** A change as it stands in the history. */
export interface SettingChangeRow extends SettingChange {
  readonly changeId: number;
}

/** Writes a change into the history, within the transaction of the change. */
export async function recordSettingChange(database: Connection, change: SettingChange): Promise<void> {
  const { atMs, actor, actorName, subject, before, after, note } = change;
  await database
    .insertInto('setting_changes')
    .values({
      ...{ at_ms: atMs, actor, actor_name: actorName, subject, note },
      ...{ before_json: before, after_json: after },
    })
    .execute();
}

/** The history, the newest first; `beforeId` is where the page before ended. */
export function listSettingChanges(
  database: Connection,
  page: { readonly beforeId: number | null; readonly limit: number },
): Promise<readonly SettingChangeRow[]> {
  return database
    .selectFrom('setting_changes')
    .select(['change_id as changeId', 'at_ms as atMs', 'actor', 'actor_name as actorName', 'subject'])
    .select(['before_json as before', 'after_json as after', 'note'])
    .where('change_id', '<', page.beforeId ?? Number.MAX_SAFE_INTEGER)
    .orderBy('change_id', 'desc')
    .limit(page.limit)
    .execute();
}

/** Both at once: the history and who did it. */
export async function recordAdministration(
  database: Connection,
  change: SettingChange,
  action: string,
): Promise<void> {
  const { atMs, actor, subject, note } = change;
  await recordSettingChange(database, change);
  await recordAudit(database, {
    atMs,
    actor,
    action,
    subject,
    ...(note === null ? {} : { detail: { note } }),
  });
}
