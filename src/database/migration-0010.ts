import { type Kysely, sql } from 'kysely';

/** Orders in which other systems read the record, the newest change first. */
export async function createExchangeIndexes(database: Kysely<never>): Promise<void> {
  const { schema } = database as unknown as Kysely<unknown>;
  const indexes: readonly (readonly [name: string, table: string, columns: readonly string[]])[] = [
    ['exams_by_end', 'exams', ['finished_at_ms', 'exam_id']],
    ['referrals_by_change', 'referrals', ['updated_at_ms', 'referral_id']],
    ['procedure_steps_by_change', 'procedure_steps', ['updated_at_ms', 'step_id']],
    ['procedure_steps_by_request', 'procedure_steps', ['requested_procedure_id']],
    ['dxa_measurements_by_time', 'dxa_measurements', ['at_ms', 'dxa_id']],
    ['risk_factors_by_time', 'risk_factors', ['at_ms', 'risk_id']],
    ['corrections_by_time', 'corrections', ['at_ms', 'correction_id']],
    ['referral_events_by_time', 'referral_events', ['at_ms', 'event_id']],
  ];
  // Most people are nobody else: an index of all of them looks useless to a planner, and it reads the table.
  await schema.dropIndex('persons_by_survivor').execute();
  await schema
    .createIndex('persons_by_survivor')
    .on('persons')
    .column('merged_into')
    .where(sql.ref('merged_into'), 'is not', null)
    .execute();
  for (const [name, table, columns] of indexes) {
    await schema
      .createIndex(name)
      .on(table)
      .columns([...columns])
      .execute();
  }
}
