import type { Clock } from './clock.ts';
import type { LeasedJob } from './database/job-records.ts';
import type { TriageError } from './errors.ts';
import type { StageTimings } from './exam/analysis.ts';
import type { Meter } from './meter.ts';
import { startSpan, type TraceSpan } from './traces.ts';

/** The stages in their order; what they took is known when the film comes back. */
const STAGES = ['read', 'decode', 'prepare', 'inference', 'measure', 'report'] as const;

/** Counts, times and traces one attempt at a film. Its span is below that of the reception, whichever process that was in. */
export class TriageWatch {
  readonly #meter: Meter;
  readonly #clock: Clock;
  readonly #job: LeasedJob;
  readonly #span: TraceSpan;
  readonly #claimedAtMs: number;
  #arrivedAtMs: number | undefined;
  #failure: TriageError | undefined;

  constructor(parts: { readonly meter: Meter; readonly clock: Clock }, job: LeasedJob) {
    this.#meter = parts.meter;
    this.#clock = parts.clock;
    this.#job = job;
    this.#claimedAtMs = parts.clock.nowMs();
    const { examId, attempt, priority } = job;
    this.#span = startSpan('triage', job.traceParent, { examId, attempt, priority });
  }

  /** The record said since when the film waits. */
  arrived(arrivedAtMs: number): void {
    this.#arrivedAtMs = arrivedAtMs;
    this.#time('osteotriage_queue_wait_seconds', this.#claimedAtMs);
  }

  /** The film came back from its worker. */
  analysed(timings: StageTimings): void {
    // They lie one behind the other before this moment, but for what else the worker did in between.
    let startMs = this.#clock.nowMs() - timings.total;
    for (const stage of STAGES) {
      this.#meter.time('osteotriage_stage_seconds', timings[stage] / 1000, { stage });
      this.#span.addPart(stage, startMs, startMs + timings[stage]);
      startMs += timings[stage];
    }
  }

  /** The result stands in the record. */
  ended(outcome: string): void {
    this.#meter.count('osteotriage_films_total', { outcome });
    this.#time('osteotriage_result_seconds', this.#clock.nowMs());
    this.#span.set({ outcome });
    if (this.#failure === undefined) this.#span.end();
  }

  /** The lease was lost, and nothing was written. */
  lost(): void {
    this.#meter.count('osteotriage_leases_lost_total');
    this.#span.set({ outcome: 'lease-lost' });
    if (this.#failure === undefined) this.#span.end();
  }

  /** The attempt failed; it is tried again, or the film is set aside. */
  failed(failure: TriageError): void {
    this.#failure = failure;
    this.#meter.count('osteotriage_triage_failures_total', { code: failure.code });
    this.#span.end(failure);
  }

  #time(name: 'osteotriage_queue_wait_seconds' | 'osteotriage_result_seconds', untilMs: number): void {
    if (this.#arrivedAtMs === undefined) return;
    this.#meter.time(name, (untilMs - this.#arrivedAtMs) / 1000, { priority: this.#job.priority });
  }
}
