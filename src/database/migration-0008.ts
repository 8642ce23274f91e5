import { type Kysely, sql } from 'kysely';
import { countedKey, engineOf } from './engine.ts';

/** What of a row of the audit trail never changes, whether it is sealed or not. */
const CONTENT = ['audit_id', 'at_ms', 'actor', 'action', 'subject', 'person_id', 'detail'] as const;
const REFUSAL = 'the audit trail is append-only';

/** The audit trail becomes a chain that nothing is changed in, and settings get a history. */
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
  await indexTrail(db);
  await guardTrail(db);
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

/** By its place in the chain, by what waits for one, and by everything that an auditor asks for. */
async function indexTrail({ schema }: Kysely<unknown>): Promise<void> {
  await schema.createIndex('audit_trail_by_chain').unique().on('audit_trail').column('chain_no').execute();
  await schema
    .createIndex('audit_trail_unsealed')
    .on('audit_trail')
    .column('audit_id')
    .where(sql.ref('chain_no'), 'is', null)
    .execute();
  await schema.createIndex('audit_trail_by_time').on('audit_trail').columns(['at_ms', 'audit_id']).execute();
  for (const column of ['person_id', 'actor', 'action', 'subject']) {
    await schema
      .createIndex(`audit_trail_by_${column.replace('_id', '')}`)
      .on('audit_trail')
      .columns([column, 'at_ms', 'audit_id'])
      .execute();
  }
}

/** A row comes unsealed, is sealed once as it stands, and stays. */
async function guardTrail(db: Kysely<unknown>): Promise<void> {
  if (engineOf(db) === 'postgres') return guardOnPostgres(db);
  const refuse = sql`SELECT RAISE(ABORT, ${sql.lit(REFUSAL)})`;
  const changed = sql.join(
    CONTENT.map((column) => sql`NEW.${sql.ref(column)} IS NOT OLD.${sql.ref(column)}`),
    sql` OR `,
  );
  await sql`CREATE TRIGGER audit_trail_insert BEFORE INSERT ON audit_trail
    WHEN NEW.chain_no IS NOT NULL OR NEW.hash IS NOT NULL BEGIN ${refuse}; END`.execute(db);
  await sql`CREATE TRIGGER audit_trail_update BEFORE UPDATE ON audit_trail
    WHEN OLD.chain_no IS NOT NULL OR NEW.chain_no IS NULL OR NEW.hash IS NULL OR ${changed}
    BEGIN ${refuse}; END`.execute(db);
  await sql`CREATE TRIGGER audit_trail_delete BEFORE DELETE ON audit_trail BEGIN ${refuse}; END`.execute(db);
}

async function guardOnPostgres(db: Kysely<unknown>): Promise<void> {
  const content = (row: string) => sql.join(CONTENT.map((column) => sql.ref(`${row}.${column}`)));
  await sql`CREATE FUNCTION guard_audit_trail() RETURNS trigger LANGUAGE plpgsql AS $guard$ BEGIN
    IF TG_OP = 'INSERT' THEN
      IF NEW.chain_no IS NULL AND NEW.hash IS NULL THEN RETURN NEW; END IF;
    ELSIF TG_OP = 'UPDATE' THEN
      IF OLD.chain_no IS NULL AND NEW.chain_no IS NOT NULL AND NEW.hash IS NOT NULL
        AND ROW(${content('new')}) IS NOT DISTINCT FROM ROW(${content('old')}) THEN RETURN NEW; END IF;
    END IF;
    RAISE EXCEPTION ${sql.lit(REFUSAL)};
  END $guard$`.execute(db);
  await sql`CREATE TRIGGER audit_trail_rows BEFORE INSERT OR UPDATE OR DELETE ON audit_trail
    FOR EACH ROW EXECUTE FUNCTION guard_audit_trail()`.execute(db);
  await sql`CREATE TRIGGER audit_trail_whole BEFORE TRUNCATE ON audit_trail
    FOR EACH STATEMENT EXECUTE FUNCTION guard_audit_trail()`.execute(db);
}
