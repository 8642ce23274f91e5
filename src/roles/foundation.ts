import type { Kysely } from 'kysely';
import type { ObjectStore } from '../archive/object-store.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Database } from '../database/schema.ts';
import type { Duties } from '../duty.ts';
import type { HealthCheck } from '../health.ts';
import type { RunningPart } from '../lifecycle.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import type { SiteRegistry } from '../site-registry.ts';
import type { Log } from '../telemetry.ts';
import type { EventSource, WorklistEvent } from '../worklist/worklist-views.ts';
import { openEmbeddedStores } from './embedded-stores.ts';
import { openSiteRegistry } from '../site-registry.ts';

/** Where parts of the service tell each other, and the pages, what has changed. */
export interface Events extends EventSource {
  publish(event: WorklistEvent): void;
}

/** What is kept and carried, and by whom; the two modes differ in nothing else. */
export interface Stores {
  readonly database: Kysely<Database>;
  readonly objects: ObjectStore;
  readonly queue: JobQueue;
  readonly events: Events;
  /** Runs the work that one process does for all. */
  readonly duties: Duties;
  /** What must answer before this process may be given work. */
  readonly checks: readonly HealthCheck[];
}

/** What every role stands on. */
export interface Foundation extends Stores {
  readonly config: Config;
  readonly sites: SiteRegistry;
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
  const stores = await openEmbeddedStores(config, clock, log, parts);
  return { config, sites, clock, log, ...stores };
}
