import type { Clock } from '../clock.ts';
import { asTriageError, type TriageError } from '../errors.ts';
import type { Log } from '../telemetry.ts';

/** After so many uploads that failed one after the other the next films are not sent to a store that will fail too. */
const FAILURES_MAX = 3;
/** How long after a trial that failed the next one is made. */
const TRY_MS = 2_000;

/** What the watch works with. */
export interface UploadWatchParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Rejects while the store takes nothing. */
  readonly tryOut: () => Promise<void>;
}

/**
 * Knows whether the store takes objects. Modes: open (every upload is tried), shut (several have failed; trials are made
 * until one, or an upload, succeeds). So a sender is told at once to come again, and not after all attempts of a store
 * that hangs.
 */
export class UploadWatch {
  readonly #parts: UploadWatchParts;
  #failures = 0;
  #problem: TriageError | undefined;
  #cancelTrial: () => void = () => undefined;
  #closed = false;

  constructor(parts: UploadWatchParts) {
    this.#parts = parts;
  }

  /** What the store failed with, while it is shut. */
  problem(): TriageError | undefined {
    return this.#problem;
  }

  /** Makes an upload and notes how it ended. */
  async watch(upload: () => Promise<void>): Promise<void> {
    try {
      await upload();
    } catch (thrown) {
      this.#noteFailure(asTriageError(thrown, 'storage-failed'));
      throw thrown;
    }
    this.#noteSuccess();
  }

  /** Makes no more trials. */
  close(): void {
    this.#closed = true;
    this.#cancelTrial();
  }

  #noteFailure(error: TriageError): void {
    this.#failures += 1;
    if (this.#failures < FAILURES_MAX) return;
    const isNew = this.#problem === undefined;
    this.#problem = error;
    if (!isNew) return;
    this.#parts.log.error(
      { err: error },
      'the object store takes nothing: no film is taken in until it does',
    );
    this.#schedule();
  }

  #noteSuccess(): void {
    this.#failures = 0;
    if (this.#problem === undefined) return;
    this.#problem = undefined;
    this.#cancelTrial();
    this.#parts.log.info({}, 'the object store takes objects again: intake goes on');
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#cancelTrial = this.#parts.clock.schedule(TRY_MS, () => {
      this.#parts.tryOut().then(
        () => this.#noteSuccess(),
        () => {
          if (this.#problem !== undefined) this.#schedule();
        },
      );
    });
  }
}
