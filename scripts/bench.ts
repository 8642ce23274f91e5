import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { benchAnalyse } from './bench/analyse-bench.ts';
import { benchIntake } from './bench/intake-bench.ts';

// Prints what this machine does. Compare figures of one run only: machines differ and are noisy.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    files: { type: 'string', default: '200' },
    megabytes: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
  },
});
const wanted = positionals.length === 0 ? ['analyse', 'intake'] : positionals;
const figures = {
  machine: { cores: cpus().length, processor: cpus()[0]?.model ?? 'unknown', node: process.versions.node },
  analyse: wanted.includes('analyse') ? await benchAnalyse(Number(values.rounds)) : null,
  intake: wanted.includes('intake')
    ? await benchIntake({
        count: Number(values.files),
        bytes: Number(values.megabytes) * 1e6,
        rounds: Number(values.rounds),
      })
    : null,
};
process.stdout.write(`${JSON.stringify(figures, null, values.json ? 0 : 2)}\n`);
