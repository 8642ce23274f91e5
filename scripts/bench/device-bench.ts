import {
  simulateDevice,
  type SimulatedRequest,
  type Simulation,
} from '../../src/testing/simulated-device.ts';
import { createSeededRandom } from '../phantom/seeded-random.ts';
import type { BenchPart, BenchSize } from './bench-run.ts';
import { judge } from './targets.ts';

/** A device like a GPU: a launch costs as much as many items. */
const COST = { launchMs: 8, itemMs: 1 };
const LIMITS = { itemsMax: 16, waitMsMax: 20, queueMax: 64 };
const REQUESTS = 20_000;
/** Arrivals as a part of what the device can do: beyond it, and with room left. */
const LOADS = { saturated: 1.3, busy: 0.7 };

/** The batcher before a simulated device: throughput under a load that is too much, waiting under one that is not. */
export function benchDevice({ rounds }: BenchSize): Promise<BenchPart> {
  const fastest = LIMITS.itemsMax / (COST.launchMs + COST.itemMs * LIMITS.itemsMax);
  const throughputs: number[] = [];
  const delays: number[] = [];
  for (let seed = 1; seed <= rounds; seed += 1) {
    throughputs.push(throughputOf(play(seed, LOADS.saturated * fastest)) / fastest);
    delays.push(longestWaitMs(play(seed, LOADS.busy * fastest)) - LIMITS.waitMsMax - runMs(LIMITS.itemsMax));
  }
  return Promise.resolve({
    figures: [judge('device.throughput', throughputs), judge('device.overWaitLimitMs', delays)],
    details: { cost: COST, limits: LIMITS, loads: LOADS, requestsEachRound: REQUESTS },
  });
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
