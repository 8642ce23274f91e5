/**
 * Runs a refresh for each key that became stale: one at a time, and once more when the key became stale while it
 * was being read. A burst of two hundred events so costs a few reads, and none of them is missed.
 */
export class Refresher {
  readonly #refresh: (key: string) => Promise<unknown>;
  readonly #stale = new Set<string>();
  readonly #running = new Set<string>();

  constructor(refresh: (key: string) => Promise<unknown>) {
    this.#refresh = refresh;
  }

  /** Marks keys as stale and sees to it that they are read. */
  mark(...keys: readonly string[]): void {
    for (const key of keys) {
      this.#stale.add(key);
      if (!this.#running.has(key)) void this.#run(key);
    }
  }

  async #run(key: string): Promise<void> {
    this.#running.add(key);
    while (this.#stale.delete(key)) {
      // A failed read shows itself on the page; here it must only not end the loop.
      await this.#refresh(key).catch(() => undefined);
    }
    this.#running.delete(key);
  }
}
