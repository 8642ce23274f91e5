import { existsSync } from 'node:fs';
import type { Kysely } from 'kysely';
import type { Config } from '../config.ts';
import { readSchemaStanding } from '../database/migrations.ts';
import { openPostgres } from '../database/postgres.ts';
import type { Database } from '../database/schema.ts';
import { databasePath, openSqlite } from '../database/sqlite.ts';
import { TriageError } from '../errors.ts';
import type { SitesPlace } from '../site-registry.ts';

/** What says where the record is. */
export type RecordPlace = Pick<Config, 'mode' | 'data' | 'databaseUrl' | 'databasePasswordFile'>;

/** The same, and where the sites file is. */
export type NodePlace = RecordPlace & SitesPlace;

/** The record in a data folder, with the sites file beside it. */
export function recordIn(dataFolder: string): NodePlace {
  const record = { mode: 'embedded', data: dataFolder, databaseUrl: '', databasePasswordFile: '' } as const;
  return { ...record, sitesFile: '', pacs: [] };
}

/**
 * Opens the record for one step, beside running services or without one. Throws not-found without a database,
 * database-newer, database-unreachable, and configuration-invalid where it is older than this program.
 */
export async function withRecord<Result>(
  place: RecordPlace,
  step: (database: Kysely<Database>) => Promise<Result>,
  options: { readonly readOnly?: boolean } = {},
): Promise<Result> {
  const database = await openPlace(place, options);
  try {
    const { pending } = await readSchemaStanding(database);
    if (pending.length > 0) {
      throw new TriageError(
        'configuration-invalid',
        `${nameOf(place)} is older than this program: stop its service and run "osteotriage migrate"`,
      );
    }
    return await step(database);
  } finally {
    await database.destroy();
  }
}

/** What `doctor` says of a record in a data folder. Throws database-newer, database-failed. */
export async function describeRecord(dataFolder: string): Promise<string> {
  const path = databasePath(dataFolder);
  if (!existsSync(path)) return 'none yet; the first start makes it';
  const database = openSqlite(path, { readOnly: true });
  try {
    const { applied, pending } = await readSchemaStanding(database);
    if (pending.length === 0) return `newest schema (${applied.at(-1) ?? ''})`;
    return `older schema; the next start copies the database and applies ${pending.join(', ')}`;
  } finally {
    await database.destroy();
  }
}

/** Refuses what only a data folder can be asked for, and says what does it where many machines share a record. */
export function requireDataFolder(place: RecordPlace, instead: string): void {
  if (place.mode === 'embedded') return;
  throw new TriageError(
    'configuration-invalid',
    `this is for the embedded mode; in distributed mode ${instead}`,
  );
}

async function openPlace(
  place: RecordPlace,
  options: { readonly readOnly?: boolean },
): Promise<Kysely<Database>> {
  if (place.mode === 'distributed') {
    if (place.databaseUrl === '') {
      throw new TriageError('configuration-invalid', 'TRIAGE_DATABASE_URL must be set in distributed mode');
    }
    return openPostgres({ url: place.databaseUrl, passwordFile: place.databasePasswordFile });
  }
  const path = databasePath(place.data);
  if (!existsSync(path)) {
    throw new TriageError('not-found', `no database in ${place.data}; name the folder with --data`);
  }
  return openSqlite(path, options);
}

function nameOf(place: RecordPlace): string {
  return place.mode === 'distributed'
    ? 'the database of TRIAGE_DATABASE_URL'
    : `the database in ${place.data}`;
}
