import { type Kysely, sql } from 'kysely';
import { countedKey } from './engine.ts';

/** What is told to other systems. */
export async function createExchangeRecord(database: Kysely<never>): Promise<void> {
  const db = database as unknown as Kysely<unknown>;
  await createMessages(db);
  await markResults(db);
}

async function createMessages(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('messages')
    .addColumn('message_number', ...countedKey(db))
    .addColumn('message_id', 'text', (c) => c.notNull().unique())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('receiver', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('about', 'text', (c) => c.notNull())
    .addColumn('standing', 'text')
    .addColumn('digest', 'text')
    .addColumn('payload', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('attempts', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('due_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('created_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('first_try_at_ms', 'bigint')
    .addColumn('delivered_at_ms', 'bigint')
    .addColumn('note', 'text')
    .execute();
  await schema
    .createIndex('messages_by_due')
    .on('messages')
    .columns(['state', 'receiver', 'due_at_ms'])
    .execute();
  await schema.createIndex('messages_by_state').on('messages').columns(['state', 'due_at_ms']).execute();
  await schema
    .createIndex('messages_by_subject')
    .on('messages')
    .columns(['subject', 'receiver', 'message_number'])
    .execute();
}

/** What was found before other systems were told of anything is no news to them. */
async function markResults(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('exams')
    .addColumn('is_told', 'integer', (c) => c.notNull().defaultTo(1))
    .execute();
  await db.schema
    .createIndex('exams_untold')
    .on('exams')
    .column('exam_id')
    .where(sql.ref('is_told'), '=', sql.lit(0))
    .execute();
}
