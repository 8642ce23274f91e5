import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { DEFAULT_DIMSE_LIMITS } from '../../src/dimse/limits.ts';
import { sendFiles } from '../../src/dimse/send-files.ts';
import { ExamWatch } from '../demo/exam-watch.ts';
import type { ServiceProcess } from '../demo/service-process.ts';
import type { FilmTemplate } from '../fault-plan/invented-film.ts';
import { syncDisks } from './bench-run.ts';
import type { BurstFilm } from './fair-share.ts';
import { type BenchFilm, nextFilm } from './panoramic-films.ts';

const RESULT_MS_MAX = 120_000;

/** Who takes films and gives results. */
export interface FilmReader {
  readonly peer: { readonly host: string; readonly port: number; readonly calledAeTitle: string };
  /** When the result of a film could first be seen, milliseconds since 1970; may be asked before the film is sent. */
  seenAtMs(film: BenchFilm, waitMsMax: number): Promise<number>;
  close(): Promise<void>;
}

/** The service, and its worklist as the page sees it: an event, then the exam with its outcome over HTTP. */
export async function watchService({ ready }: Pick<ServiceProcess, 'ready'>): Promise<FilmReader> {
  const watch = new ExamWatch(ready.http.url);
  await watch.open();
  const { aeTitle, host, port } = ready.dimse;
  return {
    peer: { host, port, calledAeTitle: aeTitle },
    async seenAtMs({ header, expected }, waitMsMax) {
      const { exam, seenAtMs } = await watch.outcomeOf(header.sopInstanceUid, waitMsMax);
      if (exam.state !== expected.outcome)
        throw new Error(`a film ended as ${exam.state}, not as ${expected.outcome}`);
      return seenAtMs;
    },
    close: () => watch.close(),
  };
}

/**
 * Sends so many new films over one association and waits for all results, in the order in which they were sent. The
 * time of the last byte is taken here, at the sender, when the last of a file has been read and is about to be written
 * to the socket.
 */
export async function sendFilms(
  folder: string,
  reader: FilmReader,
  templates: readonly FilmTemplate[],
  count: number,
): Promise<readonly BurstFilm[]> {
  await mkdir(folder, { recursive: true });
  const films = Array.from({ length: count }, (_, index) => nextFilm(templates, index));
  const paths = films.map((_, index) => join(folder, `${index}.dcm`));
  for (const [index, film] of films.entries()) await writeFile(paths[index] ?? '', film.bytes);
  // In life the sender is another machine: its unwritten pages must not hold up the syncs of whoever receives.
  await syncDisks();
  const results = films.map((film) => reader.seenAtMs(film, RESULT_MS_MAX));
  // They are awaited below; a sender that fails first must not leave them without a listener.
  for (const result of results) result.catch(() => undefined);
  const sentAtMs: number[] = [];
  const peer = { ...reader.peer, callingAeTitle: 'BENCH' };
  const options = { peer, limits: DEFAULT_DIMSE_LIMITS, clock: systemClock, connectMsMax: 5000 };
  for await (const sent of sendFiles(paths, options)) {
    if ('error' in sent) throw sent.error;
    if (sent.answer.status !== 0) throw new Error(`a film was answered ${sent.answer.status}`);
    sentAtMs.push(sent.lastByteAtMs);
  }
  const seenAtMs = await Promise.all(results);
  await rm(folder, { recursive: true });
  return seenAtMs.map((atMs, index) => ({ sentAtMs: sentAtMs[index] ?? Number.NaN, seenAtMs: atMs }));
}

/** Films a second from the first last byte to the last result. */
export function burstRate(films: readonly BurstFilm[]): number {
  const startMs = Math.min(...films.map(({ sentAtMs }) => sentAtMs));
  const endMs = Math.max(...films.map(({ seenAtMs }) => seenAtMs));
  return (films.length * 1000) / (endMs - startMs);
}
