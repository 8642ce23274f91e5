import { describe, expect, it } from 'vitest';
import { DISTRIBUTED_FAULTS, type DistributedFault, planDistributedFaults } from './fault-plan.ts';

function first(seed: number, count: number): readonly DistributedFault[] {
  const faults: DistributedFault[] = [];
  for (const fault of planDistributedFaults(seed)) {
    if (faults.push(fault) === count) break;
  }
  return faults;
}

describe('the plan of a run on many processes', () => {
  it('is the same for the same seed, and another one for another', () => {
    expect(first(1, 40)).toEqual(first(1, 40));
    expect(first(1, 40)).not.toEqual(first(2, 40));
  });

  it('has every kind of fault before any comes again', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const kinds = first(seed, DISTRIBUTED_FAULTS.length).map(({ kind }) => kind);
      expect(new Set(kinds)).toEqual(new Set(DISTRIBUTED_FAULTS));
    }
  });

  it('stops workers and listeners for longer than any lease lasts', () => {
    for (const { kind, lastsSeconds } of first(3, 200)) {
      if (kind.startsWith('pause-') && !/postgres|redis/.test(kind)) expect(lastsSeconds).toBeGreaterThan(8);
    }
  });
});
