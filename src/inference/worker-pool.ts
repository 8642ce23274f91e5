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
} from '../../workers/messages.ts';
import { decideBatch, decideBatchAhead, roomLeft, type BatchLimits, type WaitingRequest } from './batcher.ts';
import { ShadowReplies } from './shadow-replies.ts';
import { chooseWorkerCount } from './worker-count.ts';
import type { WorkerEnd } from './worker-process.ts';
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

/** Where a film stands among those that wait. */
export interface FilmPlace {
  /** The lowest first (src/exam/priority.ts); equal ones in the order of their arrival. */
  readonly rankMs: number;
  /** Whether it ended a worker before: it goes alone. */
  readonly isSuspect: boolean;
}

interface Pending extends WaitingRequest {
  readonly key: number;
  readonly request: AnalysisRequest;
  readonly rankMs: number;
  /** How often it came back from a worker that ended before it began it. */
  returns: number;
  readonly resolve: (reply: PooledReply) => void;
  readonly reject: (failure: TriageError) => void;
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
  /** In the order of their ranks. */
  readonly #waiting: Pending[] = [];
  /** Films of which one ended a worker; each goes alone, before all others. */
  readonly #alone: Pending[] = [];
  /** Films that a worker has, by key. */
  readonly #sent = new Map<number, Pending>();
  readonly #shadows = new ShadowReplies();
  readonly #failures: Partial<Record<ErrorCode, number>> = {};
  readonly #shadowFailures: Partial<Record<ErrorCode, number>> = {};
  readonly #start = Promise.withResolvers<undefined>();
  #limits: BatchLimits;
  #setup: unknown;
  #switching: Promise<void> = Promise.resolve();
  #idleWaiters: (() => void)[] = [];
  #models: readonly ModelIdentity[] = [];
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
    const pending: Pending = {
      ...{ key: this.#nextKey++, request, batchKey: batchKeyOf(request), arrivedMs: clock.monotonicMs() },
      ...{ rankMs: place.rankMs ?? clock.nowMs(), returns: 0, resolve, reject },
    };
    if (place.isSuspect === true) this.#alone.push(pending);
    else this.#wait(pending);
    this.#dispatch();
    return promise;
  }

  /** How many more films it takes now: one batch running and one waiting for every worker. */
  capacity(): number {
    if (this.#closing) return 0;
    const ahead = this.#slots.reduce((sum, slot) => sum + slot.filmsAhead, 0);
    const room = 2 * this.#slots.length * this.#limits.itemsMax;
    return roomLeft(this.#waiting.length + this.#alone.length + ahead, room);
  }

  /** Whether at least one worker is alive with its models loaded. */
  ready(): boolean {
    return !this.#closing && this.#slots.some(({ worker }) => worker !== null);
  }

  /** The models that the workers loaded. */
  models(): readonly ModelIdentity[] {
    return this.#models;
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
    const turn = this.#switching.then(() => this.#switchTo(setup));
    this.#switching = turn.catch(() => undefined);
    return turn;
  }

  /** Takes nothing more, lets what is running end within the grace, then kills. Films left over reject with lease-lost. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    this.#cancelWake();
    for (const pending of [...this.#alone.splice(0), ...this.#waiting.splice(0)])
      pending.reject(closingError());
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
    return this.#waiting.length + this.#alone.length + this.#sent.size;
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
    this.#models = ready.models;
    for (const warning of ready.warnings) log.warn({}, warning);
    log.info({ provider: ready.executionProvider, rssBytes: ready.rssBytes }, 'worker ready');
    this.#start.resolve(undefined);
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
    else this.#alone.push(...suspects);
    for (const pending of notBegun) if (!suspects.includes(pending)) this.#wait(pending);
    if (startsFailed >= START_ATTEMPTS_MAX || failure.class === 'permanent') this.#start.reject(failure);
    this.#dispatch();
  }

  #dispatch(): void {
    this.#cancelWake();
    for (let slot = this.#nextSlot(); slot?.worker != null; slot = this.#nextSlot()) {
      const { worker } = slot;
      const suspect = this.#alone.shift();
      const batch = suspect === undefined ? this.#takeBatch(worker.idle) : [suspect];
      if (batch.length === 0) return;
      this.#items += batch.length;
      this.#runs += 1;
      for (const pending of batch) this.#sent.set(pending.key, pending);
      const items = batch.map(({ key, request }) => ({ key, request }));
      worker.run(items, this.#options.jobMsMax * batch.length, suspect !== undefined);
    }
  }

  /** The one with the least to do; a suspect waits for one that has nothing, and the others wait with it. */
  #nextSlot(): WorkerSlot | undefined {
    const free = this.#slots.filter(
      ({ worker }) => worker !== null && (this.#alone.length > 0 ? worker.idle : worker.hasRoom),
    );
    return free.sort((a, b) => (a.worker?.batchesAhead ?? 0) - (b.worker?.batchesAhead ?? 0))[0];
  }

  #takeBatch(isIdle: boolean): readonly Pending[] {
    const { clock } = this.#options;
    const limitsOf = (): BatchLimits => this.#limits;
    const decision = isIdle
      ? decideBatch(this.#waiting, clock.monotonicMs(), limitsOf)
      : decideBatchAhead(this.#waiting, limitsOf);
    if ('send' in decision) return this.#waiting.splice(0, decision.send);
    if (Number.isFinite(decision.waitMs)) {
      this.#cancelWake = clock.schedule(Math.ceil(decision.waitMs), () => this.#dispatch());
    }
    return [];
  }

  #wait(pending: Pending): void {
    const isLater = (other: Pending): boolean =>
      other.rankMs > pending.rankMs || (other.rankMs === pending.rankMs && other.key > pending.key);
    const later = this.#waiting.findIndex(isLater);
    this.#waiting.splice(later === -1 ? this.#waiting.length : later, 0, pending);
  }

  #takeSent(keys: readonly number[]): readonly Pending[] {
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

  #fail(pending: Pending, failure: TriageError): void {
    this.#failures[failure.code] = (this.#failures[failure.code] ?? 0) + 1;
    pending.reject(failure);
  }

  #wakeIdleWaiters(): void {
    if (this.#pending() > 0) return;
    for (const wake of this.#idleWaiters.splice(0)) wake();
  }
}

// Films share a run only where they go to the same model; what is known of that before reading is the view.
function batchKeyOf(request: AnalysisRequest): string {
  return request.options.view ?? 'panoramic';
}

function closingError(): TriageError {
  return new TriageError('lease-lost', 'the worker pool is closing');
}
