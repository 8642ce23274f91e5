import type { Kysely } from 'kysely';
import type { ObjectStore } from '../archive/object-store.ts';
import { AuditSealer } from '../audit/audit-sealer.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Database } from '../database/schema.ts';
import type { Duties } from '../duty.ts';
import type { TriageError } from '../errors.ts';
import type { EventBus } from '../event-bus.ts';
import type { HealthCheck } from '../health.ts';
import type { RunningPart } from '../lifecycle.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import type { SiteRegistry } from '../site-registry.ts';
import type { Log } from '../telemetry.ts';
import { type Metrics, openMetrics } from '../metrics.ts';
import { gaugeRecord, gaugeSpool } from '../service-gauges.ts';
import { PRODUCT_VERSION } from '../project-folder.ts';
import { openSiteRegistry } from '../site-registry.ts';

/** What is kept and carried, and by whom; the two modes differ in nothing else. */
export interface Stores {
  readonly database: Kysely<Database>;
  readonly objects: ObjectStore;
  readonly queue: JobQueue;
  readonly events: EventBus;
  /** Runs the work that one process does for all. */
  readonly duties: Duties;
  /** Why objects cannot be stored at this moment, as far as that is known without trying. */
  readonly storeProblem: () => TriageError | undefined;
  /** What must answer before this process may be given work. */
  readonly checks: readonly HealthCheck[];
  /** What only a restart can put right again. */
  readonly vitals: readonly HealthCheck[];
}

/** What every role stands on. */
export interface Foundation extends Stores {
  readonly config: Config;
  readonly sites: SiteRegistry;
  readonly meter: Metrics;
  readonly clock: Clock;
  readonly log: Log;
}

/** Opens what the roles stand on, and adds it to the parts that are stopped in the end. */
export async function openFoundation(
  config: Config,
  clock: Clock,
  log: Log,
  parts: RunningPart[],
): Promise<Foundation> {
  const sites = openSiteRegistry(config, clock, log);
  parts.push({ name: 'sites', stop: () => sites.close() });
  await startTracing(config, parts);
  const stores = await openStores(config, clock, log, parts);
  const meter = openMetrics(clock);
  gaugeRecord(meter, stores.database, clock);
  gaugeSpool(meter, config.data);
  const sealing = await stores.duties.hold('audit', () => {
    const sealer = new AuditSealer({ database: stores.database, clock, log });
    sealer.start();
    return Promise.resolve(sealer);
  });
  parts.push({ name: 'audit chain', stop: () => sealing.close() });
  return { config, sites, meter, clock, log, ...stores };
}

/** What the other mode stands on is not even loaded. */
async function openStores(config: Config, clock: Clock, log: Log, parts: RunningPart[]): Promise<Stores> {
  if (config.mode === 'distributed') {
    const { openDistributedStores } = await import('./distributed-stores.ts');
    return openDistributedStores(config, clock, log, parts);
  }
  const { openEmbeddedStores } = await import('./embedded-stores.ts');
  return openEmbeddedStores(config, clock, log, parts);
}

async function startTracing({ tracesUrl, roles }: Config, parts: RunningPart[]): Promise<void> {
  if (tracesUrl === '') return;
  const { startTraces } = await import('../trace-export.ts');
  const traces = startTraces({ url: tracesUrl, softwareVersion: PRODUCT_VERSION, roles });
  parts.push({ name: 'traces', stop: () => traces.close() });
}
