/** A worker's end of the link to the service that started it. */
import { Worker } from 'node:worker_threads';
import { asTriageError } from '../src/errors.ts';
import type {
  BatchItem,
  BatchItemResult,
  FromWorker,
  ReadyMessage,
  ShadowItemResult,
  ToWorker,
} from './messages.ts';

/** The answers to a batch, and what is still to be done with its films when they are on their way. */
export interface BatchAnswers {
  readonly results: readonly BatchItemResult[];
  /** Runs the model in shadow; null where there is none or no film for it. It never throws for the sake of one item. */
  readonly shadow: (() => Promise<readonly ShadowItemResult[]>) | null;
}

/** What a worker does with what it is told. */
export interface WorkerDuty {
  /** Called once, with the setup of the first message; a failure makes the worker unfit. */
  readonly prepare: (setup: unknown) => Promise<Omit<ReadyMessage, 'type'>>;
  /** Answers every item exactly once, in any order; it never throws for the sake of one item. */
  readonly analyse: (items: readonly BatchItem[]) => Promise<BatchAnswers>;
}

/** Serves the parent process until its channel closes; then the process ends at once, whatever it was doing. */
export function serveParent(duty: WorkerDuty): void {
  process.on('disconnect', () => process.exit(0));
  watchParent(Number(process.argv[2]));
  process.on('message', (message: ToWorker) => {
    void answer(duty, message);
  });
}

async function answer(duty: WorkerDuty, message: ToWorker): Promise<void> {
  if (message.type === 'init') {
    try {
      tell({ type: 'ready', ...(await duty.prepare(message.setup)) });
    } catch (thrown) {
      const { code, message: text } = asTriageError(thrown);
      tell({ type: 'unfit', failure: { code, message: text } });
    }
    return;
  }
  // A failure here is a defect of the worker as a whole: it ends, and the pool retries the films one by one.
  const { batch, items } = message;
  const { results, shadow } = await duty.analyse(items);
  tell({ type: 'results', batch, results, shadowFollows: shadow !== null });
  if (shadow !== null) tell({ type: 'shadow', batch, results: await shadow() });
}

function tell(message: FromWorker): void {
  process.send?.(message);
}

function watchParent(parentPid: number): void {
  const guard = new Worker(new URL('./parent-guard.ts', import.meta.url), { workerData: parentPid });
  guard.unref();
}
