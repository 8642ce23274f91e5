/**
 * One worker process: started, given a batch and the one after it, killed at a batch's deadline. The only importer of
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
  type BatchTiming,
  type FromWorker,
  type ReadyMessage,
  type ShadowItemResult,
  type ToWorker,
} from '../../workers/messages.ts';

const STDERR_CHARACTERS_MAX = 2000;

/** Batches that wait for a core or have it: one is computed, the films of the next one are read meanwhile. */
const BATCHES_AHEAD_MAX = 2;

/** How a process ended. */
export interface WorkerEnd {
  readonly failure: TriageError;
  /** Where in the code it ended, if it said so. */
  readonly frame: string | null;
  /** Keys of films of which one may have ended it: those of the batches that it had begun. */
  readonly begun: readonly number[];
  /** Keys of films that it had not begun, in their order. */
  readonly notBegun: readonly number[];
  /** Keys of films that are answered and that the model in shadow had not seen. */
  readonly shadowing: readonly number[];
}

/** What a worker process needs, and who hears of it. */
export interface WorkerProcessOptions {
  readonly entryPath: string;
  /** Sent as it is in the first message. */
  readonly setup: unknown;
  readonly startMsMax: number;
  readonly clock: Clock;
  readonly onReady: (ready: ReadyMessage) => void;
  /** It began a batch, so that there is room for another. */
  readonly onRoom: () => void;
  readonly onResults: (
    keys: readonly number[],
    results: readonly BatchItemResult[],
    shadowFollows: boolean,
  ) => void;
  /** What the model in shadow made of the films of a batch that is answered. */
  readonly onShadow: (results: readonly ShadowItemResult[]) => void;
  /** Called exactly once, after the process is gone. */
  readonly onEnd: (end: WorkerEnd) => void;
}

interface SentBatch {
  readonly batch: number;
  readonly keys: readonly number[];
  readonly deadlineMs: number;
  /** Whether no other batch is sent until this one is answered. */
  readonly isAlone: boolean;
  /** A batch is computed when the next one begins; it is answered when what was made of it is written. */
  state: 'sent' | 'begun' | 'shadowing';
  /** null: nothing is asked of it yet. */
  cancelDeadline: (() => void) | null;
}

/**
 * States: starting (until ready) -> live -> ending (killed, nothing it says counts) -> ended; `retiring` is live, takes
 * nothing more and ends when it has answered all. While the model in shadow looks at a batch that is answered no other
 * one begins, lest a shadow that kills the worker be charged to a film. Every way out reaches `ended` once: exit,
 * crash, deadline, a message that is not understood, or kill().
 */
export class WorkerProcess {
  readonly #options: WorkerProcessOptions;
  readonly #child: ChildProcess;
  #state: 'starting' | 'live' | 'retiring' | 'ending' | 'ended' = 'starting';
  /** Sent and not over, in their order. */
  #batches: SentBatch[] = [];
  #nextBatch = 1;
  #calibration: PromiseWithResolvers<readonly BatchTiming[]> | null = null;
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
        resolve();
        this.#end(how);
      };
      this.#child.on('exit', (code, signal) => end(signal ?? `status ${String(code)}`));
      // Where the process could not be started at all there is no exit event.
      this.#child.on('error', () => {
        if (this.#child.pid === undefined) end('not started');
      });
    });
    this.#tell({ type: 'init', setup: options.setup });
  }

  /** Batches that it has and has not computed; 0 is idle. */
  get batchesAhead(): number {
    // What stands before the last one that began is computed and only being written.
    const lastBegun = this.#batches.findLastIndex(({ state }) => state !== 'sent');
    return this.#batches.length - Math.max(0, lastBegun);
  }

  /** Films of those batches. */
  get filmsAhead(): number {
    return this.#batches.slice(-this.batchesAhead).reduce((count, { keys }) => count + keys.length, 0);
  }

  /** Whether it takes another batch. */
  get hasRoom(): boolean {
    if (this.#state !== 'live' || this.#calibration !== null) return false;
    return this.batchesAhead < BATCHES_AHEAD_MAX && !this.#batches.some(({ isAlone }) => isAlone);
  }

  /** Whether it has nothing to do. */
  get idle(): boolean {
    return this.hasRoom && this.#batches.length === 0;
  }

  /** Whether it has become ready and is alive. */
  get live(): boolean {
    return this.#state === 'live' || this.#state === 'retiring';
  }

  /** The operating system's number of the process; undefined where it never started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Gives it a batch; it must have room. The deadline counts from when it begins; past it the worker is killed. */
  run(items: readonly BatchItem[], deadlineMs: number, isAlone = false): void {
    if (!this.hasRoom) throw new TriageError('state-conflict', 'the worker takes no batch now');
    const batch = this.#nextBatch++;
    const keys = items.map(({ key }) => key);
    this.#batches.push({ batch, keys, deadlineMs, isAlone, state: 'sent', cancelDeadline: null });
    this.#watchFirst();
    this.#tell({ type: 'batch', batch, items });
  }

  /** Measures runs of growing size; it must be idle. Rejects where the process ends before. */
  calibrate(deadlineMs: number): Promise<readonly BatchTiming[]> {
    if (!this.idle) throw new TriageError('state-conflict', 'the worker is not idle');
    this.#calibration = Promise.withResolvers();
    this.#cancelDeadline = this.#armDeadline(deadlineMs, 'a calibration took longer than its deadline');
    this.#tell({ type: 'calibrate' });
    return this.#calibration.promise;
  }

  /** Takes nothing more and ends when all it has is answered. */
  retire(): void {
    if (this.#state === 'starting') void this.kill();
    if (this.#state === 'live') this.#state = 'retiring';
    this.#endIfRetired();
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
    if (heard !== null && this.#obey(heard)) {
      this.#watchFirst();
      this.#endIfRetired();
    } else
      void this.kill(new TriageError('worker-crashed', 'a worker said something that is not understood'));
  }

  /** False: it was not the time to say that. */
  #obey(heard: FromWorker): boolean {
    switch (heard.type) {
      case 'ready':
        if (this.#state !== 'starting') return false;
        this.#cancelDeadline();
        this.#state = 'live';
        this.#options.onReady(heard);
        return true;
      case 'unfit':
        void this.kill(new TriageError(heard.failure.code, heard.failure.message));
        return true;
      case 'calibrated':
        this.#cancelDeadline();
        this.#calibration?.resolve(heard.timings);
        this.#calibration = null;
        return true;
      default:
        return this.#obeyOfBatch(heard);
    }
  }

  #obeyOfBatch(heard: Extract<FromWorker, { readonly batch: number }>): boolean {
    const sent = this.#batches.find(({ batch }) => batch === heard.batch);
    if (sent === undefined) return false;
    if (heard.type === 'started') {
      if (sent !== this.#batches.find(({ state }) => state === 'sent')) return false;
      sent.state = 'begun';
      this.#watch(sent, 'a batch took longer than its deadline');
      this.#options.onRoom();
    } else if (heard.type === 'results') {
      if (sent.state !== 'begun') return false;
      if (heard.shadowFollows) {
        sent.state = 'shadowing';
        this.#watch(sent, 'the model in shadow took longer than its deadline');
      } else this.#drop(sent);
      this.#options.onResults(sent.keys, heard.results, heard.shadowFollows);
    } else {
      if (sent.state !== 'shadowing') return false;
      this.#drop(sent);
      this.#options.onShadow(heard.results);
    }
    return true;
  }

  #drop(sent: SentBatch): void {
    sent.cancelDeadline?.();
    this.#batches = this.#batches.filter((other) => other !== sent);
  }

  /** A worker that has nothing else to do must begin what it was sent. */
  #watchFirst(): void {
    const [first] = this.#batches;
    if (first?.cancelDeadline === null) this.#watch(first, 'a batch was not begun in time');
  }

  #watch(sent: SentBatch, message: string): void {
    sent.cancelDeadline?.();
    sent.cancelDeadline = this.#armDeadline(sent.deadlineMs, message);
  }

  #endIfRetired(): void {
    if (this.#state === 'retiring' && this.#batches.length === 0) void this.kill();
  }

  #end(how: string): void {
    this.#state = 'ended';
    this.#cancelDeadline();
    for (const sent of this.#batches) sent.cancelDeadline?.();
    this.#cause ??= new TriageError('worker-crashed', `a worker process ended by itself (${how})`);
    this.#calibration?.reject(this.#cause);
    const keysOf = (state: SentBatch['state']): number[] =>
      this.#batches.flatMap((sent) => (sent.state === state ? sent.keys : []));
    this.#options.onEnd({
      failure: this.#cause,
      frame: firstFrame(this.#stderrTail),
      begun: keysOf('begun'),
      notBegun: keysOf('sent'),
      shadowing: keysOf('shadowing'),
    });
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
