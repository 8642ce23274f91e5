import { pictureObjectKey } from '../archive/archive.ts';
import type { Connection } from '../database/exam-records.ts';
import type { Database } from '../database/schema.ts';
import type { BackupManifest } from './backup-manifest.ts';

/** Rows that are read together. */
const PAGE_ROWS = 10_000;

/**
 * The keys of all objects that a record names: films that retention has not removed, reports, and the pictures of
 * films, which need not exist.
 */
export async function listObjectKeys(
  database: Connection,
): Promise<ReadonlyMap<string, 'needed' | 'picture'>> {
  const keys = new Map<string, 'needed' | 'picture'>();
  let after = '';
  for (;;) {
    const exams: readonly { readonly examId: string; readonly key: string }[] = await database
      .selectFrom('exams')
      .select(['exam_id as examId', 'object_key as key'])
      .where('object_removed_at_ms', 'is', null)
      .where('exam_id', '>', after)
      .orderBy('exam_id')
      .limit(PAGE_ROWS)
      .execute();
    for (const { examId, key } of exams) {
      keys.set(key, 'needed');
      keys.set(pictureObjectKey(examId, 'preview'), 'picture');
      keys.set(pictureObjectKey(examId, 'overlay'), 'picture');
    }
    const last = exams.at(-1);
    if (last === undefined) break;
    after = last.examId;
  }
  const reports = await database.selectFrom('reports').select('object_key as key').execute();
  for (const { key } of reports) keys.set(key, 'needed');
  return keys;
}

/** How many rows the tables have that matter most. */
export async function countRows(database: Connection): Promise<BackupManifest['rows']> {
  const count = async (table: keyof Database): Promise<number> => {
    const row = await database
      .selectFrom(table)
      .select((select) => select.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return row.count;
  };
  return {
    persons: await count('persons'),
    exams: await count('exams'),
    reports: await count('reports'),
    referrals: await count('referrals'),
  };
}
