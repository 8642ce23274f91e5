import type { Kysely } from 'kysely';
import type { ObjectStore } from '../archive/object-store.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Database } from '../database/schema.ts';
import type { DimseLimits } from '../dimse/limits.ts';
import type { Meter } from '../meter.ts';
import type { SiteDirectory } from '../site-registry.ts';
import type { Log } from '../telemetry.ts';
import { CommitmentAsker } from './commitment-asker.ts';
import { type CommitmentLimits, DEFAULT_COMMITMENT_LIMITS } from './commitment-policy.ts';
import { DeliveryRunner } from './delivery-runner.ts';
import type { PeerIdentity } from './destination-peer.ts';

/** What sending reports needs. */
export interface DeliveryServiceParts {
  readonly database: Kysely<Database>;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter?: Meter;
  readonly sites: SiteDirectory;
  readonly config: PeerIdentity & Pick<Config, 'deliveryDaysMax'>;
  readonly limits: DimseLimits;
  readonly commitmentLimits?: CommitmentLimits;
}

/** The sending of reports while the service runs. */
export interface Deliveries {
  /** Says that there may be something to send or to ask for. */
  ring(): void;
  /** Starts nothing more and waits for what is being sent. */
  close(): Promise<void>;
}

/** Starts to send what is due, and goes on. */
export function startDeliveries(parts: DeliveryServiceParts): Deliveries {
  const { database, objects, clock, log, sites, config, limits } = parts;
  const runner = new DeliveryRunner({
    ...{ database, objects, clock, log, limits },
    ...(parts.meter === undefined ? {} : { meter: parts.meter }),
    destinations: () => sites.destinations(),
    identity: config,
    giveUpAfterMs: config.deliveryDaysMax * 86_400_000,
    onDelivered: () => asker.ring(),
  });
  const asker = new CommitmentAsker({
    ...{ database, clock, log, limits },
    destinations: () => sites.destinations(),
    identity: config,
    commitmentLimits: parts.commitmentLimits ?? DEFAULT_COMMITMENT_LIMITS,
    onRefused: () => runner.ring(),
  });
  runner.ring();
  asker.ring();
  return {
    ring: () => {
      runner.ring();
      asker.ring();
    },
    close: async () => {
      await Promise.all([runner.close(), asker.close()]);
    },
  };
}
