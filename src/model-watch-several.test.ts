import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UnloadedModel } from '../workers/messages.ts';
import type { WorkerSetup } from '../workers/worker-setup.ts';
import { systemClock } from './clock.ts';
import { readConfig } from './config.ts';
import { listChoices, listModelFailures, recordChoice } from './database/model-records.ts';
import type { Database } from './database/schema.ts';
import { type ErrorCode, TriageError } from './errors.ts';
import type { ModelWatch } from './model-watch.ts';
import { startWithModels } from './model-watch.ts';
import { silentLog } from './telemetry.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { installVersion } from './testing/model-fixtures.ts';
import { installSiteModel, SITE_MODEL } from './testing/site-model.ts';
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
/** Models, as `name version`, that no worker can load; `worker-crashed` takes the worker with it. */
let unfit: Map<string, ErrorCode>;
/** What workers ran, in order. */
let ran: string[];
let proved: string[];
let unloaded: readonly UnloadedModel[];
let watch: ModelWatch | undefined;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'osteotriage-watch-several-'));
  database = await openTestRecord();
  clock = new CountingClock();
  unfit = new Map();
  [ran, proved, unloaded] = [[], [], []];
  installVersion(folder, '1.0.0');
  installSite('1.0.0');
});
afterEach(async () => {
  await watch?.close();
  await database.destroy();
  rmSync(folder, { recursive: true });
});

function installSite(version: string, name = SITE_MODEL): void {
  installSiteModel(folder, (text) => text, { name, version });
}

function pinned({ modelPins }: WorkerSetup): string[] {
  return Object.entries(modelPins ?? {}).map(([name, version]) => `${name} ${version}`);
}

/** As a worker process does: it goes on without a model that it cannot load, unless there is no other. */
function load(setup: WorkerSetup): readonly UnloadedModel[] {
  const pins = pinned(setup);
  if (pins.some((pin) => unfit.get(pin) === 'worker-crashed'))
    throw new TriageError('worker-crashed', 'it ended');
  const wrong = pins.filter((pin) => unfit.has(pin));
  if (wrong.length === pins.length) throw new TriageError('model-invalid', `${wrong[0]} is wrong`);
  return wrong.map((pin) => {
    const [name = '', version = ''] = pin.split(' ');
    return { name, version, failure: { code: 'model-invalid', message: `${pin} is wrong` } };
  });
}

const pool = {
  stats: () => ({ shadowFailures: {} }),
  unloaded: () => unloaded,
  useSetup: (setup: WorkerSetup) => {
    const [wrong] = load(setup);
    if (wrong !== undefined) return Promise.reject(new TriageError('model-invalid', wrong.failure.message));
    ran.push(pinned(setup).join(', '));
    unloaded = [];
    return Promise.resolve();
  },
};

async function start(): Promise<ModelWatch> {
  const { config } = readConfig({}, { TRIAGE_MODELS: folder });
  const { setup } = workerSettings(config);
  const prove = async (wanted: WorkerSetup): Promise<void> => {
    proved.push(pinned(wanted).join(', '));
    await Promise.resolve(wanted).then(load);
  };
  const parts = { database, clock, log: silentLog, setup, prove };
  ({ watch } = await startWithModels(parts, async (first) => {
    unloaded = await Promise.resolve(first).then(load);
    ran.push(pinned(first).join(', '));
    return pool;
  }));
  return watch;
}

/** Lets the watch look once, and waits until it has done what it then does. */
async function look(waitMs = 2_000): Promise<void> {
  const { asked } = clock;
  clock.advance(waitMs);
  while (clock.asked === asked) await systemClock.sleep(2);
}

const BOTH = `mandible-contour 1.0.0, ${SITE_MODEL} 1.0.0`;

describe('several models at once', () => {
  it('run together, and each changes over by itself', async () => {
    await start();
    expect(ran).toEqual([BOTH]);
    installSite('1.1.0');
    await look();
    expect(ran.at(-1)).toBe(`mandible-contour 1.0.0, ${SITE_MODEL} 1.1.0`);
    installVersion(folder, '1.1.0');
    await look();
    expect(ran.at(-1)).toBe(`mandible-contour 1.1.0, ${SITE_MODEL} 1.1.0`);
    expect(await listChoices(database)).toMatchObject([
      { name: 'mandible-contour', previousVersion: '1.0.0' },
      { name: SITE_MODEL, previousVersion: '1.0.0' },
    ]);
    expect(proved).toEqual([]);
  });

  it('start with the version before of the one that cannot be loaded, written down for the right name', async () => {
    installSite('1.1.0');
    unfit.set(`${SITE_MODEL} 1.1.0`, 'model-invalid');
    await start();
    expect(ran).toEqual([`mandible-contour 1.0.0, ${SITE_MODEL} 1.1.0`, BOTH]);
    expect(await listModelFailures(database)).toMatchObject([
      { name: SITE_MODEL, version: '1.1.0', code: 'model-invalid', detail: `${SITE_MODEL} 1.1.0 is wrong` },
    ]);
  });

  it('go without the one of which no version can be loaded, and say what is missing', async () => {
    unfit.set(`${SITE_MODEL} 1.0.0`, 'model-invalid');
    const running = await start();
    await look();
    expect(ran.at(-1)).toMatch(/^mandible-contour 1\.0\.0/);
    expect(running.describeMissing()).toContain(`${SITE_MODEL} 1.0.0 is wrong`);
    // The contour alone measures nothing: there is no model of foramina here.
    expect(running.describeMissing()).toContain('not assessed: panoramic, spine-lateral, chest-lateral');
  });

  it('find the one that takes the worker with it by proving each alone', async () => {
    installVersion(folder, '1.1.0');
    unfit.set('mandible-contour 1.1.0', 'worker-crashed');
    await start();
    expect(proved).toEqual(['mandible-contour 1.1.0', `${SITE_MODEL} 1.0.0`]);
    expect(ran).toEqual([BOTH]);
    expect(await listModelFailures(database)).toMatchObject([
      { name: 'mandible-contour', version: '1.1.0', code: 'worker-crashed' },
    ]);
  });

  it('stay as they are where a newer version of one cannot be loaded, and the other goes on changing', async () => {
    await start();
    installSite('1.1.0');
    unfit.set(`${SITE_MODEL} 1.1.0`, 'worker-crashed');
    await look();
    expect(ran).toEqual([BOTH]);
    expect(await listModelFailures(database)).toMatchObject([{ name: SITE_MODEL, version: '1.1.0' }]);
    installVersion(folder, '1.1.0');
    await look();
    expect(ran.at(-1)).toBe(`mandible-contour 1.1.0, ${SITE_MODEL} 1.0.0`);
    unfit.clear();
    await look(60_000);
    expect(ran.at(-1)).toBe(`mandible-contour 1.1.0, ${SITE_MODEL} 1.1.0`);
  });

  it('go back by a choice for one name, and the other stays', async () => {
    installSite('1.1.0');
    await start();
    const choice = { activeVersion: '1.0.0', previousVersion: '1.1.0', shadowVersion: null };
    const by = { actor: 'test', action: 'model chosen', nowMs: clock.nowMs() };
    await recordChoice(database, { name: SITE_MODEL, ...choice }, by);
    await look();
    expect(ran.at(-1)).toBe(BOTH);
  });

  it('leave out the second model for one view, by the order of names', async () => {
    installSite('1.0.0', 'another-density');
    await start();
    expect(ran).toEqual(['another-density 1.0.0, mandible-contour 1.0.0']);
    rmSync(join(folder, 'another-density'), { recursive: true });
    await look();
    expect(ran.at(-1)).toBe(BOTH);
    // Nothing else is there for its place: what works goes on working.
    rmSync(join(folder, SITE_MODEL), { recursive: true });
    await look();
    expect(ran).toHaveLength(2);
  });
});
