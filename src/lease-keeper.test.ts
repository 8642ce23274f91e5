import { beforeEach, describe, expect, it } from 'vitest';
import type { LeasedJob } from './database/job-records.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { silentLog } from './telemetry.ts';
import { ManualClock } from './testing/manual-clock.ts';

const job = (examId: string): LeasedJob => ({
  ...{ examId, leaseToken: `lease of ${examId}`, attempt: 1 },
  ...{ priority: 'routine', traceParent: null },
});

let clock: ManualClock;
let waiting: LeasedJob[];
let renewals: string[][];
let lost: string[];
let leases: LeaseKeeper;

beforeEach(() => {
  clock = new ManualClock();
  [waiting, renewals, lost] = [['a', 'b', 'c'].map(job), [], []];
  const queue = {
    claim: (count: number) => Promise.resolve(waiting.splice(0, count)),
    renew: (jobs: readonly LeasedJob[]) => {
      renewals.push(jobs.map(({ examId }) => examId));
      return Promise.resolve(jobs.filter(({ examId }) => lost.includes(examId)));
    },
  };
  leases = new LeaseKeeper(queue, clock, silentLog);
});

async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    clock.advance(500);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  }
}

describe('the leases of the jobs that run', () => {
  it('are renewed all in one call, every two seconds', async () => {
    await leases.claim(2);
    await pass(1000);
    await leases.claim(1);
    await pass(3000);
    expect(renewals).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
    ]);
  });

  it('are renewed no more when the job ended', async () => {
    const [first] = await leases.claim(2);
    leases.end(first!);
    await pass(2000);
    expect(renewals).toEqual([['b']]);
  });

  it('cost nothing while nothing runs', async () => {
    const [only] = await leases.claim(1);
    leases.end(only!);
    await pass(10_000);
    expect(renewals.filter((jobs) => jobs.length > 0)).toEqual([]);
    await leases.claim(1);
    await pass(2000);
    expect(renewals.at(-1)).toEqual(['b']);
  });

  it('are known to be lost, and then renewed no more', async () => {
    const [first, second] = await leases.claim(2);
    lost = ['a'];
    await pass(2000);
    expect([leases.isHeld(first!), leases.isHeld(second!)]).toEqual([false, true]);
    await pass(2000);
    expect(renewals.at(-1)).toEqual(['b']);
  });

  it('go on being renewed after a call that failed', async () => {
    const failing = new LeaseKeeper(
      {
        claim: () => Promise.resolve([job('d')]),
        renew: (jobs) => {
          renewals.push(jobs.map(({ examId }) => examId));
          return Promise.reject(new Error('the database is away'));
        },
      },
      clock,
      silentLog,
    );
    const [only] = await failing.claim(1);
    await pass(4000);
    expect(renewals).toEqual([['d'], ['d']]);
    expect(failing.isHeld(only!)).toBe(true);
    failing.close();
    await pass(4000);
    expect(renewals).toHaveLength(2);
  });
});
