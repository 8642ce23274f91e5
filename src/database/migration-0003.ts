import { type Kysely, sql } from 'kysely';
import { countedKey } from './engine.ts';

/**
 * Sites and doors, revisions of reports, storage commitment both ways, the DXA scanner's steps and results,
 * corrected identities, opt-outs and retention.
 */
export async function createNodeRecord(database: Kysely<never>): Promise<void> {
  const db = database as unknown as Kysely<unknown>;
  await widenExams(db);
  await rebuildReports(db);
  await createCommitments(db);
  await createScannerRecord(db);
  await createIdentityRecord(db);
  await createSenders(db);
}

async function widenExams({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .alterTable('exams')
    .addColumn('site_id', 'text', (c) => c.notNull().defaultTo('loopback'))
    .execute();
  await schema
    .alterTable('exams')
    .addColumn('door', 'text', (c) => c.notNull().defaultTo('dimse'))
    .execute();
  await schema
    .alterTable('exams')
    .addColumn('revision', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await schema.alterTable('exams').addColumn('object_removed_at_ms', 'bigint').execute();
  await schema.createIndex('exams_by_person').on('exams').column('person_id').execute();
  // Retention asks which films are held, from the oldest, how large they are, and which went last.
  await schema
    .createIndex('exams_by_removal')
    .on('exams')
    .columns(['object_removed_at_ms', 'received_at_ms', 'exam_id', 'object_bytes'])
    .execute();
  await schema.createIndex('exams_by_sop').on('exams').column('sop_uid').execute();
  await schema.createIndex('exams_by_finish').on('exams').columns(['site_id', 'finished_at_ms']).execute();
}

// A key cannot be changed in place, so both tables are built anew and filled from the old ones.
async function rebuildReports(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('reports_new')
    .addColumn('exam_id', 'text', (c) => c.notNull().references('exams.exam_id'))
    .addColumn('revision', 'integer', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('sop_class_uid', 'text')
    .addColumn('series_uid', 'text')
    .addColumn('sop_uid', 'text', (c) => c.unique())
    .addColumn('object_key', 'text', (c) => c.notNull())
    .addColumn('object_bytes', 'bigint', (c) => c.notNull())
    .addColumn('created_at_ms', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('reports_revision_key', ['exam_id', 'revision', 'kind'])
    .execute();
  await sql`INSERT INTO reports_new (exam_id, revision, kind, sop_class_uid, sop_uid, object_key, object_bytes, created_at_ms)
    SELECT exam_id, 0, kind, sop_class_uid, sop_uid, object_key, object_bytes, created_at_ms FROM reports`.execute(
    db,
  );
  await schema.dropTable('reports').execute();
  await schema.alterTable('reports_new').renameTo('reports').execute();
  await schema
    .createTable('deliveries_new')
    .addColumn('exam_id', 'text', (c) => c.notNull().references('exams.exam_id'))
    .addColumn('revision', 'integer', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('destination', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('due_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('first_try_at_ms', 'bigint')
    .addColumn('delivered_at_ms', 'bigint')
    .addColumn('note', 'text')
    .addColumn('commitment', 'text')
    .addColumn('transaction_uid', 'text')
    .addColumn('commitment_due_at_ms', 'bigint')
    .addColumn('commitment_attempts', 'integer', (c) => c.notNull().defaultTo(0))
    .addPrimaryKeyConstraint('deliveries_revision_key', ['exam_id', 'revision', 'kind', 'destination'])
    .execute();
  await sql`INSERT INTO deliveries_new (exam_id, revision, kind, destination, state, attempts, due_at_ms, first_try_at_ms, note)
    SELECT exam_id, 0, kind, destination, state, attempts, due_at_ms, first_try_at_ms, note FROM deliveries`.execute(
    db,
  );
  await schema.dropTable('deliveries').execute();
  await schema.alterTable('deliveries_new').renameTo('deliveries').execute();
  await schema
    .createIndex('deliveries_by_due')
    .on('deliveries')
    .columns(['state', 'destination', 'due_at_ms'])
    .execute();
  await schema
    .createIndex('deliveries_by_commitment')
    .on('deliveries')
    .columns(['commitment', 'destination', 'commitment_due_at_ms'])
    .execute();
  await schema.createIndex('deliveries_by_transaction').on('deliveries').column('transaction_uid').execute();
}

async function createCommitments({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('commitment_requests')
    .addColumn('request_id', 'text', (c) => c.primaryKey())
    .addColumn('transaction_uid', 'text', (c) => c.notNull())
    .addColumn('calling_ae_title', 'text', (c) => c.notNull())
    .addColumn('called_ae_title', 'text', (c) => c.notNull())
    .addColumn('site_id', 'text', (c) => c.notNull())
    .addColumn('references_json', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('due_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('asked_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('note', 'text')
    .addUniqueConstraint('commitment_requests_once', ['calling_ae_title', 'transaction_uid'])
    .execute();
  await schema
    .createIndex('commitment_requests_by_due')
    .on('commitment_requests')
    .columns(['state', 'due_at_ms'])
    .execute();
}

async function createScannerRecord({ schema }: Kysely<unknown>): Promise<void> {
  await schema.dropIndex('referrals_one_open').execute();
  await schema
    .createIndex('referrals_one_open')
    .unique()
    .on('referrals')
    .column('person_id')
    .where(sql.ref('state'), 'in', [sql.lit('open'), sql.lit('accepted'), sql.lit('started')])
    .execute();
  await schema
    .createTable('procedure_steps')
    .addColumn('step_id', 'text', (c) => c.primaryKey())
    .addColumn('referral_id', 'text', (c) => c.notNull().unique().references('referrals.referral_id'))
    .addColumn('study_uid', 'text', (c) => c.notNull().unique())
    .addColumn('requested_procedure_id', 'text', (c) => c.notNull())
    .addColumn('accession_number', 'text', (c) => c.notNull())
    .addColumn('station_ae_title', 'text')
    .addColumn('scheduled_date', 'text', (c) => c.notNull())
    .addColumn('scheduled_time', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('created_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('updated_at_ms', 'bigint', (c) => c.notNull())
    .execute();
  await schema
    .createIndex('procedure_steps_by_date')
    .on('procedure_steps')
    .columns(['state', 'scheduled_date', 'scheduled_time', 'step_id'])
    .execute();
  await schema
    .createIndex('procedure_steps_by_accession')
    .on('procedure_steps')
    .column('accession_number')
    .execute();
  await schema
    .createTable('performed_steps')
    .addColumn('mpps_uid', 'text', (c) => c.primaryKey())
    .addColumn('step_id', 'text')
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('data_set_json', 'text', (c) => c.notNull())
    .addColumn('calling_ae_title', 'text', (c) => c.notNull())
    .addColumn('created_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('updated_at_ms', 'bigint', (c) => c.notNull())
    .execute();
  await schema.createIndex('performed_steps_by_step').on('performed_steps').column('step_id').execute();
  await schema
    .createTable('dxa_results')
    .addColumn('exam_id', 'text', (c) => c.primaryKey().references('exams.exam_id'))
    .addColumn('person_id', 'text', (c) => c.notNull())
    .addColumn('referral_id', 'text')
    .addColumn('matched_by', 'text')
    .addColumn('received_at_ms', 'bigint', (c) => c.notNull())
    .execute();
  await schema.createIndex('dxa_results_by_referral').on('dxa_results').column('referral_id').execute();
}

async function createIdentityRecord(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema.alterTable('persons').addColumn('merged_into', 'text').execute();
  await schema.createIndex('persons_by_patient_id').on('persons').column('patient_id').execute();
  await schema.createIndex('referrals_by_person').on('referrals').column('person_id').execute();
  await schema
    .createTable('identity_changes')
    .addColumn('change_id', ...countedKey(db))
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('from_person_id', 'text', (c) => c.notNull())
    .addColumn('to_person_id', 'text', (c) => c.notNull())
    .addColumn('before_json', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('opt_outs')
    .addColumn('identity_key', 'text', (c) => c.primaryKey())
    .addColumn('noted_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('actor', 'text', (c) => c.notNull())
    .execute();
}

async function createSenders({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('exam_senders')
    .addColumn('exam_id', 'text', (c) => c.notNull().references('exams.exam_id'))
    .addColumn('site_id', 'text', (c) => c.notNull())
    .addColumn('noted_at_ms', 'bigint', (c) => c.notNull())
    .addColumn('is_told', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('exam_senders_once', ['site_id', 'exam_id'])
    .execute();
  await schema
    .createIndex('exam_senders_untold')
    .on('exam_senders')
    .column('exam_id')
    .where(sql.ref('is_told'), '=', sql.lit(0))
    .execute();
}
