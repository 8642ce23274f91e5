import { expect, it } from 'vitest';
import { findModel } from '../src/inference/model-registry.ts';
import { ManualClock } from '../src/testing/manual-clock.ts';
import type { ModelSession } from './onnx-session.ts';
import { timeBatches } from './time-batches.ts';

/** A session on a device of the test's own: what a run costs is its clock's time. */
async function onDevice(clock: ManualClock, costMs: (films: number) => number) {
  const model = await findModel(new URL('../models', import.meta.url).pathname, 'mandible-contour');
  const sizes: number[] = [];
  const session: ModelSession = {
    ...{ model, executionProvider: 'test', device: 'test', warnings: [] },
    run: (films) => {
      sizes.push(films.length);
      clock.advance(costMs(films.length));
      return Promise.resolve(films.map(() => ({})));
    },
  };
  return { session, sizes };
}

it('measures sizes as long as doubling gains, up to the limit of the model', async () => {
  const clock = new ManualClock();
  const { session } = await onDevice(clock, (films) => 20 + films);
  const timings = await timeBatches(session, clock);
  expect(timings.map(({ items }) => items)).toEqual([1, 2, 4, 8]);
  expect(timings.at(-1)?.runMs).toBe(28);
});

it('stops on a processor before a batch costs memory for nothing', async () => {
  const clock = new ManualClock();
  const { session, sizes } = await onDevice(clock, (films) => 90 * films);
  await timeBatches(session, clock);
  expect(Math.max(...sizes)).toBe(2);
});

it('begins nothing after two seconds', async () => {
  const clock = new ManualClock();
  const { session, sizes } = await onDevice(clock, () => 900);
  const startMs = clock.monotonicMs();
  expect(await timeBatches(session, clock)).toHaveLength(1);
  expect(sizes).toEqual([1, 1, 1]);
  expect(clock.monotonicMs() - startMs).toBeLessThan(3000);
});
