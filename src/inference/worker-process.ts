/**
 * One worker process: started, given batches one at a time, killed at its deadline. The only importer of
 * child_process for workers. Child processes and not threads, because ending a thread inside a model run
 * aborts the whole service, while a child can be killed safely (runtime-facts, Inference).
 */
import { fork, type ChildProcess } from 'node:child_process';
import type { Clock } from '../clock.ts';
import { TriageError } from '../errors.ts';
import {
  readFromWorker,
  type BatchItem,
  type BatchItemResult,
  type ReadyMessage,
  type ShadowItemResult,
  type ToWorker,
} from '../../workers/messages.ts';

const STDERR_CHARACTERS_MAX = 2000;

/** What a worker process needs, and who hears of it. */
export interface WorkerProcessOptions {
  readonly entryPath: string;
  /** Sent as it is in the first message. */
  readonly setup: unknown;
  readonly startMsMax: number;
  readonly clock: Clock;
  readonly onReady: (ready: ReadyMessage) => void;
  readonly onResults: (results: readonly BatchItemResult[], shadowFollows: boolean) => void;
  /** What the model in shadow made of the films of the last batch. */
  readonly onShadow: (results: readonly ShadowItemResult[]) => void;
  /** Called exactly once, after the process is gone; `frame` is where in the code it ended, if it said so. */
  readonly onEnd: (failure: TriageError, frame: string | null) => void;
}

/**
 * States: starting (until ready) -> idle <-> busy -> ending (killed, nothing it says counts) -> ended. After `busy` it
 * may be `shadowing`, its films answered but the model in shadow still to run: it takes no film then, lest a shadow
 * that kills the worker be charged to a film. Every way out reaches `ended` once: exit, crash, deadline, a message that
 * is not understood, or kill().
 */
export class WorkerProcess {
  readonly #options: WorkerProcessOptions;
  readonly #child: ChildProcess;
  #state: 'starting' | 'idle' | 'busy' | 'shadowing' | 'ending' | 'ended' = 'starting';
  #batch = 0;
  #deadlineMs = 0;
  #cause: TriageError | null = null;
  #stderrTail = '';
  #cancelDeadline: () => void;
  readonly #gone: Promise<void>;

  constructor(options: WorkerProcessOptions) {
    this.#options = options;
    // The environment is bare: a worker gets all it needs in its first message. One thread a process is what
    // was measured to be fastest (runtime-facts), and malloc's arenas per thread would only cost memory.
    this.#child = fork(options.entryPath, [String(process.pid)], {
      execPath: process.execPath,
      execArgv: [],
      env: { OMP_NUM_THREADS: '1', MALLOC_ARENA_MAX: '2' },
      serialization: 'json',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#cancelDeadline = this.#armDeadline(options.startMsMax, 'a worker did not become ready in time');
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderrTail = (this.#stderrTail + text).slice(-STDERR_CHARACTERS_MAX);
    });
    this.#child.on('message', (message) => this.#hear(message));
    this.#child.on('error', () => {
      void this.kill(new TriageError('worker-crashed', 'a worker could not be reached'));
    });
    // A child that closed its channel can never answer again.
    this.#child.on('disconnect', () => {
      void this.kill();
    });
    this.#gone = new Promise((resolve) => {
      const end = (how: string): void => {
        if (this.#state === 'ended') return;
        this.#state = 'ended';
        this.#cancelDeadline();
        this.#cause ??= new TriageError('worker-crashed', `a worker process ended by itself (${how})`);
        resolve();
        options.onEnd(this.#cause, firstFrame(this.#stderrTail));
      };
      this.#child.on('exit', (code, signal) => end(signal ?? `status ${String(code)}`));
      // Where the process could not be started at all there is no exit event.
      this.#child.on('error', () => {
        if (this.#child.pid === undefined) end('not started');
      });
    });
    this.#tell({ type: 'init', setup: options.setup });
  }

  /** Whether it waits for a batch. */
  get idle(): boolean {
    return this.#state === 'idle';
  }

  /** Whether it has become ready and is alive. */
  get live(): boolean {
    return this.#state === 'idle' || this.#state === 'busy' || this.#state === 'shadowing';
  }

  /** The operating system's number of the process; undefined where it never started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Gives it a batch; it must be idle. Past the deadline it is killed with SIGKILL. */
  run(items: readonly BatchItem[], deadlineMs: number): void {
    if (this.#state !== 'idle') throw new TriageError('state-conflict', 'the worker is not idle');
    this.#state = 'busy';
    this.#batch += 1;
    this.#deadlineMs = deadlineMs;
    this.#cancelDeadline = this.#armDeadline(deadlineMs, 'a batch took longer than its deadline');
    this.#tell({ type: 'batch', batch: this.#batch, items });
  }

  /** Ends it at once; resolves when the process is gone. The cause is what onEnd reports. */
  async kill(cause?: TriageError): Promise<void> {
    if (cause !== undefined) this.#cause ??= cause;
    if (this.#state !== 'ended') this.#state = 'ending';
    this.#child.kill('SIGKILL');
    await this.#gone;
  }

  #hear(message: unknown): void {
    if (this.#state === 'ending' || this.#state === 'ended') return;
    const heard = readFromWorker(message);
    if (heard?.type === 'ready' && this.#state === 'starting') {
      this.#cancelDeadline();
      this.#state = 'idle';
      this.#options.onReady(heard);
    } else if (heard?.type === 'results' && this.#state === 'busy' && heard.batch === this.#batch) {
      this.#cancelDeadline();
      this.#state = heard.shadowFollows ? 'shadowing' : 'idle';
      if (heard.shadowFollows)
        this.#cancelDeadline = this.#armDeadline(
          this.#deadlineMs,
          'the model in shadow took longer than its deadline',
        );
      this.#options.onResults(heard.results, heard.shadowFollows);
    } else if (heard?.type === 'shadow' && this.#state === 'shadowing' && heard.batch === this.#batch) {
      this.#cancelDeadline();
      this.#state = 'idle';
      this.#options.onShadow(heard.results);
    } else if (heard?.type === 'unfit') {
      void this.kill(new TriageError(heard.failure.code, heard.failure.message));
    } else {
      void this.kill(new TriageError('worker-crashed', 'a worker said something that is not understood'));
    }
  }

  #tell(message: ToWorker): void {
    // A send that fails is followed by exit or disconnect, where it is dealt with.
    this.#child.send(message, () => undefined);
  }

  #armDeadline(waitMs: number, message: string): () => void {
    return this.#options.clock.schedule(waitMs, () => {
      void this.kill(new TriageError('worker-deadline', message));
    });
  }
}

// Only the frame goes on: the message of a foreign error can quote what it choked on, a patient's data.
function firstFrame(stderrTail: string): string | null {
  return (
    stderrTail
      .split('\n')
      .map((line) => line.trim())
      .find((line) => line.startsWith('at ')) ?? null
  );
}
