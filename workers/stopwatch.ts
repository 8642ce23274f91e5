import type { Clock } from '../src/clock.ts';

/** Milliseconds since the last look, to a tenth. */
export function startStopwatch(clock: Clock): () => number {
  let lastMs = clock.monotonicMs();
  return () => {
    const nowMs = clock.monotonicMs();
    const elapsedMs = nowMs - lastMs;
    lastMs = nowMs;
    return Math.round(elapsedMs * 10) / 10;
  };
}
