/** A worker's end of the link to the service that started it. */
import { Worker } from 'node:worker_threads';
import { nextTurn } from '../src/clock.ts';
import { asTriageError } from '../src/errors.ts';
import type {
  BatchItem,
  BatchItemResult,
  BatchMessage,
  BatchTiming,
  FromWorker,
  ReadyMessage,
  ShadowItemResult,
  ToWorker,
} from './messages.ts';

/** A batch that is computed: the core is free for the next one while what was made is being written. */
export interface BatchAnswers {
  /** Settles when all is written. It never rejects for the sake of one item. */
  readonly results: Promise<readonly BatchItemResult[]>;
  /** Runs the model in shadow; null where there is none or no film for it. It never throws for the sake of one item. */
  readonly shadow: (() => Promise<readonly ShadowItemResult[]>) | null;
}

/** What a worker does with what it is told. */
export interface WorkerDuty {
  /** Called once, with the setup of the first message; a failure makes the worker unfit. */
  readonly prepare: (setup: unknown) => Promise<Omit<ReadyMessage, 'type'>>;
  /** Begins to read the films of a batch that was sent; earlier ones may still be computed. */
  readonly fetch: (items: readonly BatchItem[]) => void;
  /** Answers every item exactly once, in any order; `earlier` settles when the results of the batch before are written. */
  readonly analyse: (items: readonly BatchItem[], earlier: Promise<unknown>) => Promise<BatchAnswers>;
  /** Nothing more will be done with these films. */
  readonly forget: (items: readonly BatchItem[]) => void;
  /** Measures runs of growing size. */
  readonly calibrate: () => Promise<readonly BatchTiming[]>;
}

/** Serves the parent process until its channel closes; then the process ends at once, whatever it was doing. */
export function serveParent(duty: WorkerDuty): void {
  process.on('disconnect', () => process.exit(0));
  watchParent(Number(process.argv[2]));
  const line: BatchLine = { waiting: [], written: Promise.resolve(), working: false };
  process.on('message', (message: ToWorker) => {
    if (message.type === 'init') void prepare(duty, message.setup);
    else if (message.type === 'calibrate') {
      void duty.calibrate().then((timings) => tell({ type: 'calibrated', timings }));
    } else {
      line.waiting.push(message);
      duty.fetch(message.items);
      if (!line.working) void answerBatches(duty, line);
    }
  });
}

interface BatchLine {
  readonly waiting: BatchMessage[];
  /** Settles when the results of the last batch that was computed are told. */
  written: Promise<void>;
  working: boolean;
}

async function prepare(duty: WorkerDuty, setup: unknown): Promise<void> {
  try {
    tell({ type: 'ready', ...(await duty.prepare(setup)) });
  } catch (thrown) {
    const { code, message: text } = asTriageError(thrown);
    tell({ type: 'unfit', failure: { code, message: text } });
  }
}

// A failure here is a defect of the worker as a whole: it ends, and the pool retries the films one by one.
async function answerBatches(duty: WorkerDuty, line: BatchLine): Promise<void> {
  line.working = true;
  for (let message = line.waiting.shift(); message !== undefined; message = line.waiting.shift()) {
    const { batch, items } = message;
    tell({ type: 'started', batch });
    // What was sent meanwhile is heard before the core is taken, so that its films are read while it is busy.
    await nextTurn();
    const { results, shadow } = await duty.analyse(items, line.written);
    line.written = results.then((answers) => {
      tell({ type: 'results', batch, results: answers, shadowFollows: shadow !== null });
      if (shadow === null) duty.forget(items);
    });
    if (shadow === null) continue;
    await line.written;
    tell({ type: 'shadow', batch, results: await shadow() });
    duty.forget(items);
  }
  line.working = false;
}

function tell(message: FromWorker): void {
  process.send?.(message);
}

function watchParent(parentPid: number): void {
  const guard = new Worker(new URL('./parent-guard.ts', import.meta.url), { workerData: parentPid });
  guard.unref();
}
