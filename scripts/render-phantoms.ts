/** Writes the stored fixtures: `node scripts/render-phantoms.ts [--out DIR]`, whole films first, then broken ones. */
import { parseArgs } from 'node:util';
import { renderBrokenFiles } from './phantom/broken-files.ts';
import { renderFixtureSet, writeCatalogue } from './phantom/fixture-set.ts';

const { values } = parseArgs({ options: { out: { type: 'string' }, seed: { type: 'string' } } });
const directory = values.out ?? 'dicom-fixtures';
const whole = await renderFixtureSet(Number(values.seed ?? 1), directory, (done, total) => {
  process.stderr.write(`\r${done} of ${total} films`);
});
const broken = await renderBrokenFiles(directory);
await writeCatalogue({ ...whole, fixtures: [...whole.fixtures, ...broken] }, directory);
process.stderr.write(`\n${broken.length} broken files\n`);
