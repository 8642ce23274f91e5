import type { Kysely } from 'kysely';
import { countedKey } from './engine.ts';

/** The audit trail becomes a chain, and settings get a history. */
export async function createAuditChain(database: Kysely<never>): Promise<void> {
  const db = database as unknown as Kysely<unknown>;
  const { schema } = db;
  for (const [name, type] of [
    ['person_id', 'text'],
    ['detail', 'text'],
    ['chain_no', 'bigint'],
    ['hash', 'text'],
  ] as const) {
    await schema.alterTable('audit_trail').addColumn(name, type).execute();
  }
  await schema.createIndex('audit_trail_by_chain').unique().on('audit_trail').column('chain_no').execute();
  await schema
    .createIndex('audit_trail_by_person')
    .on('audit_trail')
    .columns(['person_id', 'audit_id'])
    .execute();
  await schema
    .createTable('setting_changes')
    .addColumn('change_id', ...countedKey(db))
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('actor_name', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('before_json', 'text')
    .addColumn('after_json', 'text')
    .addColumn('note', 'text')
    .execute();
}
