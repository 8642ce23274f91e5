/** Tries what processes share in distributed mode. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openS3ObjectStore } from '../archive/s3-object-store.ts';
import { systemClock } from '../clock.ts';
import type { Config } from '../config.ts';
import { readSchemaStanding } from '../database/migrations.ts';
import { openPostgres } from '../database/postgres.ts';
import { TriageError } from '../errors.ts';
import { openRedis } from '../queue/redis-connection.ts';
import { isReadableByEveryone } from '../secret-file.ts';
import { silentLog } from '../telemetry.ts';

/** Says how the database is. Throws what keeps the service from it. */
export async function tryPostgres({
  databaseUrl: url,
  databasePasswordFile: passwordFile,
}: Config): Promise<string> {
  checkSecret(passwordFile);
  const database = await openPostgres({ url, passwordFile });
  try {
    const { applied, pending } = await readSchemaStanding(database);
    if (applied.length === 0) return 'empty; the first start makes the tables';
    if (pending.length === 0) return `newest schema (${applied.at(-1) ?? ''})`;
    return `older schema; back it up: the next start applies ${pending.join(', ')}`;
  } finally {
    await database.destroy();
  }
}

/** Says whether Redis answers. Throws queue-unreachable, and configuration-invalid where it refuses us. */
export async function tryRedis({ redisUrl: url, redisPasswordFile: passwordFile }: Config): Promise<string> {
  checkSecret(passwordFile);
  const redis = await openRedis({ url, passwordFile }, systemClock, silentLog);
  try {
    const problem = redis.problem();
    if (problem !== null) throw new TriageError('queue-unreachable', `Redis does not answer: ${problem}`);
    return 'answers';
  } finally {
    await redis.close();
  }
}

/** Writes, reads and removes an object. Throws what keeps the service from the bucket. */
export async function tryBucket(config: Config): Promise<string> {
  checkSecret(config.s3SecretKeyFile);
  const folder = await mkdtemp(join(tmpdir(), 'osteotriage-doctor-'));
  const objects = await openS3ObjectStore({
    ...{ endpoint: config.s3Endpoint, region: config.s3Region, bucket: config.s3Bucket },
    ...{ accessKeyFile: config.s3AccessKeyFile, secretKeyFile: config.s3SecretKeyFile },
    ...{ scratchFolder: join(folder, 'spool'), clock: systemClock, log: silentLog },
  }).catch(async (thrown: unknown) => {
    await rm(folder, { recursive: true });
    throw thrown;
  });
  try {
    await objects.check();
    const key = `probes/00/${randomUUID()}.txt`;
    const path = join(folder, 'probe.txt');
    await writeFile(path, key);
    await objects.putFile(path, key);
    const found = await objects.read(key);
    await objects.remove([key]);
    if (found.toString() !== key) {
      throw new TriageError('storage-failed', 'the bucket gave back other bytes than were written');
    }
    return 'an object was written, read and removed';
  } finally {
    objects.close();
    await rm(folder, { recursive: true });
  }
}

function checkSecret(path: string): void {
  if (path === '' || !isReadableByEveryone(path)) return;
  throw new TriageError('configuration-invalid', `everyone on this machine can read ${path}: chmod 600 it`);
}
