import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WorkerSetup } from '../workers/worker-setup.ts';
import { systemClock } from './clock.ts';
import { readConfig } from './config.ts';
import { listChoices, listModelFailures, recordChoice } from './database/model-records.ts';
import type { Database } from './database/schema.ts';
import { type ErrorCode, TriageError } from './errors.ts';
import type { ModelChoice } from './exam/model-choice.ts';
import { PANORAMIC_MODEL } from './inference/model-registry.ts';
import { startWithModels } from './model-watch.ts';
import { silentLog } from './telemetry.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { installVersion } from './testing/model-fixtures.ts';
import { openTestRecord } from './testing/test-record.ts';
import { workerSettings } from './worker-settings.ts';

/** Says how often somebody asked to be called: the watch does so when it has done what a look asked for. */
class CountingClock extends ManualClock {
  asked = 0;

  override schedule(waitMs: number, callback: () => void): () => void {
    this.asked += 1;
    return super.schedule(waitMs, callback);
  }
}

let folder: string;
let database: Kysely<Database>;
let clock: CountingClock;
/** Versions that no worker can load, with the code of what happens. */
let unfit: Map<string, ErrorCode>;
/** What workers were told, in order: the version that works, and the one in shadow. */
let told: string[];
let proved: string[];
/** A version that ends the worker that loads it beside another. */
let unfitShadow: string | undefined;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'osteotriage-watch-'));
  database = await openTestRecord();
  clock = new CountingClock();
  unfit = new Map();
  [told, proved] = [[], []];
  unfitShadow = undefined;
  shadowFailures = {};
});
afterEach(async () => {
  await database.destroy();
  rmSync(folder, { recursive: true });
});

function load({ modelPins, shadowPins }: WorkerSetup): Promise<void> {
  const isDeadly = unfitShadow !== undefined && shadowPins[PANORAMIC_MODEL] === unfitShadow;
  const code = isDeadly ? 'worker-crashed' : unfit.get(modelPins?.[PANORAMIC_MODEL] ?? '');
  return code === undefined ? Promise.resolve() : Promise.reject(new TriageError(code, 'asked to fail'));
}

let shadowFailures: Partial<Record<ErrorCode, number>>;
const pool = {
  stats: () => ({ shadowFailures }),
  unloaded: () => [],
  useSetup: async (setup: WorkerSetup) => {
    await load(setup);
    told.push([setup.modelPins?.[PANORAMIC_MODEL], setup.shadowPins[PANORAMIC_MODEL]].join(' '));
  },
};

async function start() {
  const { config } = readConfig({}, { TRIAGE_MODELS: folder });
  const { setup } = workerSettings(config);
  const prove = async (wanted: WorkerSetup): Promise<void> => {
    proved.push(wanted.modelPins?.[PANORAMIC_MODEL] ?? '');
    await load(wanted);
  };
  const parts = { database, clock, log: silentLog, setup, prove };
  return startWithModels(parts, async (first) => {
    await pool.useSetup(first);
    return pool;
  });
}

/** Lets the watch look once, and waits until it has done what it then does. */
async function look(waitMs = 2_000): Promise<void> {
  const { asked } = clock;
  clock.advance(waitMs);
  while (clock.asked === asked) await systemClock.sleep(2);
}

function choose(choice: Partial<ModelChoice>): Promise<void> {
  const none = { activeVersion: null, previousVersion: null, shadowVersion: null };
  return recordChoice(
    database,
    { name: PANORAMIC_MODEL, ...none, ...choice },
    { actor: 'test', action: 'model chosen', nowMs: clock.nowMs() },
  );
}

describe('models at the start of a service', () => {
  it('are the newest version where nobody chose, and the one that was chosen else', async () => {
    for (const version of ['1.0.0', '1.1.0']) installVersion(folder, version);
    await (await start()).watch.close();
    await choose({ activeVersion: '1.0.0', shadowVersion: '1.1.0' });
    await (await start()).watch.close();
    expect(told).toEqual(['1.1.0 ', '1.0.0 1.1.0']);
  });

  it('are what worked before where the chosen one cannot be loaded, and the record says so', async () => {
    for (const version of ['1.0.0', '1.1.0', '1.2.0']) installVersion(folder, version);
    await choose({ activeVersion: '1.2.0', previousVersion: '1.0.0' });
    unfit.set('1.2.0', 'model-invalid');
    await (await start()).watch.close();
    expect(told).toEqual(['1.0.0 ']);
    expect(await listModelFailures(database)).toMatchObject([{ version: '1.2.0', code: 'model-invalid' }]);
  });

  it('go without a shadow that ends the workers at their start', async () => {
    for (const version of ['1.0.0', '1.1.0']) installVersion(folder, version);
    await choose({ activeVersion: '1.0.0', shadowVersion: '1.1.0' });
    unfitShadow = '1.1.0';
    const { watch } = await start();
    unfit.set('1.1.0', 'model-invalid');
    await look();
    await look();
    await watch.close();
    expect(told).toEqual(['1.0.0 ']);
    expect(await listModelFailures(database)).toMatchObject([{ version: '1.1.0', code: 'model-invalid' }]);
  });

  it('must be there: a service without any does not start', async () => {
    await expect(start()).rejects.toMatchObject({ code: 'model-missing' });
    installVersion(folder, '1.0.0');
    unfit.set('1.0.0', 'model-invalid');
    await expect(start()).rejects.toMatchObject({ code: 'model-invalid' });
  });
});

describe('models of a service that runs', () => {
  beforeEach(() => void installVersion(folder, '1.0.0'));

  it('change over to what is chosen, and stay while nothing changes', async () => {
    installVersion(folder, '1.1.0');
    const { watch } = await start();
    await choose({ activeVersion: '1.0.0' });
    await look();
    await look();
    await watch.close();
    expect(told).toEqual(['1.1.0 ', '1.0.0 ']);
  });

  it('change over to a newer version that is put into the folder once it is whole, and know the way back', async () => {
    const { watch } = await start();
    installVersion(folder, '1.1.0', { spoilt: true });
    await look();
    expect(told).toEqual(['1.0.0 ']);
    installVersion(folder, '1.1.0');
    await look();
    await watch.close();
    expect(told).toEqual(['1.0.0 ', '1.1.0 ']);
    expect(await listChoices(database)).toMatchObject([{ activeVersion: null, previousVersion: '1.0.0' }]);
    const trail = await database.selectFrom('audit_trail').select(['actor', 'action']).execute();
    expect(trail).toEqual([
      { actor: 'service', action: 'model version 1.1.0 taken up as the newest, after 1.0.0' },
    ]);
  });

  it('stay as they are where the chosen version cannot be loaded: it is tried once, until it changes', async () => {
    const { watch } = await start();
    installVersion(folder, '1.1.0', { goldenPanoramic: 0.7 });
    unfit.set('1.1.0', 'model-invalid');
    await look();
    await look(120_000);
    expect(told).toEqual(['1.0.0 ']);
    const [failure] = await listModelFailures(database);
    expect(failure).toMatchObject({ version: '1.1.0', detail: 'asked to fail' });
    unfit.clear();
    installVersion(folder, '1.1.0', { editGraph: (bytes) => bytes.write('x', bytes.length - 1) });
    await look();
    await watch.close();
    expect(told).toEqual(['1.0.0 ', '1.1.0 ']);
    expect(await listModelFailures(database)).toEqual([]);
  });

  it('are tried again after a minute where a worker died at its start', async () => {
    const { watch } = await start();
    installVersion(folder, '1.1.0');
    unfit.set('1.1.0', 'worker-deadline');
    await look();
    unfit.clear();
    await look();
    expect(told).toEqual(['1.0.0 ']);
    await look(60_000);
    await watch.close();
    expect(told).toEqual(['1.0.0 ', '1.1.0 ']);
  });

  it('stay as they are where the chosen version is gone from the disk', async () => {
    const { watch } = await start();
    await choose({ activeVersion: '3.0.0' });
    await look();
    await watch.close();
    expect(told).toEqual(['1.0.0 ']);
  });

  it('get a shadow that was proved first, and none that cannot be loaded', async () => {
    for (const version of ['1.1.0', '1.2.0']) installVersion(folder, version);
    await choose({ activeVersion: '1.0.0' });
    const { watch } = await start();
    await choose({ activeVersion: '1.0.0', shadowVersion: '1.1.0' });
    await look();
    unfit.set('1.2.0', 'model-invalid');
    await choose({ activeVersion: '1.0.0', shadowVersion: '1.2.0' });
    await look();
    await choose({ activeVersion: '1.0.0' });
    await look();
    await watch.close();
    expect(proved).toEqual(['1.1.0', '1.2.0']);
    expect(told).toEqual(['1.0.0 ', '1.0.0 1.1.0', '1.0.0 ']);
  });

  it('lose a shadow that keeps ending its worker, and the record says why', async () => {
    installVersion(folder, '1.1.0');
    await choose({ activeVersion: '1.0.0', shadowVersion: '1.1.0' });
    const { watch } = await start();
    shadowFailures['inference-failed'] = 9;
    shadowFailures['worker-crashed'] = 2;
    await look();
    expect(told).toEqual(['1.0.0 1.1.0']);
    shadowFailures['worker-deadline'] = 1;
    await look();
    await watch.close();
    expect(told).toEqual(['1.0.0 1.1.0', '1.0.0 ']);
    const detail = 'in shadow it ended its worker 3 times';
    expect(await listModelFailures(database)).toMatchObject([{ version: '1.1.0', detail }]);
  });

  it('say nothing against a version while the workers are being closed', async () => {
    const { watch } = await start();
    installVersion(folder, '1.1.0');
    unfit.set('1.1.0', 'lease-lost');
    await look();
    await watch.close();
    expect(await listModelFailures(database)).toEqual([]);
  });
});
