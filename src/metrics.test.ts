import { describe, expect, it } from 'vitest';
import { systemClock } from './clock.ts';
import { COUNTERS, GAUGES, HISTOGRAMS } from './meter.ts';
import { openMetrics } from './metrics.ts';

describe('the metrics', () => {
  it('count, time and read gauges as Prometheus reads them', async () => {
    const metrics = openMetrics(systemClock);
    metrics.count('osteotriage_instances_total', { door: 'dimse', result: 'stored' });
    metrics.count('osteotriage_instances_total', { door: 'dimse', result: 'stored' });
    metrics.time('osteotriage_stage_seconds', 0.04, { stage: 'decode' });
    metrics.gauge('osteotriage_queue_jobs', () =>
      Promise.resolve([{ labels: { state: 'waiting' }, value: 7 }]),
    );
    const text = await metrics.render();
    expect(text).toContain('osteotriage_instances_total{door="dimse",result="stored"} 2');
    expect(text).toContain('osteotriage_stage_seconds_bucket{le="0.05",stage="decode"} 1');
    expect(text).toContain('osteotriage_queue_jobs{state="waiting"} 7');
    expect(text).toContain('process_resident_memory_bytes');
  });

  it('begin at 0 for every reason that something can fail for, so that an alarm sees the first', async () => {
    const text = await openMetrics(systemClock).render();
    expect(text).toContain('osteotriage_triage_failures_total{code="worker-crashed"} 0');
    expect(text).toContain('osteotriage_refusals_total{code="storage-full"} 0');
  });

  it('leave out a gauge that fails, and answer all the same', async () => {
    const metrics = openMetrics(systemClock);
    metrics.gauge('osteotriage_queue_jobs', () => Promise.reject(new Error('the database is away')));
    metrics.count('osteotriage_leases_lost_total');
    const text = await metrics.render();
    expect(text).toContain('osteotriage_leases_lost_total 1');
    expect(text).not.toMatch(/^osteotriage_queue_jobs\{/m);
  });

  it('have names by the conventions of Prometheus, and no label that could name a person', () => {
    for (const name of Object.keys(COUNTERS)) expect(name).toMatch(/^osteotriage_[a-z_]+_total$/);
    for (const name of Object.keys(HISTOGRAMS)) expect(name).toMatch(/_seconds$/);
    const labels = [COUNTERS, HISTOGRAMS, GAUGES].flatMap((table) =>
      Object.values(table).flatMap((each: { readonly labels: readonly string[] }) => [...each.labels]),
    );
    const allowed = [
      ...['door', 'result', 'code', 'outcome', 'stage', 'priority', 'state', 'check', 'method', 'status'],
    ];
    expect(labels.filter((label) => !allowed.includes(label))).toEqual([]);
  });
});
