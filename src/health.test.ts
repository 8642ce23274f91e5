import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from './clock.ts';
import { TriageError } from './errors.ts';
import { openHealth } from './health.ts';
import { startOperationsServer } from './http/operations-server.ts';
import { openMetrics } from './metrics.ts';
import { silentLog } from './telemetry.ts';

let close: () => Promise<void> = () => Promise.resolve();
afterEach(() => close());

async function serve(state: {
  worker: string | null;
  log: string | null;
  record?: () => Promise<string | null>;
}) {
  const health = openHealth(systemClock, {
    vital: [{ name: 'write-ahead log', look: () => Promise.resolve(state.log) }],
    ready: [
      { name: 'workers', look: () => Promise.resolve(state.worker) },
      { name: 'record', look: state.record ?? (() => Promise.resolve(null)) },
    ],
  });
  const metrics = openMetrics(systemClock);
  const server = await startOperationsServer({
    ...{ health, metrics, host: '127.0.0.1', port: 0, clock: systemClock, log: silentLog },
  });
  close = () => server.close();
  return async (path: string) => {
    const response = await fetch(new URL(path, server.url));
    return { status: response.status, text: await response.text() };
  };
}

describe('health', () => {
  it('is ready only while every check is passed, and alive as long as a restart would not help', async () => {
    const state: Parameters<typeof serve>[0] = { worker: 'no worker is ready', log: null };
    const get = await serve(state);
    expect(await get('readyz')).toMatchObject({ status: 503 });
    expect((await get('readyz')).text).toContain('no worker is ready');
    expect(await get('healthz')).toMatchObject({ status: 200 });
    state.worker = null;
    expect(await get('readyz')).toMatchObject({ status: 200 });
    state.log = 'a sync of the record failed';
    expect(await get('healthz')).toMatchObject({ status: 503 });
    expect(await get('readyz')).toMatchObject({ status: 503 });
  });

  it('takes a check that hangs or throws for a failed one, and says our own words only', async () => {
    const hangs = await serve({ worker: null, log: null, record: () => new Promise(() => undefined) });
    expect((await hangs('readyz')).text).toContain('no answer in time');
    await close();
    const failure = new TriageError('database-failed', 'the database does not answer');
    const throws = await serve({ worker: null, log: null, record: () => Promise.reject(failure) });
    expect(await throws('readyz')).toMatchObject({ status: 503 });
    expect((await throws('readyz')).text).toContain('the database does not answer');
  });

  it('serves the metrics as Prometheus reads them', async () => {
    const get = await serve({ worker: null, log: null });
    expect((await get('metrics')).text).toMatch(/^# HELP /);
  });
});
