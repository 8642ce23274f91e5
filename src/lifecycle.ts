import type { Clock } from './clock.ts';
import type { Log } from './telemetry.ts';

/** Something that runs until it is stopped. Stopping twice is the same as once. */
export interface RunningPart {
  readonly name: string;
  stop(): Promise<void>;
}

/** Everything is stopped within this, or cut. */
const STOP_MS_MAX = 9_000;

/**
 * Stops parts, the last started first, each before what it stands on. A part that fails is named in the log and does
 * not keep the next one from stopping. Resolves with false when the time was up: the part that hung is named, and what
 * it stands on was left as it is, which is as safe as a crash.
 */
export async function stopAll(parts: readonly RunningPart[], clock: Clock, log: Log): Promise<boolean> {
  const timeUp = new AbortController();
  const deadline = clock.sleep(STOP_MS_MAX, timeUp.signal).then(
    () => false,
    () => true,
  );
  let present = '';
  const stopping = (async () => {
    for (const part of parts.toReversed()) {
      present = part.name;
      try {
        await part.stop();
      } catch (thrown) {
        log.error({ part: part.name, err: thrown }, 'a part did not stop cleanly');
      }
    }
    return true;
  })();
  const clean = await Promise.race([stopping, deadline]);
  timeUp.abort();
  if (!clean) log.error({ part: present }, 'a part did not stop in time');
  return clean;
}
