import type { Clock } from '../clock.ts';

/**
 * A time limit that is cheap to push back: `restart` only notes the time, and the one timer looks at that note
 * when it fires. `hold` stops the counting while it is we who make the peer wait.
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onExpiry: () => void;
  #startedMs = 0;
  #isHeld = false;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, limitMs: number, onExpiry: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onExpiry = onExpiry;
  }

  /** Whether it counts or is held. */
  get isRunning(): boolean {
    return this.#cancel !== undefined;
  }

  /** Whether the counting is stopped by `hold`. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Counts from now. */
  restart(): void {
    this.#startedMs = this.#clock.monotonicMs();
    this.#cancel ??= this.#clock.schedule(this.#limitMs, () => this.#check());
  }

  /** Does not count until `release`. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Counts again, from now. */
  release(): void {
    this.#isHeld = false;
    this.#startedMs = this.#clock.monotonicMs();
  }

  /** Ends it; it can be started again. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #check(): void {
    this.#cancel = undefined;
    const leftMs = this.#isHeld ? this.#limitMs : this.#startedMs + this.#limitMs - this.#clock.monotonicMs();
    // A timer may fire a fraction of a millisecond early.
    if (leftMs < 1) this.#onExpiry();
    else this.#cancel = this.#clock.schedule(Math.ceil(leftMs), () => this.#check());
  }
}
