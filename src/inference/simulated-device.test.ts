import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { silentLog } from '../telemetry.ts';
import { simulateDevice, type SimulatedRequest, type Simulation } from '../testing/simulated-device.ts';
import { startWorkerPool, type WorkerPool } from './worker-pool.ts';

const DEVICE = new URL('../testing/device-worker.ts', import.meta.url).pathname;
const COST = { launchMs: 8, itemMs: 1 };
const LIMITS = { itemsMax: 16, waitMsMax: 20, queueMax: 64 };
const runMs = (items: number) => COST.launchMs + COST.itemMs * items;
/** Items a millisecond when every batch is full. */
const FASTEST = LIMITS.itemsMax / runMs(LIMITS.itemsMax);

/** Arrivals at random moments from a seed, `load` of what the device can do on average. */
function arrivals(load: number, seed: number, count = 5000): SimulatedRequest[] {
  let state = seed;
  let arrivedMs = 0;
  return Array.from({ length: count }, (_, id) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    arrivedMs -= Math.log((state + 1) / 2 ** 32) / (load * FASTEST);
    return { id, batchKey: 'model', arrivedMs };
  });
}

function throughput({ runs }: Simulation): number {
  const items = runs.reduce((sum, { items: batch }) => sum + batch.length, 0);
  return items / (runs.at(-1)!.endMs - runs[0]!.startMs);
}

describe('the batcher before a simulated device', () => {
  it.each([1.05, 1.3, 2, 10])('does 0.95 of what the device can at %f of its load', (load) => {
    for (const seed of [1, 2, 3]) {
      const simulation = simulateDevice(arrivals(load, seed), LIMITS, COST);
      expect(throughput(simulation) / FASTEST).toBeGreaterThanOrEqual(0.95);
      expect(simulation.waitingMax).toBeLessThanOrEqual(LIMITS.queueMax);
    }
  });

  it.each([0.05, 0.2, 0.5, 0.7])(
    'does all that comes at %f of its load, and none waits longer than the limit and one run',
    (load) => {
      for (const seed of [1, 2, 3]) {
        const asked = arrivals(load, seed);
        const simulation = simulateDevice(asked, LIMITS, COST);
        expect(simulation.turnedAway).toEqual([]);
        const rate = asked.length / (asked.at(-1)!.arrivedMs - asked[0]!.arrivedMs);
        expect(throughput(simulation) / rate).toBeGreaterThanOrEqual(0.95);
        const waits = simulation.runs.flatMap((run) => run.items.map((item) => run.startMs - item.arrivedMs));
        expect(Math.max(...waits)).toBeLessThanOrEqual(LIMITS.waitMsMax + runMs(LIMITS.itemsMax));
      }
    },
  );
});

describe('the worker pool before a simulated device', () => {
  const open: WorkerPool[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((pool) => pool.close(0)));
  });

  async function startPool(
    cost: typeof COST,
    limits: { itemsMax: number; waitMsMax: number },
  ): Promise<WorkerPool> {
    const pool = await startWorkerPool({
      ...{ workers: 1, workerEntry: DEVICE, setup: cost, limits, jobMsMax: 60_000, startMsMax: 20_000 },
      ...{ clock: systemClock, log: silentLog },
    });
    open.push(pool);
    return pool;
  }

  const analyse = async (pool: WorkerPool, id: string) => {
    const request = { id, path: id, source: 'dicom' as const, options: {}, scratchFolder: null };
    const { timingsMs } = (await pool.analyse(request)).analysis;
    return { startMs: timingsMs.read, endMs: timingsMs.inference };
  };

  // The times are the machine's own: a neighbour that takes the processor can spoil a try.
  it('keeps it busy with full batches when films wait', { retry: 3 }, async () => {
    const [cost, films] = [{ launchMs: 80, itemMs: 5 }, 16 * 12];
    const pool = await startPool(cost, { itemsMax: 16, waitMsMax: 20 });
    const runs: { startMs: number; endMs: number }[] = [];
    let next = 0;
    const client = async (): Promise<void> => {
      while (next < films) runs.push(await analyse(pool, `${next++}`));
    };
    await Promise.all(Array.from({ length: pool.filmsMax() }, client));
    expect(pool.stats()).toMatchObject({ items: films, runs: 12 });
    const busyMs = [...new Map(runs.map((run) => [run.startMs, run.endMs - run.startMs])).values()];
    const spanMs =
      Math.max(...runs.map(({ endMs }) => endMs)) - Math.min(...runs.map(({ startMs }) => startMs));
    expect(busyMs.reduce((sum, ms) => sum + ms, 0) / spanMs).toBeGreaterThanOrEqual(0.95);
  });

  it('lets a lone film wait no longer than the limit', { retry: 3 }, async () => {
    const pool = await startPool({ launchMs: 50, itemMs: 1 }, { itemsMax: 16, waitMsMax: 100 });
    await analyse(pool, 'first');
    const beganMs = performance.now();
    await analyse(pool, 'alone');
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(145);
    expect(performance.now() - beganMs).toBeLessThan(100 + 51 + 60);
  });
});
