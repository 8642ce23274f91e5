import type { Kysely } from 'kysely';

/**
 * What each film on a referral asks for besides the DXA that all of them ask for. An earlier version finds thin
 * cortices alone, which ask for FRAX: so say the rows that stand here already, and those that a process of that
 * version still writes during an upgrade.
 */
export async function createAssessmentRecord(database: Kysely<never>): Promise<void> {
  const { schema } = database as unknown as Kysely<unknown>;
  for (const [name, earlier] of [
    ['asks_treatment', 0],
    ['asks_frax', 1],
  ] as const) {
    await schema
      .alterTable('referral_exams')
      .addColumn(name, 'integer', (c) => c.notNull().defaultTo(earlier))
      .execute();
  }
}
