import type { Clock } from '../clock.ts';
import { asTriageError, TriageError } from '../errors.ts';
import { WorkerProcess } from './worker-process.ts';

/** How a worker is started. */
export interface WorkerStart {
  readonly entryPath: string;
  readonly setup: unknown;
  readonly startMsMax: number;
  readonly clock: Clock;
}

/**
 * Starts a worker process as the service would, waits until it has loaded its models and reproduced their golden runs,
 * and ends it. Rejects with what kept it from that; a model that takes its process down does no other harm.
 */
export async function proveWorker(start: WorkerStart): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const worker = new WorkerProcess({
    ...start,
    onReady: () => resolve(undefined),
    onRoom: () => undefined,
    onResults: () => undefined,
    onShadow: () => undefined,
    onEnd: ({ failure }) => reject(failure),
  });
  try {
    await promise;
  } catch (thrown) {
    const error = asTriageError(thrown);
    if (error.code !== 'worker-crashed') throw error;
    throw new TriageError('model-invalid', 'the process that tried to load the model ended', {
      cause: error,
    });
  } finally {
    await worker.kill();
  }
}
