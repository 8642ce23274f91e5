import { decideBatch, roomLeft, type BatchLimits, type WaitingRequest } from '../inference/batcher.ts';

/** A request of the simulation. */
export interface SimulatedRequest extends WaitingRequest {
  readonly id: number;
}

/** A run of the simulated device. */
interface SimulatedRun {
  readonly startMs: number;
  readonly endMs: number;
  readonly items: readonly SimulatedRequest[];
}

/** What a device costs: a fixed launch and a cost an item. */
export interface DeviceCost {
  readonly launchMs: number;
  readonly itemMs: number;
}

/** What came of a simulation. */
export interface Simulation {
  readonly runs: readonly SimulatedRun[];
  /** Requests that were turned away because the queue was full. */
  readonly turnedAway: readonly SimulatedRequest[];
  readonly waitingMax: number;
}

/** Plays arrivals (in order of time) against the batcher and one device, with a clock that only jumps to events. */
export function simulateDevice(
  arrivals: readonly SimulatedRequest[],
  limits: BatchLimits & { readonly queueMax: number },
  cost: DeviceCost,
): Simulation {
  const runs: SimulatedRun[] = [];
  const turnedAway: SimulatedRequest[] = [];
  const waiting: SimulatedRequest[] = [];
  let next = 0;
  let waitingMax = 0;
  const admitUntil = (untilMs: number): void => {
    for (let request = arrivals[next]; request !== undefined && request.arrivedMs <= untilMs;) {
      if (roomLeft(waiting.length, limits.queueMax) > 0) waiting.push(request);
      else turnedAway.push(request);
      waitingMax = Math.max(waitingMax, waiting.length);
      request = arrivals[++next];
    }
  };
  let nowMs = 0;
  for (;;) {
    admitUntil(nowMs);
    const decision = decideBatch(waiting, nowMs, () => limits);
    if ('send' in decision) {
      const items = waiting.splice(0, decision.send);
      const endMs = nowMs + cost.launchMs + cost.itemMs * items.length;
      runs.push({ startMs: nowMs, endMs, items });
      admitUntil(endMs);
      nowMs = endMs;
      continue;
    }
    const arrivalMs = arrivals[next]?.arrivedMs ?? Number.POSITIVE_INFINITY;
    const wakeMs = Math.min(nowMs + decision.waitMs, arrivalMs);
    if (wakeMs === Number.POSITIVE_INFINITY) return { runs, turnedAway, waitingMax };
    // The due time is a sum of its own, so the wake-up must never fall a rounding short of it.
    const oldest = waiting[0];
    nowMs = oldest !== undefined && wakeMs < arrivalMs ? oldest.arrivedMs + limits.waitMsMax : wakeMs;
  }
}
