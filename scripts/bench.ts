import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { benchAnalyse } from './bench/analyse-bench.ts';
import { benchIntake } from './bench/intake-bench.ts';
import { RECEIVERS, type ReceiverName } from './bench/intake-receivers.ts';

// Prints what this machine does. Compare figures of one run only: machines differ and are noisy.
const RECEIVER_NAMES = Object.keys(RECEIVERS) as ReceiverName[];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    files: { type: 'string', default: '200' },
    megabytes: { type: 'string', default: '10' },
    'small-files': { type: 'string', default: '2000' },
    receivers: { type: 'string', default: RECEIVER_NAMES.join(',') },
    rounds: { type: 'string', default: '3' },
  },
});
const wanted = positionals.length === 0 ? ['analyse', 'intake'] : positionals;
const figures = {
  machine: { cores: cpus().length, processor: cpus()[0]?.model ?? 'unknown', node: process.versions.node },
  analyse: wanted.includes('analyse') ? await benchAnalyse(Number(values.rounds)) : null,
  intake: wanted.includes('intake')
    ? await benchIntake({
        cases: [
          { files: Number(values.files), megabytesEach: Number(values.megabytes) },
          { files: Number(values['small-files']), megabytesEach: 0.3 },
        ]
          .filter(({ files }) => files > 0)
          .flatMap((each) => [1, 8].map((associations) => ({ ...each, associations }))),
        receivers: RECEIVER_NAMES.filter((name) => values.receivers.split(',').includes(name)),
        rounds: Number(values.rounds),
      })
    : null,
};
process.stdout.write(`${JSON.stringify(figures, null, values.json ? 0 : 2)}\n`);
