/**
 * The pool of worker processes. Everything heavy (read, decode, prepare, infer, measure) happens in them; the
 * pool batches requests, keeps the deadlines, replaces workers that die, and retries the batch of a dead
 * worker one film at a time, so that one bad film cannot fail its neighbours.
 */
import type { Clock } from '../clock.ts';
import { TriageError, type ErrorCode } from '../errors.ts';
import type { AnalysisResult, ModelIdentity } from '../exam/analysis.ts';
import type { Log } from '../telemetry.ts';
import type {
  AnalysisReply,
  AnalysisRequest,
  BatchItemResult,
  ReadyMessage,
  ShadowItemResult,
  UnloadedModel,
} from '../../workers/messages.ts';
import { BatchCalibration, type CalibrationStore } from './batch-calibration.ts';
import { roomLeft, type BatchLimits } from './batcher.ts';
import { ShadowReplies } from './shadow-replies.ts';
import { batchKeyOf, type FilmPlace, type PendingFilm, WaitingFilms } from './waiting-films.ts';
import { chooseWorkerCount } from './worker-count.ts';
import type { WorkerEnd, WorkerProcess } from './worker-process.ts';
import { WorkerSlot } from './worker-slot.ts';

const START_ATTEMPTS_MAX = 3;

/** A film whose worker ended this often before it was begun is suspected all the same. */
const RETURNS_MAX = 3;

/** What a pool is made of. */
export interface WorkerPoolOptions {
  /** Number of worker processes, 1 or more. */
  readonly workers: number;
  /** Memory that further workers may take, bytes, asked when the first one is warm; left out: any. */
  readonly spareMemoryBytes?: () => number;
  /** Path of the module that a worker process runs. */
  readonly workerEntry: string;
  /** Sent to every worker in its first message (see WorkerSetup of workers/triage-worker.ts). */
  readonly setup: unknown;
  readonly limits: BatchLimits;
  /** Finds the largest batch by measuring and remembers it; left out: it is as `limits` says. */
  readonly calibrations?: CalibrationStore;
  /** A film's deadline; a batch gets one for each of its films. Past it the worker is killed. */
  readonly jobMsMax: number;
  /** A worker's deadline to load its models. */
  readonly startMsMax: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Figures of a pool since it started; mean batch = items / runs. */
export interface PoolStats {
  readonly items: number;
  readonly runs: number;
  readonly pending: number;
  readonly workers: number;
  readonly liveWorkers: number;
  readonly restarts: number;
  readonly batchItemsMax: number;
  readonly failures: Readonly<Partial<Record<ErrorCode, number>>>;
  /** Films of which the model in shadow made nothing; their results are not touched by it. */
  readonly shadowFailures: Readonly<Partial<Record<ErrorCode, number>>>;
}

/** A film's reply, and what comes after it. */
export interface PooledReply extends AnalysisReply {
  /** What the model in shadow makes of the film; null where it failed. Absent where none runs. Never rejects. */
  readonly shadow?: Promise<AnalysisResult | null>;
}

/** Starts the workers; resolves when the first is ready, rejects when none can be (model-missing, model-invalid, worker-crashed). */
export async function startWorkerPool(options: WorkerPoolOptions): Promise<WorkerPool> {
  const pool = new WorkerPool(options);
  try {
    await pool.started;
    return pool;
  } catch (thrown) {
    await pool.close(0);
    throw thrown;
  }
}

/** Takes films and gives back analyses; see startWorkerPool. States: starting -> open -> closed. */
export class WorkerPool {
  /** Settles when the first worker is ready or none can be. */
  readonly started: Promise<void>;
  readonly #options: WorkerPoolOptions;
  readonly #slots: WorkerSlot[] = [];
  readonly #waiting = new WaitingFilms();
  /** Films that a worker has, by key. */
  readonly #sent = new Map<number, PendingFilm>();
  readonly #shadows = new ShadowReplies();
  readonly #failures: Partial<Record<ErrorCode, number>> = {};
  readonly #shadowFailures: Partial<Record<ErrorCode, number>> = {};
  readonly #start = Promise.withResolvers<undefined>();
  readonly #calibration: BatchCalibration | undefined;
  #limits: BatchLimits;
  #setup: unknown;
  #switching: Promise<void> = Promise.resolve();
  #idleWaiters: (() => void)[] = [];
  /** What the worker said that became ready last. */
  #ready: ReadyMessage | null = null;
  #cancelWake: () => void = () => undefined;
  #closing = false;
  #nextKey = 1;
  #items = 0;
  #runs = 0;
  #restarts = 0;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#limits = options.limits;
    this.#setup = options.setup;
    this.started = this.#start.promise;
    this.#calibration = this.#openCalibration();
    this.#addSlots(options.spareMemoryBytes === undefined ? options.workers : 1);
  }

  /**
   * Analyses one film. Rejects with worker-crashed or worker-deadline when the film ended a worker that had it
   * alone, with the code of the film's own failure (not-part-10 ...), or with lease-lost when the pool closes.
   */
  analyse(request: AnalysisRequest, place: Partial<FilmPlace> = {}): Promise<PooledReply> {
    if (this.#closing) return Promise.reject(closingError());
    if (this.capacity() === 0) {
      return Promise.reject(new TriageError('server-busy', 'the worker pool takes no more films now'));
    }
    const { promise, resolve, reject } = Promise.withResolvers<PooledReply>();
    const { clock } = this.#options;
    const pending: PendingFilm = {
      ...{ key: this.#nextKey++, request, batchKey: batchKeyOf(request), arrivedMs: clock.monotonicMs() },
      ...{ rankMs: place.rankMs ?? clock.nowMs(), returns: 0, resolve, reject },
    };
    if (place.isSuspect === true) this.#waiting.addSuspects([pending]);
    else this.#waiting.add(pending);
    this.#dispatch();
    return promise;
  }

  /** How many more films it takes now: one batch running and one waiting for every worker. */
  capacity(): number {
    if (this.#closing) return 0;
    const ahead = this.#slots.reduce((sum, slot) => sum + slot.filmsAhead, 0);
    return roomLeft(this.#waiting.count + ahead, this.filmsMax());
  }

  /** How many films it takes in all. */
  filmsMax(): number {
    return 2 * this.#slots.length * this.#limits.itemsMax;
  }

  /** Whether at least one worker is alive with its models loaded. */
  ready(): boolean {
    return !this.#closing && this.#slots.some(({ worker }) => worker !== null);
  }

  /** The models that the workers loaded. */
  models(): readonly ModelIdentity[] {
    return this.#ready?.models ?? [];
  }

  /** Models that the worker that became ready last was told to load and could not. */
  unloaded(): readonly UnloadedModel[] {
    return this.#ready?.unloaded ?? [];
  }

  /** Process numbers of the living workers, for measuring them. */
  workerPids(): readonly number[] {
    return this.#slots.flatMap(({ pids }) => pids);
  }

  /** Figures since the start. */
  stats(): PoolStats {
    return {
      items: this.#items,
      runs: this.#runs,
      pending: this.#pending(),
      workers: this.#slots.length,
      liveWorkers: this.#slots.filter(({ worker }) => worker !== null).length,
      restarts: this.#restarts,
      batchItemsMax: this.#limits.itemsMax,
      failures: { ...this.#failures },
      shadowFailures: { ...this.#shadowFailures },
    };
  }

  /**
   * Goes over to another setup without losing a film: worker by worker a new process starts, takes the place of the old
   * one when it is ready, and the old one ends when it has answered what it has. Rejects with what kept a new worker
   * from becoming ready; then all go on with the setup of before.
   */
  useSetup(setup: unknown): Promise<void> {
    return this.#inTurn(() => this.#switchTo(setup));
  }

  /** Takes nothing more, lets what is running end within the grace, then kills. Films left over reject with lease-lost. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    this.#cancelWake();
    this.#calibration?.close();
    for (const pending of this.#waiting.clear()) pending.reject(closingError());
    if (this.#pending() > 0 && graceMs > 0) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#idleWaiters.push(() => resolve(undefined));
      const cancel = this.#options.clock.schedule(graceMs, () => resolve(undefined));
      await promise;
      cancel();
    }
    await Promise.all(this.#slots.map((slot) => slot.close(closingError())));
    this.#start.reject(closingError());
    // Nobody may be waiting for the start any more.
    this.started.catch(() => undefined);
  }

  #pending(): number {
    return this.#waiting.count + this.#sent.size;
  }

  #addSlots(count: number): void {
    const { workerEntry, startMsMax, clock } = this.#options;
    while (this.#slots.length < count) {
      this.#slots.push(
        new WorkerSlot(this.#setup, {
          ...{ workerEntry, startMsMax, clock },
          onReady: (ready) => this.#onReady(ready),
          onRoom: () => this.#dispatch(),
          onResults: (keys, results, shadowFollows) => this.#onResults(keys, results, shadowFollows),
          onShadow: (results) => this.#onShadow(results),
          onEnd: (end, startsFailed) => this.#onEnd(end, startsFailed),
        }),
      );
    }
  }

  /** One change of processes after the other. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const turn = this.#switching.then(change);
    this.#switching = turn.catch(() => undefined);
    return turn;
  }

  #openCalibration(): BatchCalibration | undefined {
    const { calibrations: store, clock, log, jobMsMax } = this.#options;
    if (store === undefined) return undefined;
    return new BatchCalibration({
      ...{ store, clock, log },
      isQuiet: () => this.#pending() === 0,
      measure: () => {
        const slot = this.#slots.find(({ worker }) => worker?.idle === true);
        return slot?.worker?.calibrate(jobMsMax).finally(() => {
          // The memory of the largest batch is given back with the process.
          void this.#inTurn(() => slot.replace(this.#setup)).catch(() => undefined);
        });
      },
      use: (itemsMax) => {
        this.#limits = { ...this.#limits, itemsMax };
        this.#dispatch();
      },
    });
  }

  async #switchTo(setup: unknown): Promise<void> {
    const before = this.#setup;
    const switched: WorkerSlot[] = [];
    try {
      for (const slot of [...this.#slots]) {
        if (this.#closing) throw closingError();
        await slot.replace(setup);
        switched.push(slot);
        this.#setup = setup;
      }
    } catch (thrown) {
      this.#setup = before;
      for (const slot of switched) await slot.replace(before).catch(() => undefined);
      throw thrown;
    }
  }

  #onReady(ready: ReadyMessage): void {
    const { spareMemoryBytes, workers, log } = this.#options;
    this.#ready = ready;
    for (const warning of ready.warnings) log.warn({}, warning);
    log.info({ provider: ready.executionProvider, rssBytes: ready.rssBytes }, 'worker ready');
    this.#start.resolve(undefined);
    this.#calibration?.onReady(ready);
    if (spareMemoryBytes !== undefined && this.#slots.length < workers && !this.#closing)
      this.#addSlots(chooseWorkerCount(workers, spareMemoryBytes(), ready.rssBytes));
    this.#dispatch();
  }

  #onResults(keys: readonly number[], results: readonly BatchItemResult[], shadowFollows: boolean): void {
    const answers = new Map(results.map((result) => [result.key, result]));
    for (const pending of this.#takeSent(keys)) {
      const answer = answers.get(pending.key);
      if (answer === undefined)
        this.#fail(pending, new TriageError('inference-failed', 'a worker left a film out'));
      else if ('reply' in answer)
        pending.resolve({
          ...answer.reply,
          ...(shadowFollows ? { shadow: this.#shadows.expect(pending.key) } : {}),
        });
      else this.#fail(pending, new TriageError(answer.failure.code, answer.failure.message));
    }
    this.#wakeIdleWaiters();
    this.#dispatch();
  }

  #onShadow(results: readonly ShadowItemResult[]): void {
    for (const result of results) {
      if ('failure' in result) this.#noteShadowFailure(result.failure.code, result.failure.message);
      this.#shadows.end(result.key, 'failure' in result ? null : result.analysis);
    }
    this.#dispatch();
  }

  #onEnd(end: WorkerEnd, startsFailed: number): void {
    const { failure, frame } = end;
    const [begun, notBegun] = [this.#takeSent(end.begun), this.#takeSent(end.notBegun)];
    if (end.shadowing.length > 0 && !this.#closing) this.#noteShadowFailure(failure.code, failure.message);
    for (const key of end.shadowing) this.#shadows.end(key, null);
    if (this.#closing) {
      for (const pending of [...begun, ...notBegun]) pending.reject(closingError());
      this.#wakeIdleWaiters();
      return;
    }
    this.#options.log.warn({ code: failure.code, films: begun.length, frame }, failure.message);
    this.#restarts += 1;
    for (const pending of notBegun) pending.returns += 1;
    const suspects = [...begun, ...notBegun.filter(({ returns }) => returns >= RETURNS_MAX)];
    const [only, ...others] = suspects;
    if (only !== undefined && others.length === 0) this.#fail(only, failure);
    else this.#waiting.addSuspects(suspects);
    for (const pending of notBegun) if (!suspects.includes(pending)) this.#waiting.add(pending);
    if (startsFailed >= START_ATTEMPTS_MAX || failure.class === 'permanent') this.#start.reject(failure);
    this.#dispatch();
  }

  #dispatch(): void {
    this.#cancelWake();
    const { clock, jobMsMax } = this.#options;
    for (let worker = this.#nextWorker(); worker !== null; worker = this.#nextWorker()) {
      const limitsOf = (): BatchLimits => this.#limits;
      const { films, waitMs, isAlone } = this.#waiting.take(worker.idle, clock.monotonicMs(), limitsOf);
      if (films.length === 0) {
        if (Number.isFinite(waitMs)) {
          this.#cancelWake = clock.schedule(Math.ceil(waitMs), () => this.#dispatch());
        }
        return;
      }
      this.#items += films.length;
      this.#runs += 1;
      for (const pending of films) this.#sent.set(pending.key, pending);
      const items = films.map(({ key, request }) => ({ key, request }));
      worker.run(items, jobMsMax * films.length, isAlone);
    }
  }

  /** The one with the least to do, of those that take a batch; a suspect needs one that has nothing. */
  #nextWorker(): WorkerProcess | null {
    const free = this.#slots.flatMap(({ worker }) => {
      if (worker === null) return [];
      return (this.#waiting.hasSuspect ? worker.idle : worker.hasRoom) ? [worker] : [];
    });
    return free.sort((a, b) => a.batchesAhead - b.batchesAhead)[0] ?? null;
  }

  #takeSent(keys: readonly number[]): readonly PendingFilm[] {
    return keys.flatMap((key) => {
      const pending = this.#sent.get(key);
      this.#sent.delete(key);
      return pending ?? [];
    });
  }

  #noteShadowFailure(code: ErrorCode, message: string): void {
    this.#shadowFailures[code] = (this.#shadowFailures[code] ?? 0) + 1;
    this.#options.log.warn({ code }, `the model in shadow made nothing of a film: ${message}`);
  }

  #fail(pending: PendingFilm, failure: TriageError): void {
    this.#failures[failure.code] = (this.#failures[failure.code] ?? 0) + 1;
    pending.reject(failure);
  }

  #wakeIdleWaiters(): void {
    if (this.#pending() > 0) return;
    for (const wake of this.#idleWaiters.splice(0)) wake();
  }
}

function closingError(): TriageError {
  return new TriageError('lease-lost', 'the worker pool is closing');
}
