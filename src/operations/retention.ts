import { statfs } from 'node:fs/promises';
import type { Kysely } from 'kysely';
import { pictureObjectKey } from '../archive/archive.ts';
import type { ObjectStore } from '../archive/object-store.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/schema.ts';
import type { Log } from '../telemetry.ts';
import {
  excessBytesOf,
  type HeldFilm,
  type Hold,
  isTooOld,
  planRetention,
  type Removal,
  type RetentionRules,
} from './retention-policy.ts';
import {
  listHeldFilms,
  listLastRemoved,
  markRemoved,
  type PageStart,
  type RemovedFilm,
  sumFilmBytes,
} from './retention-records.ts';
import { holdUpkeep } from './upkeep-lock.ts';

/** Films that are looked at together. */
const PAGE_FILMS = 2_000;
/** Films that are noted as removed together, and then removed. */
const BATCH_FILMS = 100;
const DAY_MS = 86_400_000;
/** A run that fails, as beside a backup, is tried again so soon: else a backup at the same hour would stop it for ever. */
const AGAIN_MS = 3_600_000;
/** The first run waits until the service has caught up with what came while it was down. */
const FIRST_RUN_MS = 600_000;

/** Where retention works and by which rules. */
export interface RetentionPlace {
  readonly database: Kysely<Database>;
  readonly objects: Pick<ObjectStore, 'remove'>;
  readonly dataFolder: string;
  readonly rules: RetentionRules;
  readonly clock: Clock;
  /** Bytes of the disk; left out: those of the disk that the data folder is on. */
  readonly diskBytes?: number;
}

/** What goes, or went. Nothing in it identifies a patient. */
export interface RetentionReport {
  readonly schema: 'osteotriage.retention/1';
  readonly applied: boolean;
  readonly rules: RetentionRules;
  readonly disk: { readonly totalBytes: number; readonly filmBytes: number };
  readonly removals: readonly Removal[];
  readonly freedBytes: number;
  /** Films whose time is up and that stay, by reason. */
  readonly held: Readonly<Partial<Record<Hold, number>>>;
}

/** Says what would go, and changes nothing. */
export async function previewRetention(place: RetentionPlace): Promise<RetentionReport> {
  const disk = await measureDisk(place);
  const removals: Removal[] = [];
  const held: Partial<Record<Hold, number>> = {};
  const nowMs = place.clock.nowMs();
  let excessBytes = excessBytesOf(place.rules, disk);
  let after: PageStart | null = null;
  for (;;) {
    const films: readonly HeldFilm[] = await listHeldFilms(place.database, after, PAGE_FILMS);
    const plan = planRetention(films, place.rules, excessBytes, nowMs);
    removals.push(...plan.removals);
    for (const [hold, count] of Object.entries(plan.held)) {
      held[hold as Hold] = (held[hold as Hold] ?? 0) + count;
    }
    excessBytes = plan.excessBytes;
    const last = films.at(-1);
    // The pages are in the order of receipt: behind a film that is young enough there is no older one.
    if (last === undefined || (excessBytes === 0 && !isTooOld(last.receivedAtMs, place.rules, nowMs))) break;
    after = last;
  }
  return reportOf(place, disk, { applied: false, removals, held });
}

/**
 * Removes the films that the rules name; their rows, results and reports stay. A row is noted before its object
 * goes, and what a crash left between the two goes first. Throws state-conflict while a backup runs.
 */
export async function applyRetention(place: RetentionPlace): Promise<RetentionReport> {
  const release = holdUpkeep(place.dataFolder);
  try {
    await removeObjects(place, await listLastRemoved(place.database));
    const preview = await previewRetention(place);
    const removals: Removal[] = [];
    for (let at = 0; at < preview.removals.length; at += BATCH_FILMS) {
      const batch = preview.removals.slice(at, at + BATCH_FILMS);
      const removed = await markRemoved(place.database, batch, place.clock.nowMs());
      await removeObjects(place, removed);
      const ids = new Set(removed.map(({ examId }) => examId));
      removals.push(...batch.filter(({ examId }) => ids.has(examId)));
    }
    return reportOf(place, preview.disk, { applied: true, removals, held: preview.held });
  } finally {
    release();
  }
}

/** Runs retention once a day until it is stopped; a run that fails is logged and tried again in an hour. */
export function startRetention(place: RetentionPlace & { readonly log: Log }): { stop(): Promise<void> } {
  const { clock, log, rules } = place;
  let cancel: () => void = () => undefined;
  let isStopped = false;
  let running: Promise<void> = Promise.resolve();
  const run = (): void => {
    cancel = clock.schedule(DAY_MS, run);
    running = applyRetention(place).then(
      ({ removals, freedBytes, held }) =>
        log.info({ films: removals.length, freedBytes, held }, 'films were removed by retention'),
      (thrown: unknown) => {
        log.error({ err: thrown }, 'retention could not run; it is tried again in an hour');
        cancel();
        if (!isStopped) cancel = clock.schedule(AGAIN_MS, run);
      },
    );
  };
  if (rules.keepDays > 0 || rules.diskPercentMax > 0) cancel = clock.schedule(FIRST_RUN_MS, run);
  return {
    stop: () => {
      isStopped = true;
      cancel();
      return running;
    },
  };
}

async function measureDisk(place: RetentionPlace): Promise<RetentionReport['disk']> {
  const filmBytes = await sumFilmBytes(place.database);
  if (place.diskBytes !== undefined) return { totalBytes: place.diskBytes, filmBytes };
  const { blocks, bsize } = await statfs(place.dataFolder);
  return { totalBytes: blocks * bsize, filmBytes };
}

// Durable before the next batch is noted, for only the last one is looked at again after a crash.
function removeObjects({ objects }: RetentionPlace, films: readonly RemovedFilm[]): Promise<void> {
  return objects.remove(
    films.flatMap(({ examId, objectKey }) => [
      objectKey,
      // The pictures show the film.
      pictureObjectKey(examId, 'preview'),
      pictureObjectKey(examId, 'overlay'),
    ]),
  );
}

function reportOf(
  { rules }: RetentionPlace,
  disk: RetentionReport['disk'],
  outcome: Pick<RetentionReport, 'applied' | 'removals' | 'held'>,
): RetentionReport {
  const freedBytes = outcome.removals.reduce((sum, { bytes }) => sum + bytes, 0);
  return { schema: 'osteotriage.retention/1', rules, disk, freedBytes, ...outcome };
}
