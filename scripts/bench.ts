import { cpus } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { benchAnalyse } from './bench/analyse-bench.ts';
import { benchBacklog } from './bench/backlog-bench.ts';
import { type BenchPart, type BenchSize, say } from './bench/bench-run.ts';
import { benchBursts } from './bench/burst-bench.ts';
import { benchDevice } from './bench/device-bench.ts';
import { benchDistributed } from './bench/distributed-bench.ts';
import { benchEngine } from './bench/engine-bench.ts';
import { benchGrowthPart } from './bench/growth-bench.ts';
import { benchIntake } from './bench/intake-bench.ts';
import { RECEIVERS, type ReceiverName } from './bench/intake-receivers.ts';
import { benchLatency } from './bench/latency-bench.ts';
import { benchOrthanc } from './bench/orthanc-bench.ts';
import { benchRaw } from './bench/raw-bench.ts';
import { benchScaling } from './bench/scaling-bench.ts';
import type { Figure } from './bench/targets.ts';
import { benchWorklist } from './bench/worklist-bench.ts';

// Prints what this machine does. Compare figures of one run only: machines differ and are noisy.
const RECEIVER_NAMES = Object.keys(RECEIVERS) as ReceiverName[];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    files: { type: 'string' },
    megabytes: { type: 'string', default: '10' },
    'small-files': { type: 'string' },
    receivers: { type: 'string', default: RECEIVER_NAMES.join(',') },
  },
});

/** Each can be run alone; `all` runs them in this order. */
const PARTS: Readonly<Record<string, (size: BenchSize) => Promise<BenchPart>>> = {
  device: benchDevice,
  raw: benchRaw,
  engine: benchEngine,
  scaling: benchScaling,
  latency: benchLatency,
  bursts: benchBursts,
  orthanc: benchOrthanc,
  backlog: benchBacklog,
  distributed: benchDistributed,
  growth: benchGrowthPart,
  worklist: benchWorklist,
  analyse: async ({ rounds }) => ({ figures: [], details: await benchAnalyse(rounds) }),
  intake: async (size) => ({ figures: [], details: await runIntake(size) }),
};

const isAll = positionals.includes('all');
const wanted = isAll ? Object.keys(PARTS) : positionals.length === 0 ? ['analyse', 'intake'] : positionals;
for (const name of wanted) {
  if (Object.hasOwn(PARTS, name)) continue;
  say(`there is no part ${name}; there are all, ${Object.keys(PARTS).join(', ')}`);
  process.exit(2);
}
// An end by a signal must run the hooks that end what was started.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const size: BenchSize = { rounds: Number(values.rounds ?? (values.quick ? 2 : 5)), quick: values.quick };
const startedAtMs = performance.now();
const figures: Figure[] = [];
const details: Record<string, unknown> = {};
for (const name of wanted) {
  try {
    const part = await PARTS[name]?.(size);
    figures.push(...(part?.figures ?? []));
    details[name] = part?.details;
  } catch (thrown) {
    // What the other parts found must not be lost with this one.
    details[name] = { error: thrown instanceof Error ? thrown.message : String(thrown) };
    say(`${name} failed: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`);
    process.exitCode = 1;
  }
}
const report = {
  machine: { cores: cpus().length, processor: cpus()[0]?.model ?? 'unknown', node: process.versions.node },
  quick: values.quick,
  seconds: Math.round((performance.now() - startedAtMs) / 1000),
  figures,
  ...details,
};
process.stdout.write(`${JSON.stringify(report, null, values.json ? 0 : 2)}\n`);

function runIntake({ rounds, quick }: BenchSize): ReturnType<typeof benchIntake> {
  // Among all the others fewer files are sent: the whole is to end within half an hour.
  const files = Number(values.files ?? (quick ? 4 : isAll ? 24 : 200));
  const small = Number(values['small-files'] ?? (quick ? 8 : isAll ? 120 : 2000));
  return benchIntake({
    cases: [
      { files, megabytesEach: Number(values.megabytes) },
      { files: small, megabytesEach: 0.3 },
    ]
      .filter((each) => each.files > 0)
      .flatMap((each) => [1, 8].map((associations) => ({ ...each, associations }))),
    receivers: RECEIVER_NAMES.filter((name) => values.receivers.split(',').includes(name)),
    rounds,
  });
}
