/** The best batch size of a model on a device: remembered, else measured by a worker that has nothing else to do. */
import type { Clock } from '../clock.ts';
import type { ModelIdentity } from '../exam/analysis.ts';
import type { Log } from '../telemetry.ts';
import type { BatchTiming, ReadyMessage } from '../../workers/messages.ts';
import { chooseBatchSize } from './batch-size.ts';

/** A processor gains next to nothing by batches, so measuring waits until nobody waits for a film. */
const QUIET_MS = 30_000;
const LOOK_MS = 1_000;

/** Where sizes are remembered, by model and device. */
export interface CalibrationStore {
  /** undefined: it was never measured. */
  find(model: ModelIdentity, device: string): Promise<number | undefined>;
  save(
    model: ModelIdentity,
    device: string,
    itemsMax: number,
    timings: readonly BatchTiming[],
  ): Promise<void>;
}

/** What a calibration works with. */
export interface CalibrationParts {
  readonly store: CalibrationStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether no film is in the pool. */
  readonly isQuiet: () => boolean;
  /** Has an idle worker measure; undefined where there is none. */
  readonly measure: () => Promise<readonly BatchTiming[]> | undefined;
  /** Takes the size into use. */
  readonly use: (itemsMax: number) => void;
}

/** States: knows nothing -> (a worker is ready) looks it up -> waits for a quiet time -> measures -> knows. */
export class BatchCalibration {
  readonly #parts: CalibrationParts;
  #known = '';
  #cancelLook: () => void = () => undefined;
  #closed = false;

  constructor(parts: CalibrationParts) {
    this.#parts = parts;
  }

  /** A worker is ready: finds the size for its model and device, once for each. */
  onReady({ models: [model], device, executionProvider }: ReadyMessage): void {
    const key = `${model?.sha256 ?? ''} ${device}`;
    if (model === undefined || key === this.#known) return;
    this.#known = key;
    this.#cancelLook();
    const { store, clock, log, use } = this.#parts;
    store.find(model, device).then(
      (itemsMax) => {
        if (this.#closed || this.#known !== key) return;
        if (itemsMax !== undefined) use(itemsMax);
        else if (executionProvider === 'cpu') this.#awaitQuiet(model, device, clock.monotonicMs());
        else this.#measure(model, device);
      },
      (thrown: unknown) => log.warn({ err: thrown }, 'the best batch size could not be looked up'),
    );
  }

  /** Measures nothing more. */
  close(): void {
    this.#closed = true;
    this.#cancelLook();
  }

  #awaitQuiet(model: ModelIdentity, device: string, quietSinceMs: number): void {
    const { clock, isQuiet } = this.#parts;
    this.#cancelLook = clock.schedule(LOOK_MS, () => {
      const nowMs = clock.monotonicMs();
      if (!isQuiet()) this.#awaitQuiet(model, device, nowMs);
      else if (nowMs - quietSinceMs < QUIET_MS) this.#awaitQuiet(model, device, quietSinceMs);
      else this.#measure(model, device);
    });
  }

  #measure(model: ModelIdentity, device: string): void {
    const { clock, log, measure } = this.#parts;
    const measuring = measure();
    if (measuring === undefined) {
      this.#awaitQuiet(model, device, clock.monotonicMs());
      return;
    }
    measuring
      .then((timings) => this.#learn(model, device, timings))
      .catch((thrown: unknown) => {
        if (!this.#closed) log.warn({ err: thrown }, 'the best batch size could not be measured');
      });
  }

  async #learn(model: ModelIdentity, device: string, timings: readonly BatchTiming[]): Promise<void> {
    if (this.#closed || timings.length === 0) return;
    const { store, log, use } = this.#parts;
    const itemsMax = chooseBatchSize(timings);
    log.info({ model: model.name, device, itemsMax, timings }, 'the best batch size was measured');
    use(itemsMax);
    await store.save(model, device, itemsMax, timings);
  }
}
