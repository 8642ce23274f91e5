/** How this node is, for the people who keep it. */
import { statfs } from 'node:fs/promises';
import process from 'node:process';
import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { findHead, findUnsealed } from '../database/audit-chain-records.ts';
import { readSchemaStanding } from '../database/migrations.ts';
import type { Database } from '../database/schema.ts';
import { findQueueStanding } from '../database/standing-records.ts';
import type { Health } from '../health.ts';
import { readReceivers } from './admin-failures.ts';
import type { AdminHealthAnswer } from './admin-views.ts';

/** What is asked. */
export interface HealthParts {
  readonly config: Config;
  readonly database: Kysely<Database>;
  readonly health: Health;
  readonly clock: Clock;
  readonly version: string;
}

/** Gathers it; what cannot be asked because the record is away fails as a whole. */
export async function readHealth(parts: HealthParts): Promise<AdminHealthAnswer> {
  const { config, database, health, clock, version } = parts;
  const nowMs = clock.nowMs();
  const { bavail, blocks, bsize } = await statfs(config.data);
  const duties = await database
    .selectFrom('duties')
    .select(['name', 'holder', 'until_ms'])
    .orderBy('name')
    .execute();
  const schema = await readSchemaStanding(database);
  return {
    at: new Date(nowMs).toISOString(),
    ...{ mode: config.mode, roles: config.roles, version, nodeVersion: process.version },
    upSince: new Date(nowMs - process.uptime() * 1000).toISOString(),
    schema: schema.applied.at(-1) ?? '',
    ready: await health.readiness(),
    live: await health.liveness(),
    queue: await findQueueStanding(database),
    disk: { folder: config.data, freeBytes: bavail * bsize, totalBytes: blocks * bsize },
    // A node that is alone holds them all and writes none down.
    duties: duties.map(({ name, holder, until_ms }) => ({ name, holder, isHeld: until_ms > nowMs })),
    receivers: await readReceivers(database),
    audit: { head: await findHead(database), unsealed: await findUnsealed(database) },
  };
}
