import { closeSync, fdatasync, openSync } from 'node:fs';
import { promisify } from 'node:util';

const syncDescriptor = promisify(fdatasync);

/**
 * Syncs one file for many who wait: whoever asks while a sync is under way waits for the next one, which then covers
 * all of them. After a failure every sync fails, for the kernel may have given up pages that it never wrote.
 */
export class GroupSync {
  readonly #path: string;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Whether a sync failed, and nothing can be made durable any more. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Resolves when everything written to the file before the call is durable. */
  sync(): Promise<void> {
    if (this.#running === undefined) return this.#start();
    // The sync that is under way may have begun before the last write.
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#start();
      });
    return this.#next;
  }

  #start(): Promise<void> {
    const running = this.#sync().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #sync(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    // Opened by name each time: the file may have been made anew.
    const file = openSync(this.#path, 'r+');
    try {
      await syncDescriptor(file);
    } catch (thrown) {
      this.#failure = thrown instanceof Error ? thrown : new Error('a sync failed');
      throw thrown;
    } finally {
      closeSync(file);
    }
  }
}
