import { parseArgs } from 'node:util';
import { fuzzFiles } from './fuzz/file-target.ts';
import { fuzzPdus } from './fuzz/pdu-target.ts';

// Seeded fuzzing: PDUs over real sockets to a whole service, and Part 10 files in a reading process. The same seed
// gives the same inputs; `--target pdu|file --only N` runs one of them again.
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    target: { type: 'string', default: 'both' },
    only: { type: 'string' },
    findings: { type: 'string', default: 'fuzz-findings' },
    json: { type: 'boolean', default: false },
  },
});
const targets = Object.entries({ pdu: fuzzPdus, file: fuzzFiles }).filter(
  ([name]) => values.target === 'both' || values.target === name,
);
process.stderr.write(`fuzzing with seed ${values.seed}\n`);
const run = {
  seed: Number(values.seed),
  seconds: Number(values.seconds),
  only: values.only === undefined ? undefined : Number(values.only),
  findingsFolder: values.findings,
};
const results = Object.fromEntries(
  await Promise.all(targets.map(async ([name, fuzz]) => [name, await fuzz(run)] as const)),
);
const findings = Object.values(results).flatMap((result) => result.findings);
const summary = { seed: run.seed, seconds: run.seconds, ...results, findings: findings.length };
process.stdout.write(`${JSON.stringify(summary, null, values.json ? 0 : 2)}\n`);
process.exitCode = findings.length === 0 ? 0 : 1;
