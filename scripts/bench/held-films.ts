import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { instanceObjectKey } from '../../src/archive/archive.ts';
import { type Connection, insertExam } from '../../src/database/exam-records.ts';
import { insertJobs } from '../../src/database/job-records.ts';
import { migrate } from '../../src/database/migrations.ts';
import { databasePath, openSqlite } from '../../src/database/sqlite.ts';
import { transact } from '../../src/database/transact.ts';
import type { FilmTemplate } from '../fault-plan/invented-film.ts';
import { syncDisks } from './bench-run.ts';
import { nextFilm, type BenchFilm } from './panoramic-films.ts';

/** Exams that a service is given as if it had received them before. */
export interface HeldFilms {
  /**
   * Writes so many new films and queues them at once; resolves when their exams are committed, with the name of the
   * queueing. `others` more exams stand behind them and point at one film more.
   */
  queue(count: number, others?: number): Promise<string>;
  /**
   * When the first `count` exams of a queueing were finished, milliseconds since 1970, in order; once all are, removes
   * their films. Rejects where one ended otherwise than measured.
   */
  finishedMs(name: string, count: number, waitMsMax?: number): Promise<readonly number[]>;
  close(): Promise<void>;
}

const LOOK_MS = 250;
const WAIT_MS_MAX = 120_000;

interface HeldFilm extends BenchFilm {
  readonly objectKey: string;
}

/** Opens the record of a data folder for queueing, also while a service runs there. Films are taken in turn. */
export async function openHeldFilms(folder: string, templates: readonly FilmTemplate[]): Promise<HeldFilms> {
  await mkdir(folder, { recursive: true });
  const database = openSqlite(databasePath(folder));
  await migrate(database);
  const place = (objectKey: string) => join(folder, 'archive', objectKey);
  const held = new Map<string, readonly HeldFilm[]>();
  return {
    async queue(count, others = 0) {
      const name = `BENCH-${held.size}`;
      const written: HeldFilm[] = [];
      // Those behind have a film of their own: workers begin some of them, and reports of one film have one name.
      for (let index = 0; index < count + Math.min(1, others); index += 1) {
        const film = nextFilm(templates, index);
        const objectKey = instanceObjectKey(film.header, film.dataSetSha256);
        await mkdir(dirname(place(objectKey)), { recursive: true });
        await writeFile(place(objectKey), film.bytes);
        written.push({ ...film, objectKey });
      }
      // What was written must not be paid for by whoever is measured next.
      await syncDisks();
      const last = written.at(-1);
      const counted = written.slice(0, count);
      held.set(name, counted);
      await transact(database, async (transaction) => {
        for (const [index, film] of counted.entries()) await insertHeld(transaction, name, film, index);
        for (let index = 0; last !== undefined && index < others; index += 1) {
          const studyInstanceUid = `2.25.${index}`;
          await insertHeld(
            transaction,
            'BEHIND',
            { ...last, header: { ...last.header, studyInstanceUid } },
            count,
          );
        }
      });
      return name;
    },
    async finishedMs(name, count, waitMsMax = WAIT_MS_MAX) {
      const untilMs = Date.now() + waitMsMax;
      for (;;) {
        const rows = await database
          .selectFrom('exams')
          .select(['state', 'finished_at_ms', 'reasons_json'])
          .where('calling_ae_title', '=', name)
          .where('finished_at_ms', 'is not', null)
          .orderBy('finished_at_ms')
          .execute();
        const wrong = rows.find((row) => row.state !== 'positive' && row.state !== 'negative');
        if (wrong !== undefined) throw new Error(`an exam ended as ${wrong.state}: ${wrong.reasons_json}`);
        if (rows.length >= count) {
          if (count === held.get(name)?.length)
            for (const { objectKey } of held.get(name) ?? []) await rm(place(objectKey), { force: true });
          return rows.flatMap((row) => row.finished_at_ms ?? []).slice(0, count);
        }
        if (Date.now() > untilMs)
          throw new Error(`${rows.length} of ${count} exams finished within ${waitMsMax} ms`);
        await delay(LOOK_MS);
      }
    },
    close: () => database.destroy(),
  };
}

async function insertHeld(database: Connection, name: string, film: HeldFilm, order: number): Promise<void> {
  const nowMs = Date.now() - 60_000;
  const examId = await insertExam(database, {
    ...{ header: film.header, dataSetSha256: film.dataSetSha256, objectKey: film.objectKey },
    ...{ objectBytes: film.bytes.length, callingAeTitle: name, view: 'panoramic' as const, ageYears: 75 },
    receivedAtMs: nowMs,
  });
  await insertJobs(database, [{ examId, priority: 'routine', traceParent: null }], nowMs + order);
}
