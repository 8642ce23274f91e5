import { type Kysely, sql, type Transaction } from 'kysely';
import { TriageError } from '../errors.ts';
import { countedKey, engineOf } from './engine.ts';
import { createNodeRecord } from './migration-0003.ts';
import { createEngineRecord } from './migration-0004.ts';
import { createAssessmentRecord } from './migration-0005.ts';
import { createWorklistRecord } from './migration-0006.ts';
import { createAccessRecord } from './migration-0007.ts';
import { createAuditChain } from './migration-0008.ts';
import { createExchangeRecord } from './migration-0009.ts';
import { createExchangeIndexes } from './migration-0010.ts';
import type { Database } from './schema.ts';

/** Where the applied steps are written down; the name is that of Kysely's own migrator, which the first release used. */
const STEPS_TABLE = 'kysely_migration';

/** Number of the lock that a process holds while it changes the schema: any that nothing else uses. */
const MIGRATION_LOCK = 7_126_001;

/** A step of the schema; it runs within a transaction that is not its own. */
type Migration = (database: Kysely<never>) => Promise<void>;

/** Steps by name, in order. */
export type Migrations = Readonly<Record<string, Migration>>;

/** Forward only, in order, never edited once released. */
export const MIGRATIONS: Migrations = {
  '0001-record': createRecord,
  '0002-queue-and-deliveries': createQueue,
  '0003-node': createNodeRecord,
  '0004-engine': createEngineRecord,
  '0005-assessments': createAssessmentRecord,
  '0006-worklist': createWorklistRecord,
  '0007-access': createAccessRecord,
  '0008-audit': createAuditChain,
  '0009-exchange': createExchangeRecord,
  '0010-exchange-indexes': createExchangeIndexes,
};

/** Which steps a database has and which it lacks. */
export interface SchemaStanding {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
}

/** Looks without changing anything. Throws database-newer where a step was applied that this program lacks. */
export async function readSchemaStanding(
  database: Kysely<Database>,
  migrations: Migrations = MIGRATIONS,
): Promise<SchemaStanding> {
  const { rows: tables } = await (
    engineOf(database) === 'sqlite'
      ? sql`SELECT 1 FROM sqlite_master WHERE name = ${STEPS_TABLE}`
      : sql`SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = ${STEPS_TABLE}`
  ).execute(database);
  const { rows } =
    tables.length === 0
      ? { rows: [] }
      : await sql<{ name: string }>`SELECT name FROM ${sql.table(STEPS_TABLE)} ORDER BY name`.execute(
          database,
        );
  const applied = rows.map(({ name }) => name);
  const unknown = applied.filter((name) => !Object.hasOwn(migrations, name));
  if (unknown.length > 0) {
    throw new TriageError(
      'database-newer',
      `the database has the step ${unknown.join(', ')} of a newer version of this program; nothing was changed`,
    );
  }
  return { applied, pending: Object.keys(migrations).filter((name) => !applied.includes(name)) };
}

/**
 * Brings a database to the newest schema; returns the names of what was applied. All steps are one transaction: one
 * that fails leaves the database as it was, for the version of the program that it was made by. Of several processes
 * that begin at once one does it and the others wait. Throws migration-failed and database-newer.
 */
export async function migrate(
  database: Kysely<Database>,
  migrations: Migrations = MIGRATIONS,
): Promise<readonly string[]> {
  if ((await readSchemaStanding(database, migrations)).pending.length === 0) return [];
  const apply = async (transaction: Transaction<Database>): Promise<readonly string[]> => {
    const { pending } = await readSchemaStanding(transaction, migrations);
    await applySteps(transaction, migrations, pending);
    return pending;
  };
  if (engineOf(database) === 'postgres') {
    return database.transaction().execute(async (transaction) => {
      await sql`SELECT pg_advisory_xact_lock(${sql.lit(MIGRATION_LOCK)})`.execute(transaction);
      const applied = await apply(transaction);
      await collateByBytes(transaction);
      return applied;
    });
  }
  return database.connection().execute(async (connection) => {
    // A table that is built anew is dropped first, which must not delete what refers to it: so references are not
    // followed meanwhile and are checked at the end. The pragma does nothing within a transaction.
    await sql`PRAGMA foreign_keys = OFF`.execute(connection);
    try {
      return await connection.transaction().execute(apply);
    } finally {
      await sql`PRAGMA foreign_keys = ON`.execute(connection);
    }
  });
}

/**
 * Gives every column of text the order that SQLite has. That of a language would sort UIDs and dates in its own way, and
 * when the system's tables of it change, indexes on it no longer find what they hold.
 */
async function collateByBytes(transaction: Transaction<Database>): Promise<void> {
  const { rows } = await sql<{ table: string; columns: readonly string[] }>`
    SELECT table_name AS "table", array_agg(column_name::text) AS columns FROM information_schema.columns
    WHERE table_schema = current_schema() AND data_type IN ('text', 'character varying')
      AND collation_name IS DISTINCT FROM 'C'
    GROUP BY table_name`.execute(transaction);
  for (const { table, columns } of rows) {
    const changes = columns.map((column) => sql`ALTER COLUMN ${sql.ref(column)} TYPE text COLLATE "C"`);
    await sql`ALTER TABLE ${sql.table(table)} ${sql.join(changes)}`.execute(transaction);
  }
}

async function applySteps(
  transaction: Transaction<Database>,
  migrations: Migrations,
  pending: readonly string[],
): Promise<void> {
  await transaction.schema
    .createTable(STEPS_TABLE)
    .ifNotExists()
    .addColumn('name', 'varchar(255)', (c) => c.primaryKey().notNull())
    .addColumn('timestamp', 'varchar(255)', (c) => c.notNull())
    .execute();
  for (const name of pending) {
    try {
      await migrations[name]?.(transaction as unknown as Kysely<never>);
      await checkReferences(transaction);
    } catch (cause) {
      throw new TriageError(
        'migration-failed',
        `the step ${name} failed and the database was left as it was`,
        { cause },
      );
    }
    const atText = new Date().toISOString();
    await sql`INSERT INTO ${sql.table(STEPS_TABLE)} VALUES (${name}, ${atText})`.execute(transaction);
  }
}

/** PostgreSQL checks them by itself. */
async function checkReferences(transaction: Transaction<Database>): Promise<void> {
  if (engineOf(transaction) === 'postgres') return;
  const { rows: broken } = await sql`PRAGMA foreign_key_check`.execute(transaction);
  if (broken.length > 0) throw new TriageError('database-failed', `${broken.length} references are broken`);
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
  const db = database as unknown as Kysely<unknown>;
  const { schema } = db;
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
    .addColumn('refusal_id', ...countedKey(db))
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addColumn('calling_ae_title', 'text', (c) => c.notNull())
    .addColumn('sop_uid', 'text')
    .addColumn('code', 'text', (c) => c.notNull())
    .addColumn('detail', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('audit_trail')
    .addColumn('audit_id', ...countedKey(db))
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('action', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .execute();
}
