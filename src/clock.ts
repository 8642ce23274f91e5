import { setImmediate as immediate, setTimeout as delay } from 'node:timers/promises';

/** Time as it is passed in: the only way the rest of the program reads a clock or waits. */
export interface Clock {
  /** Milliseconds since 1970, wall time. */
  nowMs(): number;
  /** Milliseconds on a clock that never jumps, for durations. */
  monotonicMs(): number;
  /** Resolves after the wait; rejects with an AbortError when the signal fires. */
  sleep(waitMs: number, signal?: AbortSignal): Promise<void>;
  /** Calls back once after the wait; returns what cancels it. */
  schedule(waitMs: number, callback: () => void): () => void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (waitMs, signal) => delay(waitMs, undefined, signal === undefined ? {} : { signal }),
  schedule(waitMs, callback) {
    const timer = setTimeout(callback, waitMs);
    return () => clearTimeout(timer);
  },
};

/** Resolves after the process has heard what arrived meanwhile: for long work that would keep it from listening. */
export function nextTurn(): Promise<void> {
  return immediate(undefined);
}
