import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from './clock.ts';
import { DEFAULT_DIMSE_LIMITS } from './dimse/limits.ts';
import { sendFiles } from './dimse/send-files.ts';
import { PROJECT_FOLDER } from './project-folder.ts';
import { readComposeFile } from './testing/container-files.ts';
import { freePort } from './testing/free-port.ts';
import { requirePostgres, startPostgres, type TestPostgres } from './testing/postgres.ts';
import { requireRedis, startRedis, type TestRedis } from './testing/redis.ts';
import { type RoleProcess, roleProcess } from './testing/role-process.ts';
import { startS3Store, type TestS3Store } from './testing/s3-store.ts';

const missing = [requirePostgres(), requireRedis()].flatMap((tool) => (tool.available ? [] : [tool.reason]));
const PASSWORD = 'a-password-of-a-test';
const SITES = {
  destinations: [],
  sites: [{ id: 'hospital', name: 'Hospital', peers: [{ aeTitle: 'SENDER', addresses: ['127.0.0.1'] }] }],
};

/** No engine runs here, so the commands of the compose file are run by hand: other hosts, ports and folders, no more. */
describe.skipIf(missing.length > 0)(`the services of compose.distributed.yaml ${missing.join(', ')}`, () => {
  let folder: string;
  let postgres: TestPostgres;
  let redis: TestRedis;
  let store: TestS3Store;
  let services: readonly RoleProcess[];
  const operationsPorts = new Map<string, number>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'osteotriage-compose-'));
    [postgres, redis, store] = await Promise.all([
      startPostgres(),
      startRedis({ requirepass: PASSWORD }),
      startS3Store(),
    ]);
    const password = await writeSecret('password', PASSWORD);
    const sites = await writeSecret('sites.json', JSON.stringify(SITES));
    const replaced = {
      TRIAGE_DATABASE_URL: await postgres.addUser('osteotriage', PASSWORD),
      TRIAGE_DATABASE_PASSWORD_FILE: password,
      TRIAGE_REDIS_URL: redis.url,
      TRIAGE_REDIS_PASSWORD_FILE: password,
      TRIAGE_S3_ENDPOINT: store.endpoint,
      TRIAGE_S3_BUCKET: store.bucket,
      TRIAGE_S3_ACCESS_KEY_FILE: store.accessKeyFile,
      TRIAGE_S3_SECRET_KEY_FILE: store.secretKeyFile,
      TRIAGE_SITES: sites,
      TRIAGE_DISK_FREE_MIB_MIN: '0',
    };
    const own = Object.entries(readComposeFile('compose.distributed.yaml').services).filter(
      ([, { image }]) => image === 'osteotriage',
    );
    services = await Promise.all(
      own.map(async ([name, { command, environment }]) => {
        expect(command?.slice(0, 2)).toEqual(['serve', '--role']);
        operationsPorts.set(name, await freePort());
        const ports = {
          TRIAGE_DIMSE_PORT: String(await freePort()),
          TRIAGE_HTTP_PORT: String(await freePort()),
          TRIAGE_OPERATIONS_PORT: String(operationsPorts.get(name)),
          // This machine has fewer processors than the file says.
          TRIAGE_WORKERS: '1',
        };
        const settings = { ...environment, ...replaced, ...ports };
        const role = command?.[2] ?? '';
        return roleProcess({ name, role, folder: join(folder, name), environment: settings });
      }),
    );
    await Promise.all(services.map((service) => service.start()));
  }, 120_000);
  afterAll(async () => {
    await Promise.all(services.map((service) => service.kill()));
    await Promise.all([postgres.stop(), redis.stop(), store.stop()]);
    await rm(folder, { recursive: true });
  });

  const writeSecret = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  const serviceOf = (name: string): RoleProcess => services.find((service) => service.name === name)!;

  it('have the roles that their names say, and are ready', async () => {
    expect(services.map(({ name }) => name).toSorted()).toEqual([
      ...['intake-1', 'intake-2', 'web', 'worker-1', 'worker-2'],
    ]);
    for (const service of services) {
      expect(service.ready().roles).toEqual([service.name.replace(/-\d$/, '')]);
      const url = `http://127.0.0.1:${operationsPorts.get(service.name)}/readyz`;
      await expect.poll(async () => (await fetch(url)).status, { timeout: 20_000 }).toBe(200);
    }
  });

  it('take a film at one listener, know it at the other, and show its result on the page', async () => {
    const film = join(PROJECT_FOLDER, 'dicom-fixtures', '02-thin-cortex.dcm');
    for (const name of ['intake-1', 'intake-2']) {
      const { port, aeTitle: calledAeTitle } = serviceOf(name).ready().dimse!;
      const peer = { host: '127.0.0.1', port, calledAeTitle, callingAeTitle: 'SENDER' };
      const options = { peer, limits: DEFAULT_DIMSE_LIMITS, clock: systemClock, connectMsMax: 5_000 };
      for await (const result of sendFiles([film], options)) {
        expect(result).toMatchObject({ answer: { status: 0 } });
      }
    }
    const status = new URL('api/status', serviceOf('web').ready().http!.url);
    await expect
      .poll(async () => (await fetch(status)).json(), { timeout: 60_000 })
      .toMatchObject({ counts: { received: 1, positive: 1, referrals: 1 } });
  }, 90_000);

  it('end when they are told to', async () => {
    for (const service of services) expect(await service.stop()).toBe(0);
  }, 60_000);
});
