import { type Kysely, sql } from 'kysely';
import { countedKey, engineOf } from './engine.ts';

/** Priorities and traces of jobs, the choice of models and their shadows, calibrations, and duties of one for all. */
export async function createEngineRecord(database: Kysely<never>): Promise<void> {
  const db = database as unknown as Kysely<unknown>;
  await widenJobs(db);
  await widenExams(db);
  await createModelRecord(db);
  await createTallies(db);
  await db.schema
    .createTable('duties')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('holder', 'text', (c) => c.notNull())
    .addColumn('token', 'text', (c) => c.notNull())
    .addColumn('until_ms', 'bigint', (c) => c.notNull())
    .execute();
}

async function widenJobs(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  const jobs = () => schema.alterTable('jobs');
  await jobs()
    .addColumn('priority', 'text', (c) => c.notNull().defaultTo('routine'))
    .execute();
  await jobs()
    .addColumn('rank_ms', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute();
  await jobs().addColumn('trace_parent', 'text').execute();
  await jobs()
    .addColumn('deaths', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await sql`UPDATE jobs SET rank_ms = due_at_ms`.execute(db);
  // It would be taken for what is due now, which is nearly all that waits, and all of that would have to be sorted.
  await schema.dropIndex('jobs_by_due').execute();
  await schema.createIndex('jobs_by_rank').on('jobs').columns(['state', 'rank_ms', 'due_at_ms']).execute();
  await schema.createIndex('jobs_by_lease').on('jobs').columns(['state', 'lease_until_ms']).execute();
}

/** What viewers look for gets columns and indexes of its own; it stood in the header alone. */
async function widenExams(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema.alterTable('exams').addColumn('study_date', 'text').execute();
  await schema.alterTable('exams').addColumn('accession_number', 'text').execute();
  const of = (name: string) =>
    engineOf(db) === 'sqlite'
      ? sql`json_extract(header_json, ${sql.lit(`$.${name}`)})`
      : sql`header_json::json ->> ${sql.lit(name)}`;
  await sql`UPDATE exams SET study_date = ${of('studyDate')}, accession_number = ${of('accessionNumber')}`.execute(
    db,
  );
  await createIndexes(schema);
}

/** What is looked for must be found along an index however much there is (src/database/query-plan.test.ts). */
async function createIndexes(schema: Kysely<unknown>['schema']): Promise<void> {
  const columns: readonly (readonly [name: string, table: string, columns: readonly string[]])[] = [
    // Its last columns are what a list of studies is made of: a film's row is long.
    ['exams_by_site', 'exams', ['site_id', 'received_at_ms', 'exam_id', 'object_removed_at_ms', 'study_uid']],
    ['exams_by_study_date', 'exams', ['site_id', 'study_date']],
    ['exam_senders_by_exam', 'exam_senders', ['exam_id']],
    ['referrals_by_creation', 'referrals', ['created_at_ms']],
    ['deliveries_by_state', 'deliveries', ['state', 'due_at_ms']],
    ['dxa_results_by_arrival', 'dxa_results', ['received_at_ms']],
    ['audit_by_subject', 'audit_trail', ['subject', 'audit_id']],
    ['identity_changes_to', 'identity_changes', ['to_person_id']],
    ['identity_changes_from', 'identity_changes', ['from_person_id']],
    ['persons_by_survivor', 'persons', ['merged_into']],
  ];
  for (const [name, table, of] of columns) {
    await schema
      .createIndex(name)
      .on(table)
      .columns([...of])
      .execute();
  }
  const lowerCase = [
    ['exams_by_accession', 'exams', 'accession_number'],
    ['persons_by_name', 'persons', 'name'],
    ['persons_by_id_text', 'persons', 'patient_id'],
  ] as const;
  for (const [name, table, column] of lowerCase) {
    await schema
      .createIndex(name)
      .on(table)
      .expression(sql`lower(${sql.ref(column)})`)
      .execute();
  }
}

async function createModelRecord({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('model_choices')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('active_version', 'text')
    .addColumn('previous_version', 'text')
    .addColumn('shadow_version', 'text')
    .addColumn('changed_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('actor', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('model_failures')
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('version', 'text', (c) => c.notNull())
    .addColumn('sha256', 'text', (c) => c.notNull())
    .addColumn('code', 'text', (c) => c.notNull())
    .addColumn('detail', 'text', (c) => c.notNull())
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('model_failures_key', ['name', 'version'])
    .execute();
  await schema
    .createTable('shadow_results')
    .addColumn('exam_id', 'text', (c) => c.notNull().references('exams.exam_id'))
    .addColumn('revision', 'integer', (c) => c.notNull())
    .addColumn('model', 'text', (c) => c.notNull())
    .addColumn('version', 'text', (c) => c.notNull())
    .addColumn('active_version', 'text', (c) => c.notNull())
    .addColumn('outcome', 'text', (c) => c.notNull())
    .addColumn('analysis_json', 'text', (c) => c.notNull())
    .addColumn('created_at_ms', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('shadow_results_key', ['exam_id', 'revision', 'model', 'version'])
    .execute();
  await schema
    .createIndex('shadow_results_by_model')
    .on('shadow_results')
    .columns(['model', 'version', 'created_at_ms'])
    .execute();
  await schema
    .createTable('calibrations')
    .addColumn('model_sha256', 'text', (c) => c.notNull())
    .addColumn('device', 'text', (c) => c.notNull())
    .addColumn('items_max', 'integer', (c) => c.notNull())
    .addColumn('measured_json', 'text', (c) => c.notNull())
    .addColumn('measured_at_ms', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('calibrations_key', ['model_sha256', 'device'])
    .execute();
}

async function createTallies(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('tallies')
    .addColumn('tally_id', ...countedKey(db))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('amount', 'bigint', (c) => c.notNull())
    .execute();
  await sql`INSERT INTO tallies (name, amount) SELECT 'exam ' || state, count(*) FROM exams GROUP BY state
    UNION ALL SELECT 'referral', count(*) FROM referrals
    UNION ALL SELECT 'report', count(DISTINCT exam_id) FROM reports WHERE kind = 'SR'`.execute(db);
}
