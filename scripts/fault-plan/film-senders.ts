import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../src/clock.ts';
import { DEFAULT_DIMSE_LIMITS } from '../../src/dimse/limits.ts';
import { sendFiles } from '../../src/dimse/send-files.ts';
import { asTriageError } from '../../src/errors.ts';
import { pickOne, type SeededRandom } from '../phantom/seeded-random.ts';
import { type FilmTemplate, type InventedFilm, inventFilm } from './invented-film.ts';

/** What the senders work with. */
export interface SenderOptions {
  readonly seed: number;
  readonly random: SeededRandom;
  readonly templates: readonly FilmTemplate[];
  readonly folder: string;
  readonly port: number;
  readonly aeTitle: () => string;
}

/** Sends new films and old ones again, and remembers which were answered Success. */
export class FilmSenders {
  /** Every film that was ever sent, by serial number. */
  readonly films: InventedFilm[] = [];
  readonly acknowledged = new Set<string>();
  /** Answers and failures of associations, counted by status or code. */
  readonly answers: Record<string, number> = {};
  #files = 0;
  readonly #options: SenderOptions;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** One sender: so many films a second until the signal fires. */
  async run(filmsPerSecond: number, stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      const startedAtMs = Date.now();
      const count = 1 + Math.floor(this.#options.random.next() * 3);
      await this.send(Array.from({ length: count }, () => this.#choose()));
      await delay(Math.max(0, (count * 1000) / filmsPerSecond - (Date.now() - startedAtMs)));
    }
  }

  /** Sends every film that has no Success yet; true when all have one. */
  async sendRest(): Promise<boolean> {
    const rest = this.films.filter((film) => !this.acknowledged.has(film.sopInstanceUid));
    for (let at = 0; at < rest.length; at += 20) await this.send(rest.slice(at, at + 20));
    return this.films.every((film) => this.acknowledged.has(film.sopInstanceUid));
  }

  /** Sends films over one association. Never rejects: what happens is counted. */
  async send(films: readonly InventedFilm[]): Promise<void> {
    const { folder, port, seed, aeTitle } = this.#options;
    const paths: string[] = [];
    for (const film of films) {
      const path = join(folder, `${(this.#files += 1)}.dcm`);
      await writeFile(path, inventFilm(film.template, film.serial, seed).bytes);
      paths.push(path);
    }
    try {
      const peer = { host: '127.0.0.1', port, calledAeTitle: aeTitle(), callingAeTitle: 'FAULTPLAN' };
      const options = { peer, limits: DEFAULT_DIMSE_LIMITS, clock: systemClock, connectMsMax: 5000 };
      for await (const result of sendFiles(paths, options)) {
        if ('error' in result) this.#count(result.error.code);
        else {
          this.#count(result.answer.status.toString(16).padStart(4, '0'));
          if (result.answer.status === 0) this.acknowledged.add(result.sopInstanceUid);
        }
      }
    } catch (thrown) {
      this.#count(asTriageError(thrown).code);
    } finally {
      for (const path of paths) await rm(path, { force: true });
    }
  }

  /** Three in four are new; the rest were sent before, or are on their way this very moment. */
  #choose(): InventedFilm {
    const { random, templates, seed } = this.#options;
    if (this.films.length > 0 && random.next() < 0.25) {
      return pickOne(random, random.next() < 0.5 ? this.films.slice(-8) : this.films);
    }
    const { film } = inventFilm(pickOne(random, templates), this.films.length + 1, seed);
    this.films.push(film);
    return film;
  }

  #count(answer: string): void {
    this.answers[answer] = (this.answers[answer] ?? 0) + 1;
  }
}
