import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startService } from './compose.ts';
import { readConfig } from './config.ts';
import { silentLog } from './telemetry.ts';

let data: string;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'osteotriage-compose-'));
});
afterEach(() => rm(data, { recursive: true }));

function start(environment: Record<string, string>) {
  const { config } = readConfig({ data, dimsePort: '0', httpPort: '0' }, environment);
  return startService(config, silentLog);
}

describe('the roles of a process', () => {
  it('are all of them in embedded mode, and the message says how to have fewer', async () => {
    await expect(start({ TRIAGE_ROLES: 'intake,web' })).rejects.toMatchObject({
      code: 'configuration-invalid',
      message: expect.stringMatching(/TRIAGE_ROLES = intake,web.*TRIAGE_MODE=distributed/) as unknown,
    });
  });

  it('are each named once, in words that are known', () => {
    expect(() => readConfig({}, { TRIAGE_ROLES: 'intake,listener' })).toThrow(/TRIAGE_ROLES/);
  });

  it('hold and show films without a worker where none is configured', async () => {
    const service = await start({ TRIAGE_WORKERS: '0' });
    expect(service).toMatchObject({ roles: ['intake', 'worker', 'web'], dicomweb: { url: null } });
    expect(service.dimse?.port).toBeGreaterThan(0);
    const readiness = await fetch(new URL('readyz', service.http?.url));
    expect(readiness.status).toBe(200);
    expect(await readiness.json()).toMatchObject({ checks: { intake: null } });
    expect(await service.stop()).toBe(true);
  });

  it('need their servers in distributed mode: one message names every setting that is missing', async () => {
    await expect(
      start({ TRIAGE_MODE: 'distributed', TRIAGE_REDIS_URL: 'redis://127.0.0.1' }),
    ).rejects.toMatchObject({
      code: 'configuration-invalid',
      message:
        'TRIAGE_MODE=distributed also needs TRIAGE_DATABASE_URL, TRIAGE_S3_ENDPOINT, ' +
        'TRIAGE_S3_ACCESS_KEY_FILE, TRIAGE_S3_SECRET_KEY_FILE',
    });
  });
});
