import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';
import { startRedis, type TestRedis } from './redis.ts';
import { type RoleProcess, roleProcess } from './role-process.ts';
import { startS3Store, type TestS3Store } from './s3-store.ts';

/** What processes share. */
export interface ClusterStores {
  readonly postgres: TestPostgres;
  readonly redis: TestRedis;
  readonly store: TestS3Store;
}

/** The whole service on many processes, with real servers below it. */
export interface Cluster extends ClusterStores {
  readonly folder: string;
  readonly listeners: readonly RoleProcess[];
  readonly workers: readonly RoleProcess[];
  readonly web: RoleProcess;
  /** The settings that every process has. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ends everything; removes what it wrote unless it is to be looked at. */
  stop(isKept?: boolean): Promise<void>;
}

/** Starts servers and processes; resolves when all are ready. */
export async function startCluster(options: {
  readonly listeners: number;
  readonly workers: number;
  readonly environment?: Readonly<Record<string, string>>;
}): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'osteotriage-cluster-'));
  const ending: (() => Promise<unknown>)[] = [];
  const stop = async (isKept = false): Promise<void> => {
    for (const end of ending.toReversed()) await end();
    if (!isKept) await rm(folder, { recursive: true, force: true });
  };
  try {
    const postgres = await startPostgres();
    ending.push(() => postgres.stop());
    const redis = await startRedis();
    ending.push(() => redis.stop());
    const store = await startS3Store();
    ending.push(() => store.stop());
    const stores = { postgres, redis, store };
    const environment = { ...distributedSettings(stores), ...options.environment };
    const processes = await describeProcesses(options, folder, environment);
    ending.push(() => Promise.all(processes.all.map((each) => each.kill())));
    // The first makes the tables, which takes the longest.
    for (const each of processes.all) await mkdir(join(folder, each.name));
    await Promise.all(processes.all.map((each) => each.start()));
    return { ...stores, ...processes, folder, environment, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

/** The settings that tell a process of its servers. */
export function distributedSettings({ postgres, redis, store }: ClusterStores): Record<string, string> {
  return {
    TRIAGE_MODE: 'distributed',
    TRIAGE_DATABASE_URL: postgres.url,
    TRIAGE_REDIS_URL: redis.url,
    TRIAGE_S3_ENDPOINT: store.endpoint,
    TRIAGE_S3_REGION: store.region,
    TRIAGE_S3_BUCKET: store.bucket,
    TRIAGE_S3_ACCESS_KEY_FILE: store.accessKeyFile,
    TRIAGE_S3_SECRET_KEY_FILE: store.secretKeyFile,
    TRIAGE_LOG_LEVEL: 'warn',
    TRIAGE_DISK_FREE_MIB_MIN: '0',
    TRIAGE_WORKERS: '1',
    TRIAGE_SIGN_IN: 'off',
  };
}

async function describeProcesses(
  counts: { readonly listeners: number; readonly workers: number },
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<Pick<Cluster, 'listeners' | 'workers' | 'web'> & { readonly all: readonly RoleProcess[] }> {
  const describe = async (name: string, role: string): Promise<RoleProcess> =>
    roleProcess({
      ...{ name, role, folder: join(folder, name) },
      // A process that comes again is found where it was.
      environment: {
        ...environment,
        TRIAGE_DIMSE_PORT: String(await freePort()),
        TRIAGE_HTTP_PORT: String(await freePort()),
      },
    });
  const row = (count: number, name: string, role: string): Promise<RoleProcess[]> =>
    Promise.all(Array.from({ length: count }, (_, index) => describe(`${name}-${index + 1}`, role)));
  const listeners = await row(counts.listeners, 'listener', 'intake');
  const workers = await row(counts.workers, 'worker', 'worker');
  const web = await describe('web', 'web');
  return { listeners, workers, web, all: [...listeners, ...workers, web] };
}
