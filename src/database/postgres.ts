import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient, sql } from 'kysely';
import { Pool, type PoolClient, types } from 'pg';
import { TriageError } from '../errors.ts';
import { readSecretFile } from '../secret-file.ts';
import { asDatabaseError } from './database-error.ts';
import type { Database } from './schema.ts';

/** Where the record is. */
export interface PostgresPlace {
  /** postgres://user@host:5432/name */
  readonly url: string;
  /** Empty: no password is needed. */
  readonly passwordFile: string;
  /** Connections of this process at most; whoever needs one more waits. */
  readonly connectionsMax?: number;
  /** After this long a statement is given up; 0: never, for a change of the schema. */
  readonly statementMsMax?: number;
}

const CONNECTIONS_MAX = 10;
const STATEMENT_MS_MAX = 30_000;
/** From asking for a connection, whether it has to be made or to become free, to giving up. */
const CONNECT_MS_MAX = 10_000;
/** A process that stopped within a transaction must not hold up the others for longer. */
const IDLE_IN_TRANSACTION_MS_MAX = 30_000;
const IDLE_CONNECTION_MS_MAX = 60_000;
/** How much longer than the server we wait: it ends a statement itself unless it, or the way to it, is gone. */
const SILENCE_MS_MAX = 5_000;

/** Counts, sizes and times stay far below 2 to the power of 53. */
const NUMBER_TYPES: readonly number[] = [types.builtins.INT8, types.builtins.NUMERIC];

type TypeId = Parameters<typeof types.getTypeParser>[0];

const SESSION = {
  // An acknowledged film must outlive a power cut, whatever the server does for others.
  synchronous_commit: 'on',
  // Every query here goes along an index. A scan of a whole table locks all of it for a serializable transaction, so
  // that any other fails; and until its first ANALYZE a table that grows fast counts as a small one.
  enable_seqscan: 'off',
  random_page_cost: '1.1',
  // The same of joins: each of ours looks up few rows by their key, and never reads the other table as a whole first.
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_material: 'off',
  // Compiling costs more than our short statements, and so does starting processes that share one.
  jit: 'off',
  max_parallel_workers_per_gather: '0',
  timezone: 'UTC',
};

/**
 * Opens the record on a PostgreSQL server. Throws configuration-invalid where the server would lose what it has
 * committed, takes no writes, or does not let us in; database-unreachable where it does not answer.
 */
export async function openPostgres(place: PostgresPlace): Promise<Kysely<Database>> {
  const statementMsMax = place.statementMsMax ?? STATEMENT_MS_MAX;
  const pool = new Pool({
    connectionString: withPassword(place),
    application_name: 'osteotriage',
    max: place.connectionsMax ?? CONNECTIONS_MAX,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    idleTimeoutMillis: IDLE_CONNECTION_MS_MAX,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS_MAX,
    statement_timeout: statementMsMax,
    ...(statementMsMax === 0 ? {} : { query_timeout: statementMsMax + SILENCE_MS_MAX }),
    options: Object.entries(SESSION)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
    types: {
      getTypeParser: (oid: TypeId, format?: 'text' | 'binary') =>
        NUMBER_TYPES.includes(oid) ? Number : (types.getTypeParser(oid, format) as (text: string) => unknown),
    },
  });
  // A connection that breaks while nobody uses it is thrown away; the next statement makes another one.
  pool.on('error', () => undefined);
  const database = new Kysely<Database>({ dialect: new PostgresDialect({ pool: new CarefulPool(pool) }) });
  try {
    await checkServer(database);
  } catch (thrown) {
    await database.destroy();
    throw thrown;
  }
  return database;
}

function withPassword({ url, passwordFile }: PostgresPlace): string {
  if (passwordFile === '') return url;
  const whole = new URL(url);
  whole.password = encodeURIComponent(readSecretFile(passwordFile));
  return whole.href;
}

async function checkServer(database: Kysely<Database>): Promise<void> {
  const { rows } = await sql<{ fsync: string; replica: boolean; encoding: string }>`
    SELECT current_setting('fsync') AS fsync, pg_is_in_recovery() AS replica,
      current_setting('server_encoding') AS encoding`.execute(database);
  const [server] = rows;
  if (server?.fsync !== 'on') {
    throw new TriageError(
      'configuration-invalid',
      'the PostgreSQL server has fsync off: it would lose acknowledged films at a power cut; set fsync = on',
    );
  }
  if (server.replica) {
    throw new TriageError(
      'configuration-invalid',
      'the PostgreSQL server is a replica and takes no writes; name the primary in TRIAGE_DATABASE_URL',
    );
  }
  if (server.encoding !== 'UTF8') {
    throw new TriageError(
      'configuration-invalid',
      `the database has the encoding ${server.encoding} and cannot hold every name; make one with UTF8`,
    );
  }
}

/** Hands out connections whose failures say nothing of a patient, and never one that may be in the middle of an answer. */
class CarefulPool implements PostgresPool {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async connect(): Promise<PostgresPoolClient> {
    try {
      // Kysely would also pass cursors, were it asked to stream, which nothing here does.
      return new CarefulClient(await this.#pool.connect()) as unknown as PostgresPoolClient;
    } catch (thrown) {
      throw asDatabaseError(thrown);
    }
  }

  end(): Promise<void> {
    return this.#pool.end();
  }
}

class CarefulClient implements Pick<PostgresPoolClient, 'release'> {
  readonly #client: PoolClient;
  #broken: TriageError | undefined;

  constructor(client: PoolClient) {
    this.#client = client;
    client.on('error', this.#onError);
  }

  async query(text: string, parameters: readonly unknown[]): Promise<unknown> {
    // A statement that follows would wait for an answer that never comes.
    if (this.#broken !== undefined) throw this.#broken;
    try {
      return await this.#client.query(text, parameters.map(storable));
    } catch (thrown) {
      const error = asDatabaseError(thrown);
      if (error.code === 'database-unreachable') this.#broken = error;
      throw error;
    }
  }

  release(): void {
    this.#client.off('error', this.#onError);
    this.#client.release(this.#broken !== undefined);
  }

  readonly #onError = (thrown: Error): void => {
    this.#broken = asDatabaseError(thrown);
  };
}

/** PostgreSQL has no character zero; a sender that pads with it is held all the same, with the sign for one unknown. */
function storable(value: unknown): unknown {
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value;
}
