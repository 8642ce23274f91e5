import { openCalibrations } from '../database/calibration-records.ts';
import type { HealthCheck } from '../health.ts';
import { proveWorker } from '../inference/model-proof.ts';
import { startWorkerPool, type WorkerPool } from '../inference/worker-pool.ts';
import type { RunningPart } from '../lifecycle.ts';
import { startWithModels } from '../model-watch.ts';
import { Reconciler } from '../queue/reconciler.ts';
import { receiversOf } from '../report/report-receivers.ts';
import { TriageRunner } from '../triage-runner.ts';
import { workerSettings } from '../worker-settings.ts';
import { gaugePool } from '../service-gauges.ts';
import type { Foundation } from './foundation.ts';

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
  const calibrations =
    config.batchItemsMax === 'auto' ? { calibrations: openCalibrations(database, clock) } : {};
  const { pool, watch } = await startWithModels(
    {
      ...{ database, clock, log, setup: settings.setup },
      prove: (setup) => proveWorker({ entryPath, setup, startMsMax, clock }),
    },
    (setup) => startWorkerPool({ ...settings, ...calibrations, setup, clock, log }),
  );
  const closePool = async (): Promise<void> => {
    await Promise.all([watch.close(), pool.close(WORKER_GRACE_MS)]);
  };
  parts.push({ name: 'workers', stop: closePool });
  gaugePool(foundation.meter, pool);
  startTriage(foundation, pool, parts);
  const reconciler = new Reconciler(foundation);
  reconciler.start();
  parts.push({ name: 'reconciler', stop: () => reconciler.close() });
  const look = () => Promise.resolve(pool.ready() ? null : 'no worker has its models loaded');
  const lookAtModels = () => Promise.resolve(watch.describeMissing());
  return {
    checks: [
      { name: 'workers', look },
      // The films of other views are read all the same.
      { name: 'models', look: lookAtModels, isRemark: true },
    ],
  };
}

function startTriage(foundation: Foundation, pool: WorkerPool, parts: RunningPart[]): void {
  const { config, sites, events } = foundation;
  const runner = new TriageRunner({
    ...foundation,
    pool,
    receiversOf: (siteId) => receiversOf(sites, siteId),
    rulesOf: (siteId) => sites.rulesOf(siteId),
    referralDays: () => sites.referralDays(),
    attemptsMax: config.jobAttemptsMax,
    publish: (event) => events.publish(event),
    onDeliveries: () => events.publish({ type: 'deliveries' }),
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
}
