import { describe, expect, it } from 'vitest';
import { MACHINE_FAULTS, planFaults, WIRE_FAULTS } from './plan.ts';

describe('the plan of faults', () => {
  it('is the same for the same seed and another for another', () => {
    expect(planFaults(1, 600)).toEqual(planFaults(1, 600));
    expect(planFaults(1, 600)).not.toEqual(planFaults(2, 600));
  });

  it('has every kind of fault within two minutes and ends before the end', () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const { wires, machine } = planFaults(seed, 120);
      expect(new Set(wires.map((fault) => fault.kind))).toEqual(new Set(WIRE_FAULTS));
      expect(new Set(machine.map((fault) => fault.kind))).toEqual(new Set(MACHINE_FAULTS));
      for (const last of [wires.at(-1)!, machine.at(-1)!]) {
        expect(last.startSeconds + last.lastsSeconds).toBeLessThanOrEqual(120);
      }
    }
  });

  it('has one fault after the other in each row, with a pause between them', () => {
    const { wires, machine } = planFaults(3, 3600);
    for (const row of [wires, machine]) {
      expect(row.length).toBeGreaterThan(150);
      row.slice(1).forEach((fault, index) => {
        const before = row[index]!;
        expect(fault.startSeconds - before.startSeconds - before.lastsSeconds).toBeGreaterThanOrEqual(2);
      });
    }
  });
});
