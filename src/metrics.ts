/** The meter that Prometheus reads. The only importer of prom-client. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Clock } from './clock.ts';
import { ERRORS } from './errors.ts';
import { type CounterName, COUNTERS, GAUGES, HISTOGRAMS, type GaugeName, type Meter } from './meter.ts';

/** A gauge that is not read within this is left out of the answer. */
const READ_MS_MAX = 2_000;

/** A meter, and what Prometheus gets of it. */
export interface Metrics extends Meter {
  readonly contentType: string;
  /** The text of /metrics. */
  render(): Promise<string>;
}

/** Opens a meter of its own registry; the figures of the process itself (memory, processor, event loop) are in it too. */
export function openMetrics(clock: Clock): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counters = mapRows(
    COUNTERS,
    (name, { help, labels }) => new Counter({ name, help, labelNames: [...labels], registers }),
  );
  const histograms = mapRows(
    HISTOGRAMS,
    (name, { help, labels, buckets }) =>
      new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers }),
  );
  // What was never counted is 0 and not absent: of a count that begins at 1 no alarm sees the rise.
  for (const [name, { labels }] of Object.entries(COUNTERS) as readonly (readonly [
    CounterName,
    { readonly labels: readonly string[] },
  ])[]) {
    if (labels.join() !== 'code') continue;
    for (const code of Object.keys(ERRORS)) counters[name].inc({ code }, 0);
  }
  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    count: (name, labels = {}, by = 1) => counters[name].inc(labels, by),
    time: (name, seconds, labels = {}) => histograms[name].observe(labels, Math.max(0, seconds)),
    gauge(name: GaugeName, read) {
      const { help, labels } = GAUGES[name];
      registry.removeSingleMetric(name);
      new Gauge({
        ...{ name, help, registers },
        labelNames: [...labels],
        async collect() {
          this.reset();
          const values = await within(clock, read);
          for (const { labels: of, value } of values) this.set(of, value);
        },
      });
    },
  };
}

async function within<Value>(clock: Clock, read: () => Promise<readonly Value[]>): Promise<readonly Value[]> {
  const timeUp = new AbortController();
  const late = clock.sleep(READ_MS_MAX, timeUp.signal).then(
    () => [],
    () => [],
  );
  try {
    return await Promise.race([read().catch(() => []), late]);
  } finally {
    timeUp.abort();
  }
}

function mapRows<Name extends string, Row, Metric>(
  rows: Readonly<Record<Name, Row>>,
  make: (name: Name, row: Row) => Metric,
): Readonly<Record<Name, Metric>> {
  const entries = (Object.entries(rows) as [Name, Row][]).map(
    ([name, row]) => [name, make(name, row)] as const,
  );
  return Object.fromEntries(entries) as Record<Name, Metric>;
}
