import type { Clock } from '../clock.ts';
import type { Log } from '../telemetry.ts';

/** What still hangs after this is cut by the end of the process, and done again after the next start. */
const CLOSE_MS_MAX = 3_000;

/** What the rounds need. */
export interface DestinationRoundsParts {
  readonly clock: Clock;
  readonly log: Log;
  /** How often destinations are looked at although nobody rang: retries fall due by time alone. */
  readonly pollMs: number;
  /** Names of all destinations, at this moment. */
  readonly names: () => readonly string[];
  /** Everything that is due at one destination; `closing` tells it to begin nothing more. */
  readonly work: (name: string, closing: AbortSignal) => Promise<void>;
}

/**
 * Work at destinations, each on its own: one that is down or slow delays no other. Modes: waiting (for a ring or the
 * poll), working (at most one round for each destination), closing.
 */
export class DestinationRounds {
  readonly #parts: DestinationRoundsParts;
  readonly #running = new Map<string, Promise<void>>();
  readonly #rungMeanwhile = new Set<string>();
  readonly #closing = new AbortController();
  #cancelPoll: () => void = () => undefined;

  constructor(parts: DestinationRoundsParts) {
    this.#parts = parts;
  }

  /** Says that there may be work. Cheap; call it as often as you like. */
  ring(): void {
    if (this.#closing.signal.aborted) return;
    this.#cancelPoll();
    this.#cancelPoll = this.#parts.clock.schedule(this.#parts.pollMs, () => this.ring());
    for (const name of this.#parts.names()) this.#start(name);
  }

  /** Starts nothing more and waits for what is under way, but not for a destination that hangs. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#cancelPoll();
    const ended = new AbortController();
    const late = this.#parts.clock.sleep(CLOSE_MS_MAX, ended.signal).catch(() => undefined);
    await Promise.race([Promise.all(this.#running.values()), late]);
    ended.abort();
  }

  #start(name: string): void {
    if (this.#running.has(name)) {
      this.#rungMeanwhile.add(name);
      return;
    }
    const { work, log } = this.#parts;
    const round = work(name, this.#closing.signal)
      .catch((thrown: unknown) => log.error({ destination: name, err: thrown }, 'a round at it failed'))
      .finally(() => {
        this.#running.delete(name);
        if (this.#rungMeanwhile.delete(name) && !this.#closing.signal.aborted) this.#start(name);
      });
    this.#running.set(name, round);
  }
}
