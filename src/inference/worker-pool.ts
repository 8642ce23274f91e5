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
import { decideBatch, roomLeft, type BatchLimits, type WaitingRequest } from './batcher.ts';
import { WorkerProcess } from './worker-process.ts';

const RESTART_WAIT_MS_MIN = 250;
const RESTART_WAIT_MS_MAX = 30_000;
const START_ATTEMPTS_MAX = 3;

/** What a pool is made of. */
export interface WorkerPoolOptions {
  /** Number of worker processes, 1 or more. */
  readonly workers: number;
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
  readonly liveWorkers: number;
  readonly restarts: number;
  readonly failures: Readonly<Partial<Record<ErrorCode, number>>>;
  /** Films of which the model in shadow made nothing; their results are not touched by it. */
  readonly shadowFailures: Readonly<Partial<Record<ErrorCode, number>>>;
}

/** A film's reply, and what comes after it. */
export interface PooledReply extends AnalysisReply {
  /** What the model in shadow makes of the film; null where it failed. Absent where none runs. Never rejects. */
  readonly shadow?: Promise<AnalysisResult | null>;
}

interface Pending extends WaitingRequest {
  readonly key: number;
  readonly request: AnalysisRequest;
  readonly resolve: (reply: PooledReply) => void;
  readonly reject: (failure: TriageError) => void;
}

interface Slot {
  process: WorkerProcess | null;
  running: readonly Pending[];
  /** Films that are answered and that the model in shadow still has to see. */
  readonly shadows: Map<number, (analysis: AnalysisResult | null) => void>;
  /** Whether the present process became ready. */
  live: boolean;
  /** Deaths in a row before becoming ready: the wait before the next start grows with them. */
  startsFailed: number;
  cancelRestart: () => void;
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
  readonly #slots: Slot[];
  readonly #waiting: Pending[] = [];
  /** Films whose batch died with its worker; each goes alone, before all others. */
  readonly #alone: Pending[] = [];
  readonly #failures: Partial<Record<ErrorCode, number>> = {};
  readonly #shadowFailures: Partial<Record<ErrorCode, number>> = {};
  readonly #start = Promise.withResolvers<undefined>();
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
    this.started = this.#start.promise;
    this.#slots = Array.from({ length: options.workers }, () => ({
      process: null,
      running: [],
      shadows: new Map(),
      live: false,
      startsFailed: 0,
      cancelRestart: () => undefined,
    }));
    for (const slot of this.#slots) this.#startWorker(slot);
  }

  /**
   * Analyses one film. Rejects with worker-crashed or worker-deadline when the film ended a worker that had it
   * alone, with the code of the film's own failure (not-part-10 ...), or with lease-lost when the pool closes.
   */
  analyse(request: AnalysisRequest): Promise<PooledReply> {
    if (this.#closing) return Promise.reject(closingError());
    if (this.capacity() === 0) {
      return Promise.reject(new TriageError('server-busy', 'the worker pool takes no more films now'));
    }
    const { promise, resolve, reject } = Promise.withResolvers<PooledReply>();
    const arrivedMs = this.#options.clock.monotonicMs();
    const key = this.#nextKey++;
    this.#waiting.push({ key, request, arrivedMs, batchKey: batchKeyOf(request), resolve, reject });
    this.#dispatch();
    return promise;
  }

  /** How many more films it takes now: one batch running and one waiting for every worker. */
  capacity(): number {
    if (this.#closing) return 0;
    return roomLeft(this.#pending(), 2 * this.#options.workers * this.#options.limits.itemsMax);
  }

  /** Whether at least one worker is alive with its models loaded. */
  ready(): boolean {
    return !this.#closing && this.#slots.some((slot) => slot.process?.live === true);
  }

  /** The models that the workers loaded. */
  models(): readonly ModelIdentity[] {
    return this.#models;
  }

  /** Process numbers of the living workers, for measuring them. */
  workerPids(): readonly number[] {
    return this.#slots.flatMap((slot) => slot.process?.pid ?? []);
  }

  /** Figures since the start. */
  stats(): PoolStats {
    return {
      items: this.#items,
      runs: this.#runs,
      pending: this.#pending(),
      liveWorkers: this.#slots.filter((slot) => slot.process?.live === true).length,
      restarts: this.#restarts,
      failures: { ...this.#failures },
      shadowFailures: { ...this.#shadowFailures },
    };
  }

  /** Takes nothing more, lets what is running end within the grace, then kills. Films left over reject with lease-lost. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    this.#cancelWake();
    for (const slot of this.#slots) slot.cancelRestart();
    for (const pending of [...this.#alone.splice(0), ...this.#waiting.splice(0)])
      pending.reject(closingError());
    if (this.#pending() > 0 && graceMs > 0) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#idleWaiters.push(() => resolve(undefined));
      const cancel = this.#options.clock.schedule(graceMs, () => resolve(undefined));
      await promise;
      cancel();
    }
    await Promise.all(this.#slots.map(async (slot) => slot.process?.kill(closingError())));
    this.#start.reject(closingError());
    // Nobody may be waiting for the start any more.
    this.started.catch(() => undefined);
  }

  #pending(): number {
    const running = this.#slots.reduce((count, slot) => count + slot.running.length, 0);
    return this.#waiting.length + this.#alone.length + running;
  }

  #startWorker(slot: Slot): void {
    const { workerEntry, setup, startMsMax, clock } = this.#options;
    slot.process = new WorkerProcess({
      entryPath: workerEntry,
      setup,
      startMsMax,
      clock,
      onReady: (ready) => this.#onReady(slot, ready),
      onResults: (results, shadowFollows) => this.#onResults(slot, results, shadowFollows),
      onShadow: (results) => this.#onShadow(slot, results),
      onEnd: (failure, frame) => this.#onEnd(slot, failure, frame),
    });
  }

  #onReady(slot: Slot, ready: ReadyMessage): void {
    slot.live = true;
    slot.startsFailed = 0;
    this.#models = ready.models;
    for (const warning of ready.warnings) this.#options.log.warn({}, warning);
    this.#options.log.info({ pid: slot.process?.pid, provider: ready.executionProvider }, 'worker ready');
    this.#start.resolve(undefined);
    this.#dispatch();
  }

  #onResults(slot: Slot, results: readonly BatchItemResult[], shadowFollows: boolean): void {
    const batch = slot.running;
    slot.running = [];
    const answers = new Map(results.map((result) => [result.key, result]));
    for (const pending of batch) {
      const answer = answers.get(pending.key);
      if (answer === undefined)
        this.#fail(pending, new TriageError('inference-failed', 'a worker left a film out'));
      else if ('reply' in answer)
        pending.resolve({ ...answer.reply, ...(shadowFollows ? expectShadow(slot, pending.key) : {}) });
      else this.#fail(pending, new TriageError(answer.failure.code, answer.failure.message));
    }
    this.#wakeIdleWaiters();
    this.#dispatch();
  }

  #onShadow(slot: Slot, results: readonly ShadowItemResult[]): void {
    for (const result of results) {
      if ('failure' in result) this.#noteShadowFailure(result.failure.code, result.failure.message);
      else slot.shadows.get(result.key)?.(result.analysis);
    }
    dropShadows(slot);
    this.#dispatch();
  }

  #onEnd(slot: Slot, failure: TriageError, frame: string | null): void {
    const batch = slot.running;
    slot.running = [];
    if (slot.shadows.size > 0 && !this.#closing) this.#noteShadowFailure(failure.code, failure.message);
    dropShadows(slot);
    slot.process = null;
    if (this.#closing) {
      for (const pending of batch) pending.reject(closingError());
      this.#wakeIdleWaiters();
      return;
    }
    this.#options.log.warn({ code: failure.code, films: batch.length, frame }, failure.message);
    const [only, ...others] = batch;
    if (only !== undefined && others.length === 0) this.#fail(only, failure);
    else this.#alone.push(...batch);
    slot.startsFailed = slot.live ? 0 : slot.startsFailed + 1;
    slot.live = false;
    this.#restarts += 1;
    if (slot.startsFailed >= START_ATTEMPTS_MAX || failure.class === 'permanent') this.#start.reject(failure);
    this.#scheduleRestart(slot);
  }

  #scheduleRestart(slot: Slot): void {
    if (slot.startsFailed === 0) {
      this.#startWorker(slot);
      return;
    }
    const waitMs = Math.min(RESTART_WAIT_MS_MIN * 2 ** (slot.startsFailed - 1), RESTART_WAIT_MS_MAX);
    slot.cancelRestart = this.#options.clock.schedule(waitMs, () => this.#startWorker(slot));
  }

  #dispatch(): void {
    this.#cancelWake();
    for (const slot of this.#slots) {
      if (slot.process?.idle !== true) continue;
      const batch = this.#takeBatch();
      if (batch.length === 0) return;
      slot.running = batch;
      this.#items += batch.length;
      this.#runs += 1;
      slot.process.run(
        batch.map(({ key, request }) => ({ key, request })),
        this.#options.jobMsMax * batch.length,
      );
    }
  }

  #takeBatch(): readonly Pending[] {
    const alone = this.#alone.shift();
    if (alone !== undefined) return [alone];
    const { clock, limits } = this.#options;
    const decision = decideBatch(this.#waiting, clock.monotonicMs(), limits);
    if ('send' in decision) return this.#waiting.splice(0, decision.send);
    if (Number.isFinite(decision.waitMs)) {
      this.#cancelWake = clock.schedule(Math.ceil(decision.waitMs), () => this.#dispatch());
    }
    return [];
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

function expectShadow(slot: Slot, key: number): { readonly shadow: Promise<AnalysisResult | null> } {
  const { promise, resolve } = Promise.withResolvers<AnalysisResult | null>();
  slot.shadows.set(key, resolve);
  return { shadow: promise };
}

/** Nothing more will be heard of these films from the shadow. */
function dropShadows(slot: Slot): void {
  for (const resolve of slot.shadows.values()) resolve(null);
  slot.shadows.clear();
}

// Films share a run only where they go to the same model; what is known of that before reading is the view.
function batchKeyOf(request: AnalysisRequest): string {
  return request.options.view ?? 'panoramic';
}

function closingError(): TriageError {
  return new TriageError('lease-lost', 'the worker pool is closing');
}
