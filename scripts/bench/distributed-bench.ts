import { runDistributedPlan } from '../distributed-plan/run-plan.ts';
import { type BenchPart, type BenchSize, say } from './bench-run.ts';
import { judge } from './targets.ts';

const SEED = 4;

/** Listeners and workers as processes beside each other while a seeded plan kills and parts them; one run, not rounds. */
export async function benchDistributed({ quick }: BenchSize): Promise<BenchPart> {
  const exams = quick ? 24 : 500;
  say(`distributed: ${exams} exams, 3 listeners, 2 workers, seed ${SEED}`);
  const report = await runDistributedPlan({
    ...{ seed: SEED, exams, listeners: 3, workers: 2 },
    say: (line) => say(`distributed: ${line}`),
  });
  const { results, wrong, recoverySeconds } = report;
  return {
    figures: [
      // What is wrong is named one by one: lost, held or triaged twice, reported twice or never.
      judge('distributed.lostOrDoubled', [Math.abs(exams - results) + wrong.length]),
      judge('distributed.recoverySeconds', recoverySeconds),
    ],
    details: report,
  };
}
