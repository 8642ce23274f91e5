import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import type { Engine } from '../../src/database/engine.ts';
import { migrate } from '../../src/database/migrations.ts';
import { openPostgres } from '../../src/database/postgres.ts';
import type { Database } from '../../src/database/schema.ts';
import { openSqlite } from '../../src/database/sqlite.ts';
import { requirePostgres, startPostgres } from '../../src/testing/postgres.ts';
import { type BenchPart, type BenchSize, inFolder, say } from './bench-run.ts';
import { fillRecord } from './grown-record.ts';
import { GROWTH_QUERIES, type GrowthQuery } from './growth-queries.ts';
import { median, percentile, rounded } from './statistics.ts';
import { judgeValue } from './targets.ts';

/** What is measured. */
export interface GrowthOptions {
  /** Exams in each record. */
  readonly sizes: readonly number[];
  readonly engines: readonly Engine[];
  /** How often each query is asked of each record. */
  readonly repeats: number;
}

/** How long one query takes, by the number of exams. */
export interface GrowthRow {
  readonly engine: Engine;
  readonly query: string;
  readonly medianMs: Readonly<Record<string, number>>;
  readonly p95Ms: Readonly<Record<string, number>>;
  /** The median at the largest size over that at the smallest. */
  readonly growth: number;
}

/** What a record of one size takes. */
export interface SizeRow {
  readonly engine: Engine;
  readonly exams: number;
  readonly bytesAnExam: number;
  readonly rowsAnExam: number;
}

/** What was found. */
export interface Growth {
  readonly queries: readonly GrowthRow[];
  readonly records: readonly SizeRow[];
}

interface GrownRecord {
  readonly exams: number;
  readonly database: Kysely<Database>;
}

/** The part of the bench: every query at 1,000, 10,000 and 100,000 exams on both engines. */
export async function benchGrowthPart({ quick, rounds }: BenchSize): Promise<BenchPart> {
  const growth = await benchGrowth({
    sizes: quick ? [1_000, 2_000] : [1_000, 10_000, 100_000],
    engines: requirePostgres().available ? ['sqlite', 'postgres'] : ['sqlite'],
    repeats: rounds * 8,
  });
  const figures = (['sqlite', 'postgres'] as const).flatMap((engine) => {
    const ofEngine = growth.queries.filter((row) => row.engine === engine).map((row) => row.growth);
    return ofEngine.length === 0 ? [] : [judgeValue(`growth.${engine}`, Math.max(...ofEngine))];
  });
  return { figures, details: growth };
}

/** Fills records of each size and asks each the same, in turns, so that whatever else runs slows all of them alike. */
export async function benchGrowth(options: GrowthOptions): Promise<Growth> {
  const queries: GrowthRow[] = [];
  const records: SizeRow[] = [];
  for (const engine of options.engines) {
    await withRecords(engine, options.sizes, async (grown) => {
      for (const record of grown) records.push(await measureSize(engine, record));
      for (const [query, ask] of Object.entries(GROWTH_QUERIES)) {
        queries.push({ engine, query, ...(await measureQuery(grown, ask, options.repeats)) });
      }
    });
  }
  return { queries, records };
}

async function withRecords(
  engine: Engine,
  sizes: readonly number[],
  use: (grown: readonly GrownRecord[]) => Promise<void>,
): Promise<void> {
  const server = engine === 'postgres' ? await startPostgres() : undefined;
  await inFolder(async (folder) => {
    const grown: GrownRecord[] = [];
    try {
      for (const exams of sizes) {
        say(`a record of ${exams} exams on ${engine}`);
        const database =
          server === undefined
            ? openSqlite(join(folder, `${exams}.sqlite`))
            : await openPostgres({ url: await server.makeDatabase(), passwordFile: '', statementMsMax: 0 });
        grown.push({ exams, database });
        await migrate(database);
        await fillRecord(database, exams);
        if (engine === 'postgres') await sql`VACUUM ANALYZE`.execute(database);
      }
      await use(grown);
    } finally {
      await Promise.all(grown.map(({ database }) => database.destroy()));
    }
  });
  await server?.stop();
}

async function measureQuery(
  grown: readonly GrownRecord[],
  ask: GrowthQuery,
  repeats: number,
): Promise<Pick<GrowthRow, 'medianMs' | 'p95Ms' | 'growth'>> {
  const times = new Map(grown.map(({ exams }) => [exams, [] as number[]]));
  for (let number = -2; number < repeats; number += 1) {
    for (const { exams, database } of grown) {
      const startedAtMs = performance.now();
      await ask(database, exams, number + 3);
      // The first ones fill caches.
      if (number >= 0) times.get(exams)?.push(performance.now() - startedAtMs);
    }
  }
  const bySize = (figure: (all: readonly number[]) => number) =>
    Object.fromEntries([...times].map(([exams, all]) => [String(exams), rounded(figure(all))]));
  const [first = [], last = first] = [[...times.values()].at(0), [...times.values()].at(-1)];
  return {
    medianMs: bySize(median),
    p95Ms: bySize((all) => percentile(all, 95)),
    growth: rounded(median(last) / median(first)),
  };
}

async function measureSize(engine: Engine, { exams, database }: GrownRecord): Promise<SizeRow> {
  const { rows } = await (
    engine === 'sqlite'
      ? sql<{
          bytes: number;
        }>`SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size`
      : sql<{ bytes: number }>`SELECT pg_database_size(current_database()) AS bytes`
  ).execute(database);
  const tables = ['persons', 'exams', 'jobs', 'reports', 'deliveries', 'referrals', 'audit_trail'] as const;
  let all = 0;
  for (const table of tables) {
    const { count } = await database
      .selectFrom(table)
      .select((select) => select.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    all += count;
  }
  const bytesAnExam = Math.round((rows[0]?.bytes ?? 0) / exams);
  return { engine, exams, bytesAnExam, rowsAnExam: rounded(all / exams) };
}
