import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { OBJECT_KINDS, pictureObjectKey } from './archive/archive.ts';
import { openDiskObjectStore } from './archive/disk-object-store.ts';
import type { ObjectStore } from './archive/object-store.ts';
import { openClinicDoors } from './clinic-doors.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Config } from './config.ts';
import type { Database } from './database/schema.ts';
import { databasePath, lockFolder, openSqlite } from './database/sqlite.ts';
import { DEFAULT_DIMSE_LIMITS, type DimseLimits } from './dimse/limits.ts';
import type { NormalizedRequest } from './dimse/services.ts';
import { startHttpServer } from './http/server.ts';
import { startWorkerPool, type WorkerPool } from './inference/worker-pool.ts';
import { startCommitments } from './intake/commitment-answers.ts';
import { startDicomNode } from './intake/dimse-listener.ts';
import { intakeProbes, openIntakeGate } from './intake/intake-gate.ts';
import { InstanceReceiver } from './intake/receive-instance.ts';
import { type RunningPart, stopAll } from './lifecycle.ts';
import { startRetention } from './operations/retention.ts';
import { upgradeDatabase } from './operations/upgrade.ts';
import { PROJECT_FOLDER } from './project-folder.ts';
import { openDatabaseJobQueue } from './queue/database-job-queue.ts';
import { reconcileJobs, releaseLeases } from './queue/reconciler.ts';
import { type Deliveries, startDeliveries } from './report/delivery-service.ts';
import type { Log } from './telemetry.ts';
import { openSiteRegistry, type SiteRegistry } from './site-registry.ts';
import { TriageRunner } from './triage-runner.ts';
import { scannerServices } from './worklist/scanner-services.ts';
import { openDeliveryDesk } from './worklist/delivery-desk.ts';
import { openWorklist } from './worklist/worklist.ts';
import type { EventSource, ExamPictures, WorklistEvent } from './worklist/worklist-views.ts';
import { workerSettings } from './worker-settings.ts';

const RECONCILE_MS = 30_000;
const ASSOCIATION_GRACE_MS = 3_000;
const WORKER_GRACE_MS = 2_000;
const EVENT_STREAMS_MAX = 200;
const BODY_BYTES_MAX = 64 * 1024;

/** A service that runs. */
export interface Service {
  readonly dimse: {
    readonly aeTitle: string;
    readonly host: string;
    readonly port: number;
    /** null where TLS is not configured. */
    readonly tlsPort: number | null;
  };
  readonly http: { readonly url: string };
  /** null where DICOMweb is not served. */
  readonly dicomweb: { readonly url: string | null };
  /** Ends everything; true when all of it ended in time. */
  stop(): Promise<boolean>;
}

/** What the configuration says of the DIMSE layer. */
export function dimseLimits(config: Config): DimseLimits {
  return {
    ...DEFAULT_DIMSE_LIMITS,
    pduBytesMax: config.pduBytesMax,
    instanceBytesMax: config.instanceMibMax * 1024 * 1024,
    associationsMax: config.associationsMax,
    connectionsMax: config.associationsMax * 4,
    idleSecondsMax: config.idleSecondsMax,
  };
}

/**
 * Starts the embedded service: record, archive, workers, deliveries, worklist and, last, the DICOM node, so that
 * nothing is taken in before there is somewhere to put it. Throws what kept a part from starting, after stopping
 * the parts that ran.
 */
export async function startService(config: Config, log: Log, clock: Clock = systemClock): Promise<Service> {
  const parts: RunningPart[] = [];
  try {
    return await startParts(config, log, clock, parts);
  } catch (thrown) {
    await stopAll(parts, clock, log);
    throw thrown;
  }
}

/** What every part stands on. */
interface Foundation {
  readonly config: Config;
  readonly database: Kysely<Database>;
  readonly objects: ObjectStore;
  readonly sites: SiteRegistry;
  readonly events: Events;
  readonly clock: Clock;
  readonly log: Log;
}

async function startParts(config: Config, log: Log, clock: Clock, parts: RunningPart[]): Promise<Service> {
  const sites = openSiteRegistry(config, clock, log);
  parts.push({ name: 'sites', stop: () => sites.close() });
  const { database, objects } = await openRecord(config, clock, log, parts);
  const base: Foundation = { config, database, objects, sites, events: openEvents(), clock, log };
  const deliveries = startDeliveries({ ...base, limits: dimseLimits(config) });
  parts.push({ name: 'deliveries', stop: () => deliveries.close() });
  const pool = await startPool(config, clock, log, parts);
  const runner = startTriage(base, pool, deliveries, parts);
  const retention = startRetention({
    ...base,
    dataFolder: config.data,
    rules: { keepDays: config.retentionDays, diskPercentMax: config.retentionDiskPercent },
  });
  parts.push({ name: 'retention', stop: () => retention.stop() });
  const http = await startHttpServer({
    host: config.httpHost,
    port: config.httpPort,
    reader: openWorklist(database),
    pictures: openPictures(objects),
    events: base.events,
    deliveries: openDeliveryDesk(database, clock, () => deliveries.ring()),
    clock,
    log,
    pagesFolder: join(PROJECT_FOLDER, 'dist', 'pages'),
    readiness: () => readinessOf(config, pool),
    limits: { bodyBytesMax: BODY_BYTES_MAX, eventStreamsMax: EVENT_STREAMS_MAX },
  });
  parts.push({ name: 'worklist', stop: () => http.close() });
  return {
    ...(await openDoors(base, runner, deliveries, parts)),
    http: { url: http.url },
    stop: () => stopAll(parts, clock, log),
  };
}

/** Opens every way in, the DICOM node last. */
async function openDoors(
  base: Foundation,
  runner: TriageRunner | undefined,
  deliveries: Deliveries,
  parts: RunningPart[],
): Promise<Pick<Service, 'dimse' | 'dicomweb'>> {
  const { config, database, sites, events, clock, log } = base;
  const gate = await openIntakeGate(config, intakeProbes(config.data, database), clock, log);
  parts.push({ name: 'intake gate', stop: () => gate.close() });
  const onReferral = (referralId: string) => events.publish({ type: 'referral', referralId });
  const receiver = new InstanceReceiver({
    ...base,
    gate,
    onReferral,
    onReceived: (examId) => {
      events.publish({ type: 'exam', examId });
      runner?.ring();
    },
  });
  const limits = dimseLimits(config);
  const commitments = startCommitments(config, { ...base, limits });
  parts.push({ name: 'commitments', stop: () => commitments.close() });
  const commitmentService = {
    ...commitments.service,
    event: (report: NormalizedRequest) => deliveries.takeCommitmentReport(report),
  };
  const { dicomwebUrl } = await openClinicDoors({ ...base, receiver, gate }, parts);
  const services = [...scannerServices({ database, clock, log, onReferral }), commitmentService];
  const node = await startDicomNode(config, { limits, receiver, gate, sites, services, clock, log });
  parts.push({ name: 'DICOM node', stop: () => node.close(ASSOCIATION_GRACE_MS) });
  if (sites.book() === null)
    log.warn({}, 'no site is configured: the node listens on loopback only and accepts every caller there');
  return {
    dimse: { aeTitle: config.aeTitle, host: node.host, port: node.port, tlsPort: node.tlsPort },
    dicomweb: { url: dicomwebUrl },
  };
}

async function openRecord(
  config: Config,
  clock: Clock,
  log: Log,
  parts: RunningPart[],
): Promise<{ readonly database: Kysely<Database>; readonly objects: ObjectStore }> {
  mkdirSync(config.data, { recursive: true });
  const unlock = lockFolder(join(config.data, 'service.lock'));
  parts.push({ name: 'lock', stop: () => Promise.resolve().then(unlock) });
  const database = openSqlite(databasePath(config.data));
  parts.push({ name: 'database', stop: () => database.destroy() });
  const upgrade = await upgradeDatabase(database, databasePath(config.data));
  if (upgrade.applied.length > 0) log.info({ ...upgrade }, 'the database was brought to the newest schema');
  const released = await releaseLeases(database, clock);
  if (released > 0) log.info({ released }, 'jobs of an earlier run go on');
  const objects = await openDiskObjectStore(join(config.data, 'archive'), OBJECT_KINDS);
  return { database, objects };
}

async function startPool(
  config: Config,
  clock: Clock,
  log: Log,
  parts: RunningPart[],
): Promise<WorkerPool | undefined> {
  if (config.workers === 0) {
    log.warn({}, 'no worker is configured: films are received and held only');
    return undefined;
  }
  const pool = await startWorkerPool({ ...workerSettings(config), clock, log });
  parts.push({ name: 'workers', stop: () => pool.close(WORKER_GRACE_MS) });
  return pool;
}

function startTriage(
  base: Foundation,
  pool: WorkerPool | undefined,
  deliveries: Deliveries,
  parts: RunningPart[],
): TriageRunner | undefined {
  const { config, database, clock, log, sites, events } = base;
  if (pool === undefined) return undefined;
  const queue = openDatabaseJobQueue(database, clock);
  const runner = new TriageRunner({
    ...base,
    pool,
    queue,
    receiversOf: (siteId) => deliveries.receiversOf(siteId),
    rulesOf: (siteId) => sites.rulesOf(siteId),
    // Waiting in the pool and two attempts alone fit into a lease; a dead process frees its leases at its restart.
    leaseMs: (config.jobSecondsMax * 4 + 60) * 1000,
    attemptsMax: config.jobAttemptsMax,
    publish: (event) => events.publish(event),
    onDeliveries: () => deliveries.ring(),
  });
  let cancelReconcile: () => void = () => undefined;
  const reconcile = (): void => {
    cancelReconcile = clock.schedule(RECONCILE_MS, reconcile);
    void reconcileJobs(database, queue).then(
      (found) => {
        if (found > 0) log.warn({ found }, 'exams waited without a job and were enqueued again');
        runner.ring();
      },
      (thrown: unknown) => log.error({ err: thrown }, 'the reconciler could not look'),
    );
  };
  reconcile();
  parts.push({
    name: 'triage',
    stop: async () => {
      cancelReconcile();
      // The pool ends first, else films that run would be waited for.
      await pool.close(WORKER_GRACE_MS);
      await runner.close();
    },
  });
  return runner;
}

interface Events extends EventSource {
  publish(event: WorklistEvent): void;
}

function openEvents(): Events {
  const listeners = new Set<(event: WorklistEvent) => void>();
  return {
    publish(event) {
      for (const listener of listeners) listener(event);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function openPictures(objects: ObjectStore): ExamPictures {
  const read = async (examId: string, picture: 'preview' | 'overlay'): Promise<Buffer | undefined> => {
    const key = pictureObjectKey(examId, picture);
    return (await objects.has(key)) ? objects.read(key) : undefined;
  };
  return { preview: (examId) => read(examId, 'preview'), overlay: (examId) => read(examId, 'overlay') };
}

function readinessOf(
  config: Config,
  pool: WorkerPool | undefined,
): { readonly ready: boolean; readonly problems: readonly string[] } {
  if (pool === undefined) return { ready: config.workers === 0, problems: ['no worker is configured'] };
  return pool.ready() ? { ready: true, problems: [] } : { ready: false, problems: ['no worker is ready'] };
}
