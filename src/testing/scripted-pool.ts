import { systemClock } from '../clock.ts';
import { startWorkerPool, type WorkerPool, type WorkerPoolOptions } from '../inference/worker-pool.ts';
import { silentLog } from '../telemetry.ts';
import type { AnalysisRequest } from '../../workers/messages.ts';

/** The worker whose films say themselves what becomes of them. */
export const SCRIPTED = new URL('scripted-worker.ts', import.meta.url).pathname;
const open: WorkerPool[] = [];

/** Starts a real pool before scripted workers, one unless told otherwise. */
export async function startPool(overrides: Partial<WorkerPoolOptions> = {}): Promise<WorkerPool> {
  const pool = await startWorkerPool({
    workers: 1,
    workerEntry: SCRIPTED,
    setup: {},
    limits: { itemsMax: 1, waitMsMax: 0 },
    jobMsMax: 20_000,
    startMsMax: 20_000,
    clock: systemClock,
    log: silentLog,
    ...overrides,
  });
  open.push(pool);
  return pool;
}

/** Ends every pool that was started here. */
export async function closePools(): Promise<void> {
  await Promise.all(open.splice(0).map((pool) => pool.close(0)));
}

/** A film for a scripted worker; its path is the script. */
export function film(path: string, id = path): AnalysisRequest {
  return { id, path, source: 'dicom', options: {}, scratchFolder: null };
}
