import { sql } from 'kysely';
import type { TestProject } from 'vitest/node';
import { migrate } from '../database/migrations.ts';
import { openPostgres } from '../database/postgres.ts';
import { startPostgres } from './postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A PostgreSQL that has a database `template` with the newest schema and without a row; unset: SQLite. */
    readonly postgresUrl?: string;
  }
}

/** Starts one PostgreSQL for every test file that runs on it (vitest.config.ts names them). */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres();
  const database = await openPostgres({ url: await server.makeDatabase(), passwordFile: '' });
  await migrate(database);
  await sql`ANALYZE`.execute(database);
  const { rows } = await sql<{ name: string }>`SELECT current_database() AS name`.execute(database);
  await database.destroy();
  const admin = await openPostgres({ url: server.url, passwordFile: '' });
  await sql`ALTER DATABASE ${sql.id(rows[0]?.name ?? '')} RENAME TO template`.execute(admin);
  await admin.destroy();
  project.provide('postgresUrl', server.url);
  return () => server.stop();
}
