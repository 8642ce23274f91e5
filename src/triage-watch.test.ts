import { describe, expect, it } from 'vitest';
import { TriageError } from './errors.ts';
import { openMetrics } from './metrics.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { TriageWatch } from './triage-watch.ts';

const TIMINGS = { read: 2, decode: 40, prepare: 20, inference: 50, measure: 60, report: 80, total: 252 };
const JOB = {
  examId: 'exam',
  leaseToken: 'lease',
  attempt: 1,
  priority: 'urgent' as const,
  traceParent: null,
};

function watch() {
  const clock = new ManualClock();
  const meter = openMetrics(clock);
  const arrivedAtMs = clock.nowMs();
  clock.advance(3_000);
  const watched = new TriageWatch({ meter, clock }, JOB);
  watched.arrived(arrivedAtMs);
  return { meter, clock, watched };
}

describe('what is seen of a triage', () => {
  it('is how long it waited, what each stage took, and how long until the result', async () => {
    const { meter, clock, watched } = watch();
    clock.advance(252);
    watched.analysed(TIMINGS);
    watched.ended('positive');
    const text = await meter.render();
    expect(text).toContain('osteotriage_queue_wait_seconds_sum{priority="urgent"} 3');
    expect(text).toContain('osteotriage_result_seconds_sum{priority="urgent"} 3.252');
    expect(text).toContain('osteotriage_stage_seconds_sum{stage="report"} 0.08');
    expect(text).toContain('osteotriage_films_total{outcome="positive"} 1');
  });

  it('is the reason of a failed attempt, and a film that is set aside for it counts as failed', async () => {
    const { meter, watched } = watch();
    watched.failed(new TriageError('worker-crashed', 'a worker ended'));
    watched.ended('failed');
    const text = await meter.render();
    expect(text).toContain('osteotriage_triage_failures_total{code="worker-crashed"} 1');
    expect(text).toContain('osteotriage_films_total{outcome="failed"} 1');
  });

  it('is a lease that was lost', async () => {
    const { meter, watched } = watch();
    watched.lost();
    expect(await meter.render()).toContain('osteotriage_leases_lost_total 1');
  });
});
