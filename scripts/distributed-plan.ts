import process from 'node:process';
import { parseArgs } from 'node:util';
import { runDistributedPlan } from './distributed-plan/run-plan.ts';

// Listeners, workers and pages as processes of their own, on real servers, under a seeded plan of faults while films
// keep coming; afterwards everything that was answered Success must be held whole, triaged once and reported once.
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    exams: { type: 'string', default: '500' },
    listeners: { type: 'string', default: '3' },
    workers: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const report = await runDistributedPlan({
  seed: Number(values.seed),
  exams: Number(values.exams),
  listeners: Number(values.listeners),
  workers: Number(values.workers),
  say: (line) => void process.stderr.write(`${line}\n`),
});
process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : `${JSON.stringify(report, null, 2)}\n`);
const isInTime = report.recoverySeconds.every((seconds) => seconds < 10);
process.exitCode = report.wrong.length === 0 && isInTime ? 0 : 1;
