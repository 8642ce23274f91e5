/** The place of one worker in the pool: its process is replaced when it dies, and when another setup is to be used. */
import { TriageError } from '../errors.ts';
import type { ReadyMessage } from '../../workers/messages.ts';
import { WorkerProcess, type WorkerEnd, type WorkerProcessOptions } from './worker-process.ts';

const RESTART_WAIT_MS_MIN = 250;
const RESTART_WAIT_MS_MAX = 30_000;

/** What a slot needs, and who hears of its workers. */
export interface WorkerSlotOptions extends Omit<WorkerProcessOptions, 'entryPath' | 'setup' | 'onEnd'> {
  readonly workerEntry: string;
  /** A process is gone that was not told to go, or had films; `startsFailed` counts deaths in a row before ready. */
  readonly onEnd: (end: WorkerEnd, startsFailed: number) => void;
}

/** States: starting -> live -> (its process dies) waiting to start again -> starting; closed at the end. */
export class WorkerSlot {
  readonly #options: WorkerSlotOptions;
  #setup: unknown;
  #process: WorkerProcess | null = null;
  /** Processes whose successor works; they finish what they have. */
  readonly #retiring = new Set<WorkerProcess>();
  #startsFailed = 0;
  #cancelRestart: () => void = () => undefined;
  #closed = false;

  constructor(setup: unknown, options: WorkerSlotOptions) {
    this.#setup = setup;
    this.#options = options;
    this.#start();
  }

  /** The process that is given films; null while none is live. */
  get worker(): WorkerProcess | null {
    return this.#process?.live === true ? this.#process : null;
  }

  /** Films that its processes have and have not computed. */
  get filmsAhead(): number {
    return this.#processes().reduce((sum, each) => sum + each.filmsAhead, 0);
  }

  /** Numbers of its living processes. */
  get pids(): readonly number[] {
    return this.#processes().flatMap(({ pid }) => pid ?? []);
  }

  /**
   * Starts a process with another setup; when it is ready it takes the place of the present one, which finishes what
   * it has. Rejects, and all stays as it was, where the new one does not become ready or lacks a model.
   */
  replace(setup: unknown): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const next: WorkerProcess = this.#open(setup, {
      onReady: (ready) => {
        if (this.#closed) {
          reject(new TriageError('lease-lost', 'the worker pool is closing'));
          return;
        }
        const [unloaded] = ready.unloaded;
        if (unloaded !== undefined) {
          const { code, message } = unloaded.failure;
          void next.kill(new TriageError(code, message));
          return;
        }
        this.#setup = setup;
        this.#cancelRestart();
        const old = this.#process;
        this.#retiring.delete(next);
        this.#process = next;
        this.#startsFailed = 0;
        if (old !== null) {
          this.#retiring.add(old);
          old.retire();
        }
        this.#options.onReady(ready);
        resolve(undefined);
      },
      onEnd: ({ failure }) => reject(failure),
    });
    // Until it is ready it is no one's worker, but it ends with the slot.
    this.#retiring.add(next);
    return promise;
  }

  /** Ends all its processes at once. */
  async close(cause: TriageError): Promise<void> {
    this.#closed = true;
    this.#cancelRestart();
    await Promise.all(this.#processes().map((each) => each.kill(cause)));
  }

  #processes(): readonly WorkerProcess[] {
    return [...(this.#process === null ? [] : [this.#process]), ...this.#retiring];
  }

  #start(): void {
    this.#process = this.#open(this.#setup, {
      onReady: (ready) => {
        this.#startsFailed = 0;
        this.#options.onReady(ready);
      },
      onEnd: () => undefined,
    });
  }

  #open(
    setup: unknown,
    heard: { readonly onReady: (ready: ReadyMessage) => void; readonly onEnd: (end: WorkerEnd) => void },
  ): WorkerProcess {
    const { workerEntry, startMsMax, clock, onRoom, onResults, onShadow } = this.#options;
    let becameReady = false;
    const opened: WorkerProcess = new WorkerProcess({
      ...{ entryPath: workerEntry, setup, startMsMax, clock, onRoom },
      onReady: (ready) => {
        becameReady = true;
        heard.onReady(ready);
      },
      onResults: (keys, results, shadowFollows) => onResults(keys, results, shadowFollows),
      onShadow: (results) => onShadow(results),
      onEnd: (end) => {
        heard.onEnd(end);
        this.#onEnd(opened, end, becameReady);
      },
    });
    return opened;
  }

  #onEnd(ended: WorkerProcess, end: WorkerEnd, becameReady: boolean): void {
    if (this.#retiring.delete(ended)) {
      if (end.begun.length + end.notBegun.length + end.shadowing.length > 0) this.#options.onEnd(end, 0);
      return;
    }
    this.#process = null;
    this.#startsFailed = becameReady ? 0 : this.#startsFailed + 1;
    this.#options.onEnd(end, this.#startsFailed);
    if (this.#closed) return;
    if (this.#startsFailed === 0) {
      this.#start();
      return;
    }
    const waitMs = Math.min(RESTART_WAIT_MS_MIN * 2 ** (this.#startsFailed - 1), RESTART_WAIT_MS_MAX);
    this.#cancelRestart = this.#options.clock.schedule(waitMs, () => this.#start());
  }
}
