import type { TriageError } from '../errors.ts';
import type { AnalysisRequest } from '../../workers/messages.ts';
import { decideBatch, decideBatchAhead, type BatchLimits, type WaitingRequest } from './batcher.ts';
import type { PooledReply } from './worker-pool.ts';

/** A film in the pool. */
export interface PendingFilm extends WaitingRequest {
  readonly key: number;
  readonly request: AnalysisRequest;
  readonly rankMs: number;
  /** How often it came back from a worker that ended before it began it. */
  returns: number;
  readonly resolve: (reply: PooledReply) => void;
  readonly reject: (failure: TriageError) => void;
}

/** Where a film stands among those that wait. */
export interface FilmPlace {
  /** The lowest first (src/exam/priority.ts); equal ones in the order of their arrival. */
  readonly rankMs: number;
  /** Whether it ended a worker before: it goes alone. */
  readonly isSuspect: boolean;
}

/** What goes to a worker now; where it is empty, when to look again. */
export interface NextBatch {
  readonly films: readonly PendingFilm[];
  /** Infinity: when something arrives or ends. */
  readonly waitMs: number;
  /** A suspect: the worker gets nothing else until it is answered. */
  readonly isAlone: boolean;
}

/** The films that no worker has, in the order of their ranks; suspects go before all others, each alone. */
export class WaitingFilms {
  readonly #line: PendingFilm[] = [];
  readonly #suspects: PendingFilm[] = [];

  /** How many wait. */
  get count(): number {
    return this.#line.length + this.#suspects.length;
  }

  /** Whether one waits for a worker that has nothing to do. The others wait with it, lest it wait for ever. */
  get hasSuspect(): boolean {
    return this.#suspects.length > 0;
  }

  /** Adds a film behind those of its rank; one that came back stands where it stood. */
  add(film: PendingFilm): void {
    const isLater = (other: PendingFilm): boolean =>
      other.rankMs > film.rankMs || (other.rankMs === film.rankMs && other.key > film.key);
    const later = this.#line.findIndex(isLater);
    this.#line.splice(later === -1 ? this.#line.length : later, 0, film);
  }

  /** Adds films of which one ended a worker. */
  addSuspects(films: readonly PendingFilm[]): void {
    this.#suspects.push(...films);
  }

  /** Takes what a worker gets now: an idle one, or one that has a batch and takes the next one ahead. */
  take(isIdle: boolean, nowMs: number, limitsOf: (batchKey: string) => BatchLimits): NextBatch {
    const suspect = this.#suspects.shift();
    if (suspect !== undefined) return { films: [suspect], waitMs: 0, isAlone: true };
    const decision = isIdle
      ? decideBatch(this.#line, nowMs, limitsOf)
      : decideBatchAhead(this.#line, limitsOf);
    return 'send' in decision
      ? { films: this.#line.splice(0, decision.send), waitMs: 0, isAlone: false }
      : { films: [], waitMs: decision.waitMs, isAlone: false };
  }

  /** Takes all. */
  clear(): readonly PendingFilm[] {
    return [...this.#suspects.splice(0), ...this.#line.splice(0)];
  }
}

/** Films share a batch only where they may share a run; what is known of that before reading is the view that a person gave. */
export function batchKeyOf(request: AnalysisRequest): string {
  return request.options.view ?? 'any view';
}
