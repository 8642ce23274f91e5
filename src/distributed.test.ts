import { describe, expect, it } from 'vitest';
import { runDistributedPlan } from '../scripts/distributed-plan/run-plan.ts';
import { requirePostgres } from './testing/postgres.ts';
import { requireRedis } from './testing/redis.ts';
import { requireTool } from './testing/services.ts';

const missing = [requirePostgres(), requireRedis(), requireTool('storescp')].flatMap((tool) =>
  tool.available ? [] : [tool.reason],
);

describe.skipIf(missing.length > 0)(`processes beside each other ${missing.join(', ')}`, () => {
  it(
    'lose no film and make nothing twice while a listener and a worker are killed, Redis forgets and PostgreSQL restarts',
    { timeout: 180_000 },
    async () => {
      const report = await runDistributedPlan({
        ...{ seed: 78, exams: 12, listeners: 2, workers: 2, filmsPerSecond: 4 },
        kinds: ['kill-listener', 'kill-worker', 'lose-redis', 'restart-postgres'],
      });
      expect(report.wrong).toEqual([]);
      expect(report).toMatchObject({ acknowledged: 12, results: 12, referrals: 3 });
      // Six films show a jaw with a thin cortex, and each has three reports.
      expect(report.reportsInPacs).toBe(18);
      for (const seconds of report.recoverySeconds) expect(seconds).toBeLessThan(10);
    },
  );
});
