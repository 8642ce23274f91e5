/**
 * A parent that a test kills: it starts a pool of scripted workers, gives each the film that its first argument
 * names, and prints the workers' process numbers.
 */
import { systemClock } from '../clock.ts';
import { startWorkerPool } from '../inference/worker-pool.ts';
import { silentLog } from '../telemetry.ts';

const pool = await startWorkerPool({
  workers: 2,
  workerEntry: new URL('./scripted-worker.ts', import.meta.url).pathname,
  setup: {},
  limits: { itemsMax: 1, waitMsMax: 0 },
  jobMsMax: 600_000,
  startMsMax: 20_000,
  clock: systemClock,
  log: silentLog,
});
while (pool.stats().liveWorkers < 2) await systemClock.sleep(20);
const path = process.argv[2] ?? 'hang';
for (const id of ['first', 'second']) {
  pool.analyse({ id, path, source: 'dicom', options: {}, scratchFolder: null }).catch(() => undefined);
}
process.stdout.write(`${JSON.stringify(pool.workerPids())}\n`);
