/** Measures how long runs of growing size take, for the choice of the batch size. */
import { type Clock, nextTurn } from '../src/clock.ts';
import { nextBatchSize } from '../src/inference/batch-size.ts';
import type { BatchTiming } from './messages.ts';
import type { ModelSession } from './onnx-session.ts';

/** All of it, milliseconds; a run that has begun ends. */
const TIME_BOX_MS = 2_000;
const RUNS_EACH = 3;

/** The fastest run of each size: what disturbs a run only ever makes it slower. */
export async function timeBatches(session: ModelSession, clock: Clock): Promise<readonly BatchTiming[]> {
  const { input, batchSizeMax } = session.model.manifest;
  const size = input.shape.reduce<number>((product, length) => product * (length ?? 1), 1);
  // A grey ramp: what a film shows does not change what a run costs.
  const film = Float32Array.from({ length: size }, (_, index) => (index % 251) / 251);
  const endMs = clock.monotonicMs() + TIME_BOX_MS;
  const timings: BatchTiming[] = [];
  for (
    let items = nextBatchSize(timings, batchSizeMax);
    items !== undefined && clock.monotonicMs() < endMs;
    items = nextBatchSize(timings, batchSizeMax)
  ) {
    const films = Array.from({ length: items }, () => film);
    let runMs = Infinity;
    for (let run = 0; run < RUNS_EACH && (run === 0 || clock.monotonicMs() < endMs); run += 1) {
      const startMs = clock.monotonicMs();
      await session.run(films);
      runMs = Math.min(runMs, clock.monotonicMs() - startMs);
      await nextTurn();
    }
    timings.push({ items, runMs });
  }
  return timings;
}
