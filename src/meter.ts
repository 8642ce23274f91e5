/** What the service counts and times. The names are those of Prometheus; no label ever holds more than a few dozen values. */

/** Seconds from a few milliseconds to a minute. */
const FILM_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;
/** Seconds that something may wait, from a tenth of one to a day. */
const WAIT_SECONDS = [0.1, 0.5, 1, 5, 15, 60, 300, 1800, 3600, 21_600, 86_400] as const;

/** What is counted as it happens. */
export const COUNTERS = {
  osteotriage_instances_total: row('instances answered, by door and by answer', ['door', 'result']),
  osteotriage_instance_bytes_total: row('bytes of the instances that were stored', ['door']),
  osteotriage_refusals_total: row('instances answered otherwise than Success, by reason', ['code']),
  osteotriage_films_total: row('films whose triage came to its end, by outcome', ['outcome']),
  osteotriage_triage_failures_total: row('attempts at a film that failed, by reason', ['code']),
  osteotriage_leases_lost_total: row('results that came after their lease was lost and were not written', []),
  osteotriage_deliveries_total: row('attempts to deliver a report, by what came of it', ['result']),
  osteotriage_messages_total: row('attempts to send a message to another system, by what came of it', [
    'result',
  ]),
  osteotriage_associations_total: row('associations that were asked for, by the answer', ['result']),
  osteotriage_dicomweb_requests_total: row('DICOMweb requests answered, by method and HTTP status', [
    'method',
    'status',
  ]),
  osteotriage_shadow_films_total: row('films that a model in shadow saw, by what it made of them', [
    'result',
  ]),
} as const;

/** What is timed. */
export const HISTOGRAMS = {
  osteotriage_stage_seconds: timing('time of a film in each stage of its worker', ['stage'], FILM_SECONDS),
  osteotriage_queue_wait_seconds: timing('from the receipt to the claim', ['priority'], WAIT_SECONDS),
  osteotriage_result_seconds: timing(
    'from the receipt to the result in the record',
    ['priority'],
    WAIT_SECONDS,
  ),
} as const;

/** What is read when somebody asks. */
export const GAUGES = {
  osteotriage_queue_jobs: row('jobs in the record by state', ['state']),
  osteotriage_queue_oldest_seconds: row('age of the oldest job that waits', []),
  osteotriage_deliveries: row('reports that wait for their PACS, or were given up', ['state']),
  osteotriage_delivery_oldest_seconds: row('age of the oldest report that waits for its PACS', []),
  osteotriage_messages: row('messages that wait for their receiver, or were given up', ['state']),
  osteotriage_message_oldest_seconds: row('age of the oldest message that waits for its receiver', []),
  osteotriage_workers_live: row('worker processes with their models loaded', []),
  osteotriage_worker_restarts: row('worker processes that ended and were replaced, since the start', []),
  osteotriage_pool_pending: row('films in the worker pool', []),
  osteotriage_pool_items: row('films that the models were run on, since the start', []),
  osteotriage_pool_runs: row('model runs, since the start; the mean batch is items / runs', []),
  osteotriage_batch_items_max: row('largest batch, as set or as calibrated', []),
  osteotriage_associations_open: row('associations that are open', []),
  osteotriage_spool_free_bytes: row('free space of the data folder’s disk', []),
  osteotriage_ready: row('1 where a check of /readyz is passed', ['check']),
} as const;

/** A name of COUNTERS. */
export type CounterName = keyof typeof COUNTERS;
/** A name of HISTOGRAMS. */
export type HistogramName = keyof typeof HISTOGRAMS;
/** A name of GAUGES. */
export type GaugeName = keyof typeof GAUGES;
/** Label values by label name. */
export type Labels = Readonly<Record<string, string>>;
/** One value of a gauge, with its labels where it has any. */
export interface GaugeValue {
  readonly labels: Labels;
  readonly value: number;
}

/** Where parts of the service say what they did. */
export interface Meter {
  count(name: CounterName, labels?: Labels, by?: number): void;
  /** Seconds. */
  time(name: HistogramName, seconds: number, labels?: Labels): void;
  /** Reads a gauge each time somebody asks; what cannot be read is left out. */
  gauge(name: GaugeName, read: () => Promise<readonly GaugeValue[]>): void;
}

/** Counts nothing, for tests and one-off commands. */
export const silentMeter: Meter = {
  count: () => undefined,
  time: () => undefined,
  gauge: () => undefined,
};

function row<const Label extends string>(help: string, labels: readonly Label[]) {
  return { help, labels };
}

function timing<const Label extends string>(
  help: string,
  labels: readonly Label[],
  buckets: readonly number[],
) {
  return { help, labels, buckets };
}
