import { expect, it } from 'vitest';
import { stopAll } from './lifecycle.ts';
import type { Log } from './telemetry.ts';
import { ManualClock } from './testing/manual-clock.ts';

const said: { readonly part?: string; readonly message: string }[] = [];
const note = (fields: object, message?: string): void =>
  void said.push({ ...fields, message: message ?? '' });
const log = { warn: note, error: note, info: note } as unknown as Log;

it('parts are stopped the last first, whichever fails, and one that hangs is named when time is up', async () => {
  const clock = new ManualClock();
  const stopped: string[] = [];
  const part = (name: string, end: () => Promise<void>) => ({
    name,
    stop: () => end().finally(() => stopped.push(name)),
  });
  const well = () => Promise.resolve();
  const first = part('first', well);
  const fails = part('fails', () => Promise.reject(new Error('it fails')));
  expect(await stopAll([first, fails, part('last', well)], clock, log)).toBe(true);
  expect(stopped).toEqual(['last', 'fails', 'first']);
  expect(said.splice(0)).toMatchObject([{ part: 'fails', message: 'a part did not stop cleanly' }]);
  const begun = Promise.withResolvers<undefined>();
  const never = (): Promise<void> => {
    begun.resolve(undefined);
    return new Promise(() => undefined);
  };
  const stopping = stopAll([first, part('hangs', never), part('last', well)], clock, log);
  await begun.promise;
  clock.advance(9_000);
  expect(await stopping).toBe(false);
  expect(said).toMatchObject([{ part: 'hangs', message: 'a part did not stop in time' }]);
});
