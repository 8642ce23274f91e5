import type { HealthCheck } from '../health.ts';
import { proveWorker } from '../inference/model-proof.ts';
import { startWorkerPool, type WorkerPool } from '../inference/worker-pool.ts';
import type { RunningPart } from '../lifecycle.ts';
import { startWithModels } from '../model-watch.ts';
import { reconcileJobs } from '../queue/reconciler.ts';
import { receiversOf } from '../report/report-receivers.ts';
import { TriageRunner } from '../triage-runner.ts';
import { workerSettings } from '../worker-settings.ts';
import { gaugePool } from '../service-gauges.ts';
import type { Foundation } from './foundation.ts';

const RECONCILE_MS = 30_000;
const WORKER_GRACE_MS = 2_000;

/** The triage as it runs. */
export interface WorkerRole {
  readonly checks: readonly HealthCheck[];
}

/** Starts the worker processes and the triage of what waits; with no worker configured films are held only. */
export async function startWorkerRole(foundation: Foundation, parts: RunningPart[]): Promise<WorkerRole> {
  const { config, database, clock, log } = foundation;
  if (config.workers === 0) {
    log.warn({}, 'no worker is configured: films are received and held only');
    return { checks: [] };
  }
  const settings = workerSettings(config);
  const { workerEntry: entryPath, startMsMax } = settings;
  const { pool, watch } = await startWithModels(
    {
      ...{ database, clock, log, setup: settings.setup },
      prove: (setup) => proveWorker({ entryPath, setup, startMsMax, clock }),
    },
    (setup) => startWorkerPool({ ...settings, setup, clock, log }),
  );
  const closePool = () => Promise.all([watch.close(), pool.close(WORKER_GRACE_MS)]);
  parts.push({ name: 'workers', stop: async () => void (await closePool()) });
  gaugePool(foundation.meter, pool);
  const runner = startTriage(foundation, pool, parts);
  await holdReconciler(foundation, runner, parts);
  const look = () => Promise.resolve(pool.ready() ? null : 'no worker is ready');
  return { checks: [{ name: 'workers', look }] };
}

function startTriage(foundation: Foundation, pool: WorkerPool, parts: RunningPart[]): TriageRunner {
  const { config, sites, events } = foundation;
  const runner = new TriageRunner({
    ...foundation,
    pool,
    receiversOf: (siteId) => receiversOf(sites, siteId),
    rulesOf: (siteId) => sites.rulesOf(siteId),
    attemptsMax: config.jobAttemptsMax,
    publish: (event) => events.publish(event),
    onDeliveries: () => undefined,
  });
  runner.ring();
  parts.push({
    name: 'triage',
    stop: async () => {
      // The pool ends first, else films that run would be waited for.
      await pool.close(WORKER_GRACE_MS);
      await runner.close();
    },
  });
  return runner;
}

/** One worker role looks for exams that wait without a job, for all. */
async function holdReconciler(
  { database, queue, clock, log, duties }: Foundation,
  runner: TriageRunner,
  parts: RunningPart[],
): Promise<void> {
  const duty = await duties.hold('reconciler', () => {
    let cancel: () => void = () => undefined;
    let looking: Promise<void> = Promise.resolve();
    const look = (): void => {
      cancel = clock.schedule(RECONCILE_MS, look);
      looking = reconcileJobs(database, queue).then(
        (found) => {
          if (found > 0) log.warn({ found }, 'exams waited without a job and were enqueued again');
          runner.ring();
        },
        (thrown: unknown) => log.error({ err: thrown }, 'the reconciler could not look'),
      );
    };
    look();
    const close = (): Promise<void> => {
      cancel();
      return looking;
    };
    return Promise.resolve({ close });
  });
  parts.push({ name: 'reconciler', stop: () => duty.close() });
}
