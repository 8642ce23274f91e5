import { type Kysely, sql } from 'kysely';
import { systemClock } from '../clock.ts';
import { countedKey } from './engine.ts';
import { fillPersonTerms } from './person-terms.ts';

/** What the coordinator's worklist needs: the life of a referral, its history, and how a person is found. */
export async function createWorklistRecord(database: Kysely<never>): Promise<void> {
  const db = database as unknown as Kysely<unknown>;
  await renameStates(db);
  await extendReferrals(db);
  await createHistory(db);
  await allowSeveralSteps(db);
  await createPersonTerms(db);
  await createListIndexes(db);
  await fillPersonTerms(database, systemClock.nowMs());
}

/** What was accepted had its DXA ordered at once; what was done had nothing left to do. */
async function renameStates(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropIndex('referrals_one_open').execute();
  await sql`UPDATE referrals SET state = CASE state WHEN 'open' THEN 'flagged' WHEN 'accepted' THEN 'dxa-ordered'
    WHEN 'started' THEN 'dxa-booked' WHEN 'done' THEN 'closed' ELSE state END`.execute(db);
  // One person has one referral that is not yet ended, however many films arrive: the database keeps it so.
  await db.schema
    .createIndex('referrals_one_open')
    .unique()
    .on('referrals')
    .column('person_id')
    .where(sql.ref('state'), 'not in', [sql.lit('closed'), sql.lit('dismissed')])
    .execute();
}

async function extendReferrals(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  const add = (name: string, type: 'text' | 'integer' | 'bigint' | 'real', otherwise?: number | string) =>
    schema
      .alterTable('referrals')
      .addColumn(name, type, (c) => (otherwise === undefined ? c : c.notNull().defaultTo(otherwise)))
      .execute();
  await add('version', 'integer', 0);
  await add('owner_id', 'text');
  await add('state_since_ms', 'bigint', 0);
  await add('due_at_ms', 'bigint');
  await add('escalation', 'integer', 0);
  await add('urgency', 'integer', 0);
  await add('kind', 'text');
  await add('grade', 'integer');
  await add('sorting_score', 'real');
  await add('age_years', 'integer');
  await add('site_id', 'text', 'loopback');
  await add('lead_exam_id', 'text');
  await add('figures_json', 'text');
  await add('arrived_at_ms', 'bigint', 0);
  await add('dismissal_reason', 'text');
  await add('outcome', 'text');
  await sql`UPDATE referrals SET state_since_ms = updated_at_ms, arrived_at_ms = created_at_ms, version = 1`.execute(
    db,
  );
  // The days that were allowed by default when this step was written.
  await sql`UPDATE referrals SET due_at_ms = state_since_ms + 86400000 * CAST(CASE state WHEN 'flagged' THEN 7
    WHEN 'dxa-ordered' THEN 14 ELSE 28 END AS bigint) WHERE state NOT IN ('closed', 'dismissed')`.execute(db);
  // What reminders look for.
  await schema
    .createIndex('referrals_by_escalation')
    .on('referrals')
    .columns(['escalation', 'due_at_ms'])
    .where(sql.ref('due_at_ms'), 'is not', null)
    .execute();
}

/** A DXA that was called off may be ordered again, as a step of its own; a column's UNIQUE goes only with its table. */
async function allowSeveralSteps(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('procedure_steps_new')
    .addColumn('step_id', 'text', (c) => c.primaryKey())
    .addColumn('referral_id', 'text', (c) => c.notNull().references('referrals.referral_id'))
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
  const columns = sql`step_id, referral_id, study_uid, requested_procedure_id, accession_number, station_ae_title,
    scheduled_date, scheduled_time, state, created_at_ms, updated_at_ms`;
  await sql`INSERT INTO procedure_steps_new (${columns}) SELECT ${columns} FROM procedure_steps`.execute(db);
  await schema.dropTable('procedure_steps').execute();
  await schema.alterTable('procedure_steps_new').renameTo('procedure_steps').execute();
  for (const [name, keys] of [
    ['date', ['state', 'scheduled_date', 'scheduled_time', 'step_id']],
    ['accession', ['accession_number']],
    ['referral', ['referral_id']],
  ] as const) {
    await schema
      .createIndex(`procedure_steps_by_${name}`)
      .on('procedure_steps')
      .columns([...keys])
      .execute();
  }
}

async function createHistory(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('referral_events')
    .addColumn('event_id', ...countedKey(db))
    .addColumn('referral_id', 'text', (c) => c.notNull().references('referrals.referral_id'))
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('actor_name', 'text', (c) => c.notNull())
    .addColumn('action', 'text', (c) => c.notNull())
    .addColumn('from_state', 'text')
    .addColumn('to_state', 'text')
    .addColumn('details_json', 'text', (c) => c.notNull())
    .addColumn('before_json', 'text')
    .addColumn('undone_by', 'bigint')
    .addColumn('is_told', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await schema
    .createIndex('referral_events_by_referral')
    .on('referral_events')
    .columns(['referral_id', 'event_id'])
    .execute();
  await schema
    .createIndex('referral_events_untold')
    .on('referral_events')
    .column('event_id')
    .where(sql.ref('is_told'), '=', sql.lit(0))
    .execute();
  await sql`INSERT INTO referral_events (referral_id, at_ms, actor, actor_name, action, to_state, details_json, is_told)
    SELECT referral_id, created_at_ms, 'triage', 'triage', 'flagged', 'flagged', '{}', 1 FROM referrals`.execute(
    db,
  );
  await createMeasurements(db);
}

async function createMeasurements({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('dxa_measurements')
    .addColumn('dxa_id', 'text', (c) => c.primaryKey())
    .addColumn('referral_id', 'text', (c) => c.notNull().references('referrals.referral_id'))
    .addColumn('measured_on', 'text', (c) => c.notNull())
    .addColumn('lumbar_spine_t', 'real')
    .addColumn('femoral_neck_t', 'real')
    .addColumn('total_hip_t', 'real')
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('actor_name', 'text', (c) => c.notNull())
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addColumn('is_superseded', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await schema
    .createIndex('dxa_measurements_by_referral')
    .on('dxa_measurements')
    .column('referral_id')
    .execute();
  await schema
    .createTable('risk_factors')
    .addColumn('risk_id', 'text', (c) => c.primaryKey())
    .addColumn('person_id', 'text', (c) => c.notNull().references('persons.person_id'))
    .addColumn('factors_json', 'text', (c) => c.notNull())
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('actor_name', 'text', (c) => c.notNull())
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .execute();
  await schema
    .createIndex('risk_factors_by_person')
    .on('risk_factors')
    .columns(['person_id', 'at_ms'])
    .execute();
  await schema
    .createTable('corrections')
    .addColumn('correction_id', 'text', (c) => c.primaryKey())
    .addColumn('exam_id', 'text', (c) => c.notNull().references('exams.exam_id'))
    .addColumn('revision', 'integer', (c) => c.notNull())
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('actor_name', 'text', (c) => c.notNull())
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addColumn('points_json', 'text', (c) => c.notNull())
    .addColumn('before_json', 'text', (c) => c.notNull())
    .addColumn('note', 'text')
    .addUniqueConstraint('corrections_once', ['exam_id', 'revision'])
    .execute();
}

async function createPersonTerms({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .alterTable('persons')
    .addColumn('is_protected', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await schema
    .createTable('person_terms')
    .addColumn('term', 'text', (c) => c.notNull())
    .addColumn('person_id', 'text', (c) => c.notNull().references('persons.person_id'))
    .addPrimaryKeyConstraint('person_terms_key', ['term', 'person_id'])
    .execute();
  await schema
    .createIndex('person_terms_by_person')
    .on('person_terms')
    .columns(['person_id', 'term'])
    .execute();
}

/** The list is read along these alone: each ends with every column that a filter looks at. */
async function createListIndexes(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createIndex('identity_changes_by_person')
    .on('identity_changes')
    .column('to_person_id')
    .execute();
  // One that only names the person would lead to every row.
  await db.schema.dropIndex('referrals_by_person').execute();
  const filtered = ['referral_id', 'person_id', 'site_id', 'kind', 'grade', 'age_years'];
  const indexes: Readonly<Record<string, readonly string[]>> = {
    referrals_by_urgency: ['state', 'urgency desc', 'due_at_ms', ...filtered, 'arrived_at_ms'],
    referrals_by_due: ['state', 'due_at_ms', ...filtered, 'urgency', 'arrived_at_ms'],
    referrals_by_arrival: ['state', 'arrived_at_ms desc', ...filtered, 'urgency', 'due_at_ms'],
    referrals_by_owner: ['owner_id', 'due_at_ms', 'urgency', 'arrived_at_ms', ...filtered, 'state'],
    // A search goes from the persons that it found to their referrals.
    referrals_by_person: [
      ...['person_id', 'state', 'referral_id', 'urgency', 'due_at_ms', 'arrived_at_ms'],
      ...['site_id', 'kind', 'grade', 'age_years', 'owner_id'],
    ],
  };
  // What has not ended is counted along it at each sight of the list, so that it is as narrow as can be.
  await db.schema
    .createIndex('referrals_unended')
    .on('referrals')
    .columns(['state', 'due_at_ms', 'owner_id'])
    .where(sql.ref('due_at_ms'), 'is not', null)
    .execute();
  for (const [name, columns] of Object.entries(indexes)) {
    await db.schema
      .createIndex(name)
      .on('referrals')
      .columns([...columns])
      .execute();
  }
}
