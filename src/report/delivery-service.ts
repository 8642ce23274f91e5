import type { Kysely } from 'kysely';
import type { ObjectStore } from '../archive/object-store.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Database } from '../database/schema.ts';
import type { DimseLimits } from '../dimse/limits.ts';
import type { SiteDirectory } from '../site-registry.ts';
import type { Log } from '../telemetry.ts';
import { DeliveryRunner } from './delivery-runner.ts';
import type { PeerIdentity } from './destination-peer.ts';
import { type ReportReceiver, receiversOf } from './report-receivers.ts';

/** What sending reports needs. */
export interface DeliveryServiceParts {
  readonly database: Kysely<Database>;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly sites: SiteDirectory;
  readonly config: PeerIdentity & Pick<Config, 'deliveryDaysMax'>;
  readonly limits: DimseLimits;
}

/** The sending of reports while the service runs. */
export interface Deliveries {
  /** Says that there may be something to send. */
  ring(): void;
  /** What gets the reports of a site. */
  receiversOf(siteId: string): readonly ReportReceiver[];
  /** Starts nothing more and waits for what is being sent. */
  close(): Promise<void>;
}

/** Starts to send what is due, and goes on. */
export function startDeliveries(parts: DeliveryServiceParts): Deliveries {
  const { database, objects, clock, log, sites, config, limits } = parts;
  const runner = new DeliveryRunner({
    ...{ database, objects, clock, log, limits },
    destinations: () => sites.destinations(),
    identity: config,
    giveUpAfterMs: config.deliveryDaysMax * 86_400_000,
    onDelivered: () => undefined,
  });
  runner.ring();
  return {
    ring: () => runner.ring(),
    receiversOf: (siteId) => receiversOf(sites, siteId),
    close: () => runner.close(),
  };
}
