import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../src/clock.ts';
import { DEFAULT_DIMSE_LIMITS } from '../../src/dimse/limits.ts';
import { sendFiles } from '../../src/dimse/send-files.ts';
import { asTriageError } from '../../src/errors.ts';
import type { RoleProcess, RoleReady } from '../../src/testing/role-process.ts';
import type { FilmFile } from '../bench/film-files.ts';
import { pickOne, type SeededRandom } from '../phantom/seeded-random.ts';

const FILMS_EACH_ASSOCIATION_MAX = 3;
/** A sender that was refused waits before it tries again, as they do. */
const AGAIN_MS = 500;

type Listener = NonNullable<RoleReady['dimse']>;

/** Senders that share their films: each film goes to any listener until it was answered Success, some once more. */
export class FilmClients {
  readonly acknowledged = new Set<string>();
  /** Answers and failures of associations, counted by status or code. */
  readonly answers: Record<string, number> = {};
  readonly #films: readonly FilmFile[];
  readonly #listeners: readonly Listener[];
  readonly #random: SeededRandom;
  #next = 0;

  constructor(films: readonly FilmFile[], listeners: readonly RoleProcess[], random: SeededRandom) {
    this.#films = films;
    // A listener that was killed comes back where it was.
    this.#listeners = listeners.flatMap((listener) => listener.ready().dimse ?? []);
    this.#random = random;
  }

  /** Sends everything by so many senders, together at most so many films a second; resolves when all was acknowledged. */
  async sendAll(senders: number, filmsPerSecond: number): Promise<void> {
    const send = async (): Promise<void> => {
      for (;;) {
        const films = this.#choose();
        if (films === undefined) return;
        const startedAtMs = Date.now();
        const wasTaken = await this.#send(films);
        const shareMs = (films.length * senders * 1000) / filmsPerSecond;
        await delay(Math.max(wasTaken ? 0 : AGAIN_MS, shareMs - (Date.now() - startedAtMs)));
      }
    };
    await Promise.all(Array.from({ length: senders }, send));
  }

  /** New ones first, then what failed; one in ten that is held is sent again with them. */
  #choose(): readonly FilmFile[] | undefined {
    const count = 1 + Math.floor(this.#random.next() * FILMS_EACH_ASSOCIATION_MAX);
    const fresh = this.#films.slice(this.#next, this.#next + count);
    this.#next += fresh.length;
    const open =
      fresh.length > 0
        ? fresh
        : this.#films.filter((film) => !this.acknowledged.has(film.sopInstanceUid)).slice(0, count);
    if (open.length === 0) return undefined;
    return this.#random.next() < 0.1 ? [...open, pickOne(this.#random, this.#films)] : open;
  }

  /** Never rejects: what happens is counted. */
  async #send(films: readonly FilmFile[]): Promise<boolean> {
    try {
      const { host, port, aeTitle } = pickOne(this.#random, this.#listeners);
      const peer = { host, port, calledAeTitle: aeTitle, callingAeTitle: 'PLAN' };
      const options = { peer, limits: DEFAULT_DIMSE_LIMITS, clock: systemClock, connectMsMax: 5000 };
      let wasTaken = true;
      for await (const result of sendFiles(
        films.map(({ path }) => path),
        options,
      )) {
        const answer =
          'error' in result ? result.error.code : result.answer.status.toString(16).padStart(4, '0');
        this.#count(answer);
        if (answer === '0000' && 'answer' in result) this.acknowledged.add(result.sopInstanceUid);
        else wasTaken = false;
      }
      return wasTaken;
    } catch (thrown) {
      this.#count(asTriageError(thrown).code);
      return false;
    }
  }

  #count(answer: string): void {
    this.answers[answer] = (this.answers[answer] ?? 0) + 1;
  }
}
