import type { Clock } from '../clock.ts';

/** A clock that stands still until a test moves it; what falls due runs in the order of its time. */
export class ManualClock implements Clock {
  #nowMs: number;
  #due: { readonly atMs: number; readonly run: () => void }[] = [];

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(waitMs: number): Promise<void> {
    return new Promise((settle) => this.schedule(waitMs, () => settle()));
  }

  schedule(waitMs: number, callback: () => void): () => void {
    const entry = { atMs: this.#nowMs + waitMs, run: callback };
    this.#due.push(entry);
    return () => {
      this.#due = this.#due.filter((other) => other !== entry);
    };
  }

  /** Moves time on and runs what falls due. */
  advance(ms: number): void {
    this.#nowMs += ms;
    const ready = this.#due.filter((entry) => entry.atMs <= this.#nowMs).sort((a, b) => a.atMs - b.atMs);
    this.#due = this.#due.filter((entry) => entry.atMs > this.#nowMs);
    for (const entry of ready) entry.run();
  }
}
