import { UNENDED_STATES } from '../../src/exam/referral-life.ts';
import { databasePath, openSqlite } from '../../src/database/sqlite.ts';

/** Exams triaged more than once and people with more than one open referral, in words; empty when all is well. */
export async function findDoubles(dataFolder: string): Promise<readonly string[]> {
  const database = openSqlite(databasePath(dataFolder), { readOnly: true });
  try {
    const triages = await database
      .selectFrom('audit_trail')
      .select((select) => ['subject', select.fn.countAll<number>().as('times')])
      .where('action', 'like', 'exam %')
      .groupBy('subject')
      .having((having) => having.fn.countAll(), '>', 1)
      .execute();
    const referrals = await database
      .selectFrom('referrals')
      .select((select) => ['person_id', select.fn.countAll<number>().as('times')])
      .where('state', 'in', UNENDED_STATES)
      .groupBy('person_id')
      .having((having) => having.fn.countAll(), '>', 1)
      .execute();
    return [
      ...triages.map((row) => `exam ${row.subject} was triaged ${row.times} times`),
      ...referrals.map((row) => `person ${row.person_id} has ${row.times} open referrals`),
    ];
  } finally {
    await database.destroy();
  }
}
