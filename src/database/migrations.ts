import { type Kysely, type Migration, Migrator, sql } from 'kysely';
import { TriageError } from '../errors.ts';
import { createNodeRecord } from './migration-0003.ts';
import type { Database } from './schema.ts';

/** Forward only, in order, never edited once released. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-record': { up: createRecord },
  '0002-queue-and-deliveries': { up: createQueue },
  '0003-node': { up: createNodeRecord },
};

/** Brings a database to the newest schema; returns the names of what was applied. Each step is a transaction. */
export async function migrate(database: Kysely<Database>): Promise<readonly string[]> {
  const migrator = new Migrator({
    db: database,
    provider: { getMigrations: () => Promise.resolve({ ...MIGRATIONS }) },
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) {
    throw new TriageError('database-failed', 'the database could not be brought to the newest schema', {
      cause: error,
    });
  }
  return (results ?? []).map((result) => result.migrationName);
}

// A migration must not follow later changes of the schema's types, so it sees none.
async function createRecord(database: Kysely<never>): Promise<void> {
  const { schema } = database as unknown as Kysely<unknown>;
  await schema
    .createTable('persons')
    .addColumn('person_id', 'text', (c) => c.primaryKey())
    .addColumn('identity_key', 'text', (c) => c.notNull().unique())
    .addColumn('issuer', 'text')
    .addColumn('patient_id', 'text')
    .addColumn('name', 'text')
    .addColumn('birth_date', 'text')
    .addColumn('sex', 'text')
    .execute();
  await schema
    .createTable('exams')
    .addColumn('exam_id', 'text', (c) => c.primaryKey())
    .addColumn('person_id', 'text', (c) => c.notNull().references('persons.person_id'))
    .addColumn('study_uid', 'text', (c) => c.notNull())
    .addColumn('series_uid', 'text', (c) => c.notNull())
    .addColumn('sop_uid', 'text', (c) => c.notNull())
    .addColumn('sop_class_uid', 'text', (c) => c.notNull())
    .addColumn('transfer_syntax_uid', 'text', (c) => c.notNull())
    .addColumn('data_set_sha256', 'text', (c) => c.notNull())
    .addColumn('object_key', 'text', (c) => c.notNull())
    .addColumn('object_bytes', 'bigint', (c) => c.notNull())
    .addColumn('calling_ae_title', 'text', (c) => c.notNull())
    .addColumn('header_json', 'text', (c) => c.notNull())
    .addColumn('modality', 'text')
    .addColumn('view_name', 'text')
    .addColumn('age_years', 'integer')
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('reasons_json', 'text', (c) => c.notNull())
    .addColumn('analysis_json', 'text')
    .addColumn('received_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('finished_at_ms', 'bigint')
    .addUniqueConstraint('exams_instance', ['study_uid', 'series_uid', 'sop_uid'])
    .execute();
  await schema.createIndex('exams_by_state').on('exams').columns(['state', 'received_at_ms']).execute();
  await schema.createIndex('exams_by_arrival').on('exams').column('received_at_ms').execute();
  await schema
    .createTable('referrals')
    .addColumn('referral_id', 'text', (c) => c.primaryKey())
    .addColumn('person_id', 'text', (c) => c.notNull().references('persons.person_id'))
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('policy_version', 'text', (c) => c.notNull())
    .addColumn('created_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('updated_at_ms', 'bigint', (c) => c.notNull())
    .execute();
  // One person has one referral that is not yet ended, however many films arrive: the database keeps it so.
  await schema
    .createIndex('referrals_one_open')
    .unique()
    .on('referrals')
    .column('person_id')
    .where(sql.ref('state'), 'in', [sql.lit('open'), sql.lit('accepted')])
    .execute();
  await schema
    .createIndex('referrals_by_state')
    .on('referrals')
    .columns(['state', 'created_at_ms'])
    .execute();
  await schema
    .createTable('referral_exams')
    .addColumn('referral_id', 'text', (c) => c.notNull().references('referrals.referral_id'))
    .addColumn('exam_id', 'text', (c) => c.notNull().references('exams.exam_id'))
    .addPrimaryKeyConstraint('referral_exams_key', ['referral_id', 'exam_id'])
    .execute();
  await schema.createIndex('referral_exams_by_exam').on('referral_exams').column('exam_id').execute();
}

async function createQueue(database: Kysely<never>): Promise<void> {
  const { schema } = database as unknown as Kysely<unknown>;
  await schema
    .createTable('jobs')
    .addColumn('exam_id', 'text', (c) => c.primaryKey().references('exams.exam_id'))
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('due_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('lease_token', 'text')
    .addColumn('lease_until_ms', 'bigint')
    .addColumn('last_error', 'text')
    .execute();
  await schema.createIndex('jobs_by_due').on('jobs').columns(['state', 'due_at_ms']).execute();
  await schema
    .createTable('reports')
    .addColumn('exam_id', 'text', (c) => c.notNull().references('exams.exam_id'))
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('sop_class_uid', 'text', (c) => c.notNull())
    .addColumn('sop_uid', 'text', (c) => c.notNull().unique())
    .addColumn('object_key', 'text', (c) => c.notNull())
    .addColumn('object_bytes', 'bigint', (c) => c.notNull())
    .addColumn('created_at_ms', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('reports_key', ['exam_id', 'kind'])
    .execute();
  await schema
    .createTable('deliveries')
    .addColumn('exam_id', 'text', (c) => c.notNull().references('exams.exam_id'))
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('destination', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('due_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('first_try_at_ms', 'bigint')
    .addColumn('note', 'text')
    .addPrimaryKeyConstraint('deliveries_key', ['exam_id', 'kind', 'destination'])
    .execute();
  await schema
    .createIndex('deliveries_by_due')
    .on('deliveries')
    .columns(['state', 'destination', 'due_at_ms'])
    .execute();
  await schema
    .createTable('refusals')
    .addColumn('refusal_id', 'integer', (c) => c.primaryKey())
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addColumn('calling_ae_title', 'text', (c) => c.notNull())
    .addColumn('sop_uid', 'text')
    .addColumn('code', 'text', (c) => c.notNull())
    .addColumn('detail', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('audit_trail')
    .addColumn('audit_id', 'integer', (c) => c.primaryKey())
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('action', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .execute();
}
