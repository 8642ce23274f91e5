import { type Kysely, sql } from 'kysely';
import { engineOf } from './engine.ts';
import type { Connection } from './exam-records.ts';
import type { Database } from './schema.ts';
import { insertInGroup } from './transact.ts';

/** A row of the audit trail as it is sealed: all that it says. */
export interface AuditRow {
  readonly auditId: number;
  readonly atMs: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly personId: string | null;
  readonly detail: string | null;
}

/** A place in the chain and the hash that stands there. */
export interface ChainLink {
  readonly number: number;
  /** 64 hexadecimal digits. */
  readonly hash: string;
}

/** A row with its place in the chain. */
export interface SealedRow extends AuditRow, ChainLink {}

/** Rows that wait for their place. */
export interface Unsealed {
  readonly rows: number;
  readonly oldestAtMs: number | null;
}

/** Number of the lock that whoever seals holds: any that nothing else uses. */
const SEALING_LOCK = 7_126_003;

const COLUMNS = [
  'audit_id as auditId',
  'at_ms as atMs',
  'actor',
  'action',
  'subject',
  'person_id as personId',
  'detail',
] as const;

/**
 * Gives the oldest unsealed rows their places; returns how many. Of several that seal at once one does it after the
 * other. Whoever writes rows meanwhile waits for none of them: on PostgreSQL it sees each statement's own moment and is
 * none of the serializable transactions.
 */
export function sealRows(
  database: Kysely<Database>,
  rowsMax: number,
  chain: (head: ChainLink | null, rows: readonly AuditRow[]) => readonly ChainLink[],
): Promise<number> {
  return insertInGroup(database, async (transaction) => {
    if (engineOf(transaction) === 'postgres') {
      await sql`SELECT pg_advisory_xact_lock(${sql.lit(SEALING_LOCK)})`.execute(transaction);
    }
    const rows = await listUnsealed(transaction, rowsMax);
    if (rows.length === 0) return 0;
    const links = chain(await findHead(transaction), rows);
    const seals = JSON.stringify(
      links.map(({ number, hash }, index) => [rows[index]?.auditId, number, hash]),
    );
    // One text however many rows: a statement for each number of rows would be another one each time.
    const each =
      engineOf(transaction) === 'postgres'
        ? sql`jsonb_array_elements(${seals}::jsonb)`
        : sql`json_each(${seals})`;
    await sql`UPDATE audit_trail SET chain_no = CAST(seal.value ->> 1 AS bigint), hash = seal.value ->> 2
      FROM ${each} AS seal WHERE audit_trail.audit_id = CAST(seal.value ->> 0 AS bigint)`.execute(
      transaction,
    );
    return rows.length;
  });
}

/** The last place of the chain; null before the first row was sealed. */
export async function findHead(database: Connection): Promise<ChainLink | null> {
  const row = await database
    .selectFrom('audit_trail')
    .select(['chain_no as number', 'hash'])
    .where('chain_no', 'is not', null)
    .orderBy('chain_no', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : linkOf(row);
}

/** How many rows wait, and since when. */
export async function findUnsealed(database: Connection): Promise<Unsealed> {
  return database
    .selectFrom('audit_trail')
    .select(({ fn }) => [fn.countAll<number>().as('rows'), fn.min<number | null>('at_ms').as('oldestAtMs')])
    .where('chain_no', 'is', null)
    .executeTakeFirstOrThrow();
}

/** Whether there is anything to seal; a look that changes nothing. */
export async function hasUnsealed(database: Connection): Promise<boolean> {
  return (await listUnsealed(database, 1)).length > 0;
}

/** Sealed rows after a place, in the order of the chain; also what stands at places that nobody gave. */
export async function listSealed(
  database: Connection,
  afterNumber: number | null,
  rowsMax: number,
): Promise<readonly SealedRow[]> {
  const rows = await database
    .selectFrom('audit_trail')
    .select([...COLUMNS, 'chain_no as number', 'hash'])
    .where('chain_no', '>', afterNumber ?? Number.MIN_SAFE_INTEGER)
    .orderBy('chain_no')
    .limit(rowsMax)
    .execute();
  return rows.map((row) => ({ ...row, ...linkOf(row) }));
}

/** A hash that somebody took away fits nothing. */
function linkOf({ number, hash }: { number: number | null; hash: string | null }): ChainLink {
  return { number: number ?? 0, hash: hash ?? '' };
}

function listUnsealed(database: Connection, rowsMax: number): Promise<readonly AuditRow[]> {
  return database
    .selectFrom('audit_trail')
    .select(COLUMNS)
    .where('chain_no', 'is', null)
    .orderBy('audit_id')
    .limit(rowsMax)
    .execute();
}
