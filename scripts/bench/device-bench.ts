import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { startWorkerPool, type WorkerPool } from '../../src/inference/worker-pool.ts';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';
import { silentLog } from '../../src/telemetry.ts';
import {
  simulateDevice,
  type SimulatedRequest,
  type Simulation,
} from '../../src/testing/simulated-device.ts';
import { createSeededRandom } from '../phantom/seeded-random.ts';
import { type BenchPart, type BenchSize, roundsOf, say } from './bench-run.ts';
import { judge } from './targets.ts';

/** A device like a GPU: a launch costs as much as many items. */
const COST = { launchMs: 8, itemMs: 1 };
const LIMITS = { itemsMax: 16, waitMsMax: 20, queueMax: 64 };
const REQUESTS = 20_000;
/** Arrivals as a part of what the device can do: beyond it, and with room left. */
const LOADS = { saturated: 1.3, busy: 0.7 };
/** The same in real time, slow enough for its timers, before the real pool: so many full batches each round. */
const POOL_COST = { launchMs: 80, itemMs: 5 };
const POOL_BATCHES = 12;

/**
 * The batcher before a simulated device, on a clock that only jumps: throughput under a load that is too much, waiting
 * under one that is not. And the worker pool with its processes and messages before a device that costs real time.
 */
export async function benchDevice(size: BenchSize): Promise<BenchPart> {
  const fastest = LIMITS.itemsMax / runMs(LIMITS.itemsMax);
  const throughputs: number[] = [];
  const delays: number[] = [];
  for (let seed = 1; seed <= size.rounds; seed += 1) {
    throughputs.push(throughputOf(play(seed, LOADS.saturated * fastest)) / fastest);
    delays.push(longestWaitMs(play(seed, LOADS.busy * fastest)) - LIMITS.waitMsMax - runMs(LIMITS.itemsMax));
  }
  return {
    figures: [
      judge('device.throughput', throughputs, 'batcher'),
      judge('device.throughput', await measurePool(size), 'worker pool in real time'),
      judge('device.overWaitLimitMs', delays, 'batcher'),
    ],
    details: { cost: COST, limits: LIMITS, loads: LOADS, requestsEachRound: REQUESTS, poolCost: POOL_COST },
  };
}

/** In each round, the throughput of a pool that always has films waiting over what the cost model allows. */
async function measurePool(size: BenchSize): Promise<readonly number[]> {
  const { itemsMax, waitMsMax } = LIMITS;
  const pool = await startWorkerPool({
    ...{
      workers: 1,
      workerEntry: join(PROJECT_FOLDER, 'src', 'testing', 'device-worker.ts'),
      setup: POOL_COST,
    },
    ...{ limits: { itemsMax, waitMsMax }, jobMsMax: 60_000, startMsMax: 20_000 },
    ...{ clock: systemClock, log: silentLog },
  });
  const throughputs: number[] = [];
  try {
    for (const { round, counts } of roundsOf(size)) {
      say(`device: round ${round} of ${size.rounds}, ${POOL_BATCHES} batches of ${itemsMax} in real time`);
      const spanMs = await measureSpanMs(pool, POOL_BATCHES * itemsMax);
      const allowedMs = POOL_BATCHES * (POOL_COST.launchMs + POOL_COST.itemMs * itemsMax);
      if (counts) throughputs.push(allowedMs / spanMs);
    }
  } finally {
    await pool.close(0);
  }
  return throughputs;
}

/** From the begin of the device's first run to the end of its last; its worker says both in its timings. */
async function measureSpanMs(pool: WorkerPool, films: number): Promise<number> {
  let next = 0;
  const starts: number[] = [];
  const ends: number[] = [];
  const client = async (): Promise<void> => {
    while (next < films) {
      const id = String((next += 1));
      const request = { id, path: id, source: 'dicom' as const, options: {}, scratchFolder: null };
      const { timingsMs } = (await pool.analyse(request)).analysis;
      starts.push(timingsMs.read);
      ends.push(timingsMs.inference);
    }
  };
  await Promise.all(Array.from({ length: pool.capacity() }, client));
  return Math.max(...ends) - Math.min(...starts);
}

/** Arrivals at random moments, so many a millisecond on average. */
function play(seed: number, perMs: number): Simulation {
  const random = createSeededRandom(seed);
  let arrivedMs = 0;
  const arrivals = Array.from({ length: REQUESTS }, (_, id): SimulatedRequest => {
    arrivedMs -= Math.log(1 - random.next()) / perMs;
    return { id, batchKey: 'model', arrivedMs };
  });
  return simulateDevice(arrivals, LIMITS, COST);
}

function runMs(items: number): number {
  return COST.launchMs + COST.itemMs * items;
}

function throughputOf({ runs }: Simulation): number {
  const items = runs.reduce((sum, run) => sum + run.items.length, 0);
  return items / ((runs.at(-1)?.endMs ?? Number.NaN) - (runs[0]?.startMs ?? Number.NaN));
}

/** From arrival to the begin of its run. */
function longestWaitMs({ runs }: Simulation): number {
  return Math.max(...runs.flatMap((run) => run.items.map((item) => run.startMs - item.arrivedMs)));
}
