import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { openS3ObjectStore } from '../../src/archive/s3-object-store.ts';
import { systemClock } from '../../src/clock.ts';
import { openPostgres } from '../../src/database/postgres.ts';
import type { Database } from '../../src/database/schema.ts';
import { silentLog } from '../../src/telemetry.ts';
import { type Cluster, startCluster } from '../../src/testing/cluster.ts';
import { freePort } from '../../src/testing/free-port.ts';
import { type FilmFile, writeFilmFiles } from '../bench/film-files.ts';
import { renderPanoramicPhantom } from '../phantom/panoramic-phantom.ts';
import { createSeededRandom } from '../phantom/seeded-random.ts';
import { DISTRIBUTED_FAULTS, type DistributedFaultKind, planDistributedFaults } from './fault-plan.ts';
import { FaultPlayer } from './fault-player.ts';
import { FilmClients } from './film-clients.ts';
import { type DistributedVerdict, judgeFilms } from './verdict.ts';

const SENDERS = 4;
/** People have about four films each. */
const FILMS_EACH_PERSON = 4;
/** The phantom is small, for the plan is about processes; its cortex is thin, so that people are referred. */
const FILM = { columns: 1000, rows: 500, bits: 12, mcwRightMm: 2, mcwLeftMm: 2 };
/** What shows no jaw is smaller still. */
const OTHER_FILM_BYTES = 300_000;
const QUIET_SECONDS_MAX = 300;

/** What a run is made of. */
export interface DistributedPlanOptions {
  readonly seed: number;
  readonly exams: number;
  readonly listeners?: number;
  readonly workers?: number;
  /** Left out: every kind there is. */
  readonly kinds?: readonly DistributedFaultKind[];
  /** Films a second that the senders offer together; the faults are played meanwhile. */
  readonly filmsPerSecond?: number;
  /** Told a line of progress now and then. */
  readonly say?: (line: string) => void;
}

/** What came of a run. */
export interface DistributedReport extends DistributedVerdict {
  readonly schema: 'osteotriage.distributed-plan/1';
  readonly seed: number;
  readonly exams: number;
  readonly acknowledged: number;
  readonly seconds: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly answers: Readonly<Record<string, number>>;
  /** From each kill of a worker until its last job was in other hands; the promise is 10. */
  readonly recoverySeconds: readonly number[];
}

/** Runs the service on many processes under a seeded plan of faults while films keep coming, and judges what is held. */
export async function runDistributedPlan(options: DistributedPlanOptions): Promise<DistributedReport> {
  const startedAtMs = Date.now();
  const pacsPort = await freePort();
  const cluster = await startCluster({
    listeners: options.listeners ?? 3,
    workers: options.workers ?? 2,
    environment: {
      TRIAGE_PACS: `PACS@127.0.0.1:${pacsPort}`,
      // Far more goes wrong here than in any year, so a film gets more attempts.
      TRIAGE_JOB_ATTEMPTS_MAX: '20',
    },
  });
  const pacsFolder = join(cluster.folder, 'pacs');
  await mkdir(pacsFolder);
  const pacs = spawn('storescp', ['-aet', 'PACS', '-od', pacsFolder, String(pacsPort)], { stdio: 'ignore' });
  const endPacs = (): void => void pacs.kill('SIGKILL');
  process.once('exit', endPacs);
  const database = await openPostgres({ url: cluster.postgres.url, passwordFile: '' });
  let isClean = false;
  try {
    const films = await makeFilms(options, cluster.folder);
    const random = createSeededRandom(options.seed + 1);
    const clients = new FilmClients(films, cluster.listeners, random);
    const player = new FaultPlayer(cluster, database);
    await sendUnderFaults(options, clients, player);
    const problems = await settle(cluster, database, options.exams);
    const verdict = await judge(cluster, database, pacsFolder, films);
    const wrong = [...problems, ...verdict.wrong];
    isClean = wrong.length === 0;
    return {
      ...{ schema: 'osteotriage.distributed-plan/1', seed: options.seed, exams: options.exams },
      acknowledged: clients.acknowledged.size,
      seconds: (Date.now() - startedAtMs) / 1000,
      ...{ faults: player.played, answers: clients.answers, recoverySeconds: player.recoverySeconds },
      ...{ ...verdict, wrong },
    };
  } finally {
    await database.destroy();
    await cluster.stop(!isClean);
    process.off('exit', endPacs);
    endPacs();
    if (!isClean) options.say?.(`kept for a look: ${cluster.folder}`);
  }
}

async function makeFilms(
  { seed, exams }: DistributedPlanOptions,
  folder: string,
): Promise<readonly FilmFile[]> {
  const groups = await writeFilmFiles({
    ...{ folder: join(folder, 'films'), count: exams, bytes: OTHER_FILM_BYTES, folders: 1 },
    persons: Math.ceil(exams / FILMS_EACH_PERSON),
    phantom: renderPanoramicPhantom({ seed, ...FILM }).film,
  });
  return groups.flat();
}

/** Films and faults end together: every kind is played at least once, and no film is left without its Success. */
async function sendUnderFaults(
  { seed, kinds = DISTRIBUTED_FAULTS, filmsPerSecond = 2.5, say, exams }: DistributedPlanOptions,
  clients: FilmClients,
  player: FaultPlayer,
): Promise<void> {
  const sent = new AbortController();
  const sending = clients.sendAll(SENDERS, filmsPerSecond).then(() => sent.abort());
  let played = 0;
  for (const fault of planDistributedFaults(seed, kinds)) {
    if (sent.signal.aborted && played >= kinds.length) break;
    await delay(fault.pauseSeconds * 1000);
    await player.play(fault);
    played += 1;
    say?.(
      `${fault.kind}, ${fault.lastsSeconds.toFixed(1)} s; ${clients.acknowledged.size} of ${exams} films`,
    );
  }
  await sending;
}

/** Without faults everything comes to its end by itself; what does not is a problem in words. */
async function settle(
  { listeners, workers, web }: Cluster,
  database: Kysely<Database>,
  exams: number,
): Promise<readonly string[]> {
  const problems: string[] = [];
  await hurry(database);
  for (let second = 0; ; second += 1) {
    const open = await countOpen(database);
    if (open.pending === 0 && open.deliveries === 0) break;
    if (second >= QUIET_SECONDS_MAX) {
      problems.push(`not quiet after ${QUIET_SECONDS_MAX} s: ${JSON.stringify(open)}`);
      break;
    }
    await delay(1000);
  }
  const { url } = web.ready().http ?? { url: '' };
  const { counts } = (await (await fetch(new URL('api/status', url))).json()) as {
    readonly counts: { readonly received: number; readonly pending: number };
  };
  if (counts.received !== exams) problems.push(`the page counts ${counts.received} films of ${exams}`);
  for (const process of [...listeners, ...workers, web]) {
    if (process.endedByItself() > 0) {
      problems.push(`${process.name} ended by itself ${process.endedByItself()} times`);
    }
    const status = await process.stop();
    if (status !== 0) problems.push(`SIGTERM ended ${process.name} with ${status ?? 'no status'}`);
  }
  return problems;
}

/** What waits for minutes after a failure is due now, so that the run can end. */
async function hurry(database: Kysely<Database>): Promise<void> {
  const due_at_ms = Date.now();
  await database.updateTable('deliveries').set({ due_at_ms }).where('state', '=', 'pending').execute();
  await database.updateTable('jobs').set({ due_at_ms }).where('state', '=', 'waiting').execute();
}

async function countOpen(
  database: Kysely<Database>,
): Promise<{ readonly pending: number; readonly deliveries: number }> {
  const count = async (table: 'exams' | 'deliveries'): Promise<number> => {
    const rows = await database.selectFrom(table).select('exam_id').where('state', '=', 'pending').execute();
    return rows.length;
  };
  return { pending: await count('exams'), deliveries: await count('deliveries') };
}

async function judge(
  { store, folder }: Cluster,
  database: Kysely<Database>,
  pacsFolder: string,
  films: readonly FilmFile[],
): Promise<DistributedVerdict> {
  const objects = await openS3ObjectStore({
    ...{ ...store, clock: systemClock, log: silentLog, scratchFolder: join(folder, 'verdict') },
  });
  try {
    return await judgeFilms({ database, objects, pacsFolder }, films);
  } finally {
    objects.close();
  }
}
