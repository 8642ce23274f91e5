/** How long the list of referrals takes over HTTP, with 200,000 of them, by tab, order, page, filter and search. */
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { openWithoutSignIn } from '../../src/access/open-gate.ts';
import { systemClock } from '../../src/clock.ts';
import { recordAudit } from '../../src/database/audit-trail.ts';
import type { Engine } from '../../src/database/engine.ts';
import { migrate } from '../../src/database/migrations.ts';
import { openPostgres } from '../../src/database/postgres.ts';
import type { Database } from '../../src/database/schema.ts';
import { openSqlite } from '../../src/database/sqlite.ts';
import { serveReferralList } from '../../src/http/referral-list-routes.ts';
import { startHttpServer } from '../../src/http/server.ts';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';
import { requirePostgres, startPostgres } from '../../src/testing/postgres.ts';
import { ScriptedWorklist } from '../../src/testing/scripted-worklist.ts';
import { servedOperations } from '../../src/testing/served-operations.ts';
import { openReferralList } from '../../src/worklist/referral-list.ts';
import { REFERRAL_TABS, type ReferralListAnswer } from '../../src/worklist/referral-views.ts';
import { type BenchPart, type BenchSize, inFolder, say } from './bench-run.ts';
import { fillListedRecord, LISTED_AT_MS, listedName, listedNumber } from './listed-record.ts';
import { median, percentile, rounded } from './statistics.ts';
import { judgeValue } from './targets.ts';

interface ListRow {
  readonly engine: Engine;
  readonly asked: string;
  /** Rows of the first answer, and how many it says match. */
  readonly rows: number;
  readonly matching: number | null;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

type Ask = (query: Readonly<Record<string, string>>) => Promise<ReferralListAnswer>;

/** What is asked, by its name; the number is different each time. */
const QUESTIONS: Readonly<Record<string, (number: number) => Readonly<Record<string, string>>>> = {
  ...Object.fromEntries(REFERRAL_TABS.map((tab) => [`tab ${tab}`, () => ({ tab })])),
  ...Object.fromEntries(
    REFERRAL_TABS.flatMap((tab) =>
      ['due', 'newest'].map((sort) => [`${tab}, ${sort}`, () => ({ tab, sort })]),
    ),
  ),
  'one site': () => ({ tab: 'all', siteId: 'site3' }),
  'a site with hardly any': () => ({ tab: 'all', siteId: 'site7' }),
  'a site that has none': () => ({ tab: 'all', siteId: 'nowhere' }),
  'finding: fracture': () => ({ tab: 'all', kind: 'fracture' }),
  'finding: low density, rare': () => ({ tab: 'all', kind: 'low-density' }),
  'grade 3 and more': () => ({ tab: 'all', gradeMin: '3' }),
  'age 95 and more': () => ({ tab: 'all', ageMin: '95' }),
  'age 50 to 55, closed': () => ({ tab: 'closed', ageMin: '50', ageMax: '55' }),
  'one state': () => ({ tab: 'all', state: 'treatment-assessment' }),
  'site, finding, grade and age': () => ({
    tab: 'all',
    siteId: 'site4',
    kind: 'fracture',
    gradeMin: '2',
    ageMin: '80',
  }),
  'nothing matches': () => ({ tab: 'all', siteId: 'site0', kind: 'low-density', ageMin: '120' }),
  'whole personnummer': (number) => ({ search: listedNumber(number * 997) }),
  'whole personnummer, ten digits': (number) => ({
    search: listedNumber(number * 991)
      .slice(2)
      .replace('-', ''),
  }),
  'birth year': (number) => ({ search: String(1930 + (number % 40)) }),
  'beginning 19': () => ({ search: '19' }),
  'rare name': (number) => ({ search: `ensam${listedRare(number)}` }),
  'common name': () => ({ search: 'andersson' }),
  'beginning and': () => ({ search: 'and' }),
  'one letter': () => ({ search: 'a' }),
  'two common beginnings': () => ({ search: 'joh kar' }),
  'name and year': () => ({ search: 'larsson 1950' }),
  'common name, my own': () => ({ tab: 'mine', search: 'nilsson' }),
  'common name, late': () => ({ tab: 'overdue', search: 'persson' }),
  'common name at a site with hardly any': () => ({ tab: 'all', search: 'eriksson', siteId: 'site7' }),
  'common beginning of a rare kind': () => ({ tab: 'all', search: 'a', kind: 'low-density' }),
  nobody: () => ({ search: 'zzz' }),
};
/** Pages of the deep walk that are measured, and how many larger ones lie between them: the last one is 20,000 rows down. */
const DEEP_PAGES = 20;
const SKIPPED_PAGES = 5;

/** The part of the bench: 200,000 referrals on both engines. */
export async function benchWorklist({ quick, rounds }: BenchSize): Promise<BenchPart> {
  const engines: readonly Engine[] = requirePostgres().available ? ['sqlite', 'postgres'] : ['sqlite'];
  const rows: ListRow[] = [];
  for (const engine of engines) {
    rows.push(...(await benchEngine(engine, quick ? 2_000 : 200_000, quick ? 3 : rounds * 8)));
  }
  const figures = engines.map((engine) =>
    judgeValue(
      'worklist.p95Ms',
      Math.max(...rows.filter((row) => row.engine === engine).map(({ p95Ms }) => p95Ms)),
      engine,
    ),
  );
  return { figures, details: rows };
}

async function benchEngine(engine: Engine, referrals: number, repeats: number): Promise<readonly ListRow[]> {
  const server = engine === 'postgres' ? await startPostgres() : undefined;
  try {
    return await inFolder(async (folder) => {
      const database =
        server === undefined
          ? openSqlite(join(folder, 'listed.sqlite'))
          : await openPostgres({ url: await server.makeDatabase(), passwordFile: '' });
      try {
        say(`a list of ${referrals} referrals on ${engine}`);
        await migrate(database);
        await fillListedRecord(database, referrals);
        if (engine === 'postgres') await sql`VACUUM ANALYZE`.execute(database);
        say(`${referrals} referrals stand on ${engine}`);
        const rows = await askAll(engine, database, repeats);
        for (const { asked, p50Ms, p95Ms } of rows) say(`${engine}, ${asked}: ${p50Ms} ms, p95 ${p95Ms} ms`);
        return rows;
      } finally {
        await database.destroy();
      }
    });
  } finally {
    await server?.stop();
  }
}

async function askAll(
  engine: Engine,
  database: Kysely<Database>,
  repeats: number,
): Promise<readonly ListRow[]> {
  const worklist = new ScriptedWorklist();
  const clock = { ...systemClock, nowMs: () => LISTED_AT_MS };
  const list = openReferralList({ database, clock, sites: { book: () => null } });
  const ignore = (): void => undefined;
  const server = await startHttpServer({
    ...{ host: '127.0.0.1', port: 0, access: openWithoutSignIn(() => undefined) },
    ...{ reader: worklist, pictures: worklist, events: worklist, deliveries: worklist, clock },
    routes: [serveReferralList({ list, record: (entry) => recordAudit(database, entry), clock })],
    log: { info: ignore, warn: ignore, error: ignore },
    ...{ pagesFolder: join(PROJECT_FOLDER, 'dist', 'pages'), operations: servedOperations() },
    limits: { bodyBytesMax: 1_024, eventStreamsMax: 1 },
  });
  const ask: Ask = async (query) => {
    const response = await fetch(`${server.url}api/referrals?${new URLSearchParams(query).toString()}`);
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    return (await response.json()) as ReferralListAnswer;
  };
  try {
    const rows: ListRow[] = [];
    for (const [asked, queryOf] of Object.entries(QUESTIONS)) {
      rows.push({ engine, asked, ...(await measure((number) => ask(queryOf(number)), repeats)) });
    }
    for (const [tab, sort] of [
      ['closed', 'urgency'],
      ['all', 'urgency'],
      ['all', 'due'],
      ['all', 'newest'],
    ] as const) {
      rows.push({ engine, asked: `${tab}, ${sort}, deep pages`, ...(await measureDeep(ask, { tab, sort })) });
    }
    return rows;
  } finally {
    await server.close();
  }
}

async function measure(
  ask: (number: number) => Promise<ReferralListAnswer>,
  repeats: number,
): Promise<Pick<ListRow, 'rows' | 'matching' | 'p50Ms' | 'p95Ms'>> {
  const times: number[] = [];
  let first: ReferralListAnswer | undefined;
  for (let number = -2; number < repeats; number += 1) {
    const startedAtMs = performance.now();
    const answer = await ask(number + 3);
    // The first ones fill caches.
    if (number >= 0) times.push(performance.now() - startedAtMs);
    first ??= answer;
  }
  return { rows: first?.rows.length ?? 0, matching: first?.matching ?? null, ...spread(times) };
}

/** Page after page, each from where the last one ended. */
async function measureDeep(
  ask: Ask,
  query: Readonly<Record<string, string>>,
): Promise<Pick<ListRow, 'rows' | 'matching' | 'p50Ms' | 'p95Ms'>> {
  const times: number[] = [];
  let answer = await ask(query);
  const { matching } = answer;
  for (let page = 0; page < DEEP_PAGES * SKIPPED_PAGES && answer.nextCursor !== null; page += 1) {
    if (page % SKIPPED_PAGES !== 0) {
      answer = await ask({ ...query, limit: '200', cursor: answer.nextCursor });
      continue;
    }
    const startedAtMs = performance.now();
    answer = await ask({ ...query, cursor: answer.nextCursor });
    times.push(performance.now() - startedAtMs);
  }
  return { rows: answer.rows.length, matching, ...spread(times) };
}

function spread(times: readonly number[]): Pick<ListRow, 'p50Ms' | 'p95Ms'> {
  return { p50Ms: rounded(median(times)), p95Ms: rounded(percentile(times, 95)) };
}

/** The index of a person whose name nobody else has. */
function listedRare(number: number): number {
  for (let index = number * 1_009; ; index += 1) {
    if (listedName(index).startsWith('Ensam')) return index;
  }
}
