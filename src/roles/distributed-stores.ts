import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { type Kysely, sql } from 'kysely';
import { openS3ObjectStore } from '../archive/s3-object-store.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { migrate } from '../database/migrations.ts';
import { openPostgres } from '../database/postgres.ts';
import type { Database } from '../database/schema.ts';
import { lockFolder } from '../database/sqlite.ts';
import { openDuties } from '../duty.ts';
import { checkDistributedSettings } from '../distributed-settings.ts';
import { asTriageError } from '../errors.ts';
import type { HealthCheck } from '../health.ts';
import type { RunningPart } from '../lifecycle.ts';
import { openRedis } from '../queue/redis-connection.ts';
import { openRedisEventBus } from '../queue/redis-event-bus.ts';
import { openRedisJobQueue } from '../queue/redis-job-queue.ts';
import type { Log } from '../telemetry.ts';
import type { Stores } from './foundation.ts';

/** A database that does not answer at the start, as while its machine starts too, is waited for so long. */
const DATABASE_WAIT_MS_MAX = 60_000;
const DATABASE_AGAIN_MS = 1_000;

/**
 * PostgreSQL, an S3 store and Redis, which any number of processes share. The data folder is this process's own, for
 * what is on its way. Redis and the object store may be away at the start; the database is waited for.
 */
export async function openDistributedStores(
  config: Config,
  clock: Clock,
  log: Log,
  parts: RunningPart[],
): Promise<Stores> {
  checkDistributedSettings(config);
  mkdirSync(config.data, { recursive: true });
  const unlock = lockFolder(join(config.data, 'service.lock'));
  parts.push({ name: 'lock', stop: () => Promise.resolve().then(unlock) });
  const database = await openRecord(config, clock, log);
  parts.push({ name: 'database', stop: () => database.destroy() });
  const scratchBytes = config.s3ScratchMibMax * 1024 * 1024;
  const objects = await openS3ObjectStore({
    ...{ endpoint: config.s3Endpoint, region: config.s3Region, bucket: config.s3Bucket },
    ...{ accessKeyFile: config.s3AccessKeyFile, secretKeyFile: config.s3SecretKeyFile },
    ...{ scratchFolder: join(config.data, 'spool'), clock, log },
    limits: { spoolBytesMax: scratchBytes, cacheBytesMax: scratchBytes },
  });
  parts.push({ name: 'object store', stop: () => Promise.resolve().then(() => objects.close()) });
  const address = { url: config.redisUrl, passwordFile: config.redisPasswordFile };
  const redis = await openRedis(address, clock, log);
  parts.push({ name: 'Redis', stop: () => redis.close() });
  const queue = openRedisJobQueue({ redis, database, clock, log });
  parts.push({ name: 'queue', stop: () => queue.close() });
  const holder = `${hostname()} ${process.pid}`;
  // Redis is no check: while it is away the record is searched instead.
  const checks: readonly HealthCheck[] = [
    { name: 'database', look: () => sql`SELECT 1`.execute(database).then(() => null) },
    { name: 'objects', look: () => objects.check().then(() => null) },
  ];
  return {
    ...{ database, objects, queue, checks, vitals: [] },
    storeProblem: () => objects.problem(),
    events: openRedisEventBus(redis),
    duties: openDuties({ database, clock, log, holder }),
  };
}

async function openRecord(config: Config, clock: Clock, log: Log): Promise<Kysely<Database>> {
  const place = { url: config.databaseUrl, passwordFile: config.databasePasswordFile };
  const startedAtMs = clock.monotonicMs();
  for (;;) {
    try {
      // A change of the schema may take longer than any other statement may.
      const patient = await openPostgres({ ...place, statementMsMax: 0 });
      const applied = await migrate(patient).finally(() => patient.destroy());
      if (applied.length > 0) log.info({ applied }, 'the database was brought to the newest schema');
      return await openPostgres(place);
    } catch (thrown) {
      const isLate = clock.monotonicMs() - startedAtMs > DATABASE_WAIT_MS_MAX;
      if (isLate || asTriageError(thrown).class !== 'transient') throw thrown;
      log.warn({ err: thrown }, 'the database does not answer; it is waited for');
      await clock.sleep(DATABASE_AGAIN_MS);
    }
  }
}
