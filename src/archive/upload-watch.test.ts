import { expect, it } from 'vitest';
import { TriageError } from '../errors.ts';
import { silentLog as log } from '../telemetry.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { UploadWatch } from './upload-watch.ts';

const FULL = new TriageError('storage-full', 'it is full');

function openWatch() {
  const clock = new ManualClock();
  const store = { isFull: true, trials: 0 };
  const fails = (): Promise<void> => (store.isFull ? Promise.reject(FULL) : Promise.resolve());
  const tryOut = (): Promise<void> => {
    store.trials += 1;
    return fails();
  };
  const watch = new UploadWatch({ clock, log, tryOut });
  const upload = (): Promise<unknown> => watch.watch(fails).catch((thrown: unknown) => thrown);
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await new Promise((settle) => setImmediate(settle));
  };
  return { watch, store, upload, pass };
}

it('a store is shut after three failures in a row, and not after three with a success between', async () => {
  const { watch, store, upload } = openWatch();
  expect(await upload()).toBe(FULL);
  await upload();
  store.isFull = false;
  await upload();
  store.isFull = true;
  await upload();
  await upload();
  expect(watch.problem()).toBeUndefined();
  await upload();
  expect(watch.problem()).toBe(FULL);
});

it('one that is shut is tried every two seconds and opens by itself', async () => {
  const { watch, store, upload, pass } = openWatch();
  for (let number = 0; number < 5; number += 1) await upload();
  await pass(1_999);
  expect(store.trials).toBe(0);
  await pass(1);
  await pass(2_000);
  expect(store.trials).toBe(2);
  expect(watch.problem()).toBe(FULL);
  store.isFull = false;
  await pass(2_000);
  expect(watch.problem()).toBeUndefined();
  await pass(60_000);
  expect(store.trials).toBe(3);
});

it('an upload that succeeds opens it, and a watch that is closed tries no more', async () => {
  const { watch, store, upload, pass } = openWatch();
  for (let number = 0; number < 3; number += 1) await upload();
  store.isFull = false;
  await upload();
  expect(watch.problem()).toBeUndefined();
  store.isFull = true;
  for (let number = 0; number < 3; number += 1) await upload();
  watch.close();
  await pass(10_000);
  expect(store.trials).toBe(0);
});
