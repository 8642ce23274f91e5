import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { simulateDevice, type SimulatedRequest } from '../testing/simulated-device.ts';
import { decideBatch, roomLeft } from './batcher.ts';

const limits = fc.record({
  itemsMax: fc.integer({ min: 1, max: 8 }),
  waitMsMax: fc.integer({ min: 0, max: 50 }),
  queueMax: fc.integer({ min: 1, max: 40 }),
});
const cost = fc.record({
  launchMs: fc.integer({ min: 0, max: 40 }),
  itemMs: fc.integer({ min: 1, max: 20 }),
});

function arrivalsOf(keys: readonly string[]): fc.Arbitrary<SimulatedRequest[]> {
  return fc
    .array(fc.record({ gapMs: fc.integer({ min: 0, max: 30 }), batchKey: fc.constantFrom(...keys) }), {
      maxLength: 60,
    })
    .map((steps) => {
      let arrivedMs = 0;
      return steps.map(({ gapMs, batchKey }, id) => ({ id, batchKey, arrivedMs: (arrivedMs += gapMs) }));
    });
}

const anyArrivals = arrivalsOf(['mandible-contour 320x768', 'spine 512x256', 'view 224x224']);

describe('the batcher decides for an idle device', () => {
  it('waits for an arrival when nothing waits', () => {
    expect(decideBatch([], 5, () => ({ itemsMax: 4, waitMsMax: 10 }))).toEqual({
      waitMs: Number.POSITIVE_INFINITY,
    });
  });

  it('waits exactly as long as the oldest may still wait', () => {
    const waiting = [
      { batchKey: 'a', arrivedMs: 100 },
      { batchKey: 'a', arrivedMs: 104 },
    ];
    expect(decideBatch(waiting, 106, () => ({ itemsMax: 4, waitMsMax: 10 }))).toEqual({ waitMs: 4 });
    expect(decideBatch(waiting, 110, () => ({ itemsMax: 4, waitMsMax: 10 }))).toEqual({ send: 2 });
  });

  it('sends a full batch at once', () => {
    const waiting = Array.from({ length: 6 }, () => ({ batchKey: 'a', arrivedMs: 100 }));
    expect(decideBatch(waiting, 100, () => ({ itemsMax: 4, waitMsMax: 10 }))).toEqual({ send: 4 });
  });

  it('closes a batch when another model or shape is next, without overtaking', () => {
    const waiting = ['a', 'a', 'b', 'a'].map((batchKey) => ({ batchKey, arrivedMs: 100 }));
    expect(decideBatch(waiting, 100, () => ({ itemsMax: 4, waitMsMax: 10 }))).toEqual({ send: 2 });
  });

  it('never waits on a device whose best batch is one film', () => {
    expect(decideBatch([{ batchKey: 'a', arrivedMs: 0 }], 0, () => ({ itemsMax: 1, waitMsMax: 99 }))).toEqual(
      {
        send: 1,
      },
    );
  });

  it('claims nothing more when full', () => {
    expect(roomLeft(8, 8)).toBe(0);
    expect(roomLeft(9, 8)).toBe(0);
    expect(roomLeft(5, 8)).toBe(3);
  });
});

describe('properties of the batcher with a device', () => {
  it('loses, doubles and reorders nothing', () => {
    fc.assert(
      fc.property(anyArrivals, limits, cost, (arrivals, bound, device) => {
        const { runs, turnedAway } = simulateDevice(arrivals, bound, device);
        const served = runs.flatMap((run) => run.items.map((item) => item.id));
        expect([...served].sort((a, b) => a - b)).toEqual(served);
        expect([...served, ...turnedAway.map((item) => item.id)].sort((a, b) => a - b)).toEqual(
          arrivals.map((item) => item.id),
        );
      }),
    );
  });

  it('never mixes models or shapes, never exceeds the limit and never runs on nothing', () => {
    fc.assert(
      fc.property(anyArrivals, limits, cost, (arrivals, bound, device) => {
        for (const run of simulateDevice(arrivals, bound, device).runs) {
          expect(run.items.length).toBeGreaterThan(0);
          expect(run.items.length).toBeLessThanOrEqual(bound.itemsMax);
          expect(new Set(run.items.map((item) => item.batchKey)).size).toBe(1);
        }
      }),
    );
  });

  it('lets nobody of one model wait longer than the limit and one run while a batch holds the queue', () => {
    fc.assert(
      fc.property(arrivalsOf(['a']), limits, cost, (arrivals, bound, device) => {
        const { runs } = simulateDevice(arrivals, { ...bound, queueMax: bound.itemsMax }, device);
        const runMsMax = device.launchMs + device.itemMs * bound.itemsMax;
        for (const run of runs) {
          for (const item of run.items) {
            expect(run.startMs - item.arrivedMs).toBeLessThanOrEqual(bound.waitMsMax + runMsMax);
          }
        }
      }),
    );
  });

  it('never leaves the device idle while the oldest is over its limit', () => {
    fc.assert(
      fc.property(anyArrivals, limits, cost, (arrivals, bound, device) => {
        let idleSinceMs = 0;
        for (const run of simulateDevice(arrivals, bound, device).runs) {
          const oldestMs = run.items[0]!.arrivedMs;
          expect(run.startMs).toBeLessThanOrEqual(Math.max(idleSinceMs, oldestMs + bound.waitMsMax));
          idleSinceMs = run.endMs;
        }
      }),
    );
  });

  it('keeps the queue within its bound', () => {
    fc.assert(
      fc.property(anyArrivals, limits, cost, (arrivals, bound, device) => {
        expect(simulateDevice(arrivals, bound, device).waitingMax).toBeLessThanOrEqual(bound.queueMax);
      }),
    );
  });
});

describe('what batching gains on a simulated device', () => {
  const burst = Array.from({ length: 64 }, (_, id) => ({ id, batchKey: 'a', arrivedMs: 0 }));
  const spanMs = (itemsMax: number, launchMs: number, itemMs: number): number =>
    simulateDevice(burst, { itemsMax, waitMsMax: 5, queueMax: 64 }, { launchMs, itemMs }).runs.at(-1)!.endMs;

  it('is the launch cost shared by the batch where launching is dear', () => {
    // 64 x (20 + 2) alone, 8 x (20 + 16) in eights: the cost model to the millisecond.
    expect(spanMs(1, 20, 2)).toBe(64 * 22);
    expect(spanMs(8, 20, 2)).toBe(8 * 36);
    expect(spanMs(1, 20, 2) / spanMs(8, 20, 2)).toBeCloseTo(4.89, 2);
  });

  it('is nothing where an item costs what it costs, as on a CPU', () => {
    expect(spanMs(1, 0, 90)).toBe(spanMs(8, 0, 90));
  });

  it('costs a lone request its waiting limit and no more', () => {
    const { runs } = simulateDevice(
      [{ id: 0, batchKey: 'a', arrivedMs: 3 }],
      { itemsMax: 8, waitMsMax: 5, queueMax: 64 },
      { launchMs: 20, itemMs: 2 },
    );
    expect(runs.map((run) => run.startMs)).toEqual([8]);
  });
});
