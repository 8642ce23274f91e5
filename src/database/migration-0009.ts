import type { Kysely } from 'kysely';

/** What is told to other systems. */
export async function createExchangeRecord(database: Kysely<never>): Promise<void> {
  const { schema } = database as unknown as Kysely<unknown>;
  await schema
    .createTable('messages')
    .addColumn('message_id', 'text', (c) => c.primaryKey())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('receiver', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('payload', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('attempts', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('due_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('created_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('delivered_at_ms', 'bigint')
    .addColumn('note', 'text')
    .execute();
  await schema
    .createIndex('messages_by_due')
    .on('messages')
    .columns(['state', 'receiver', 'due_at_ms'])
    .execute();
}
