import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { listFiles } from '../src/commands/list-files.ts';
import { expectationOf, judgeFile } from './acceptance/door-verdict.ts';
import { sendThroughBothDoors } from './acceptance/two-doors.ts';

// Every file of a folder by C-STORE to one service and by STOW-RS to another: each of an accepted class must end as
// triaged or not assessable with a reason, the same at both doors; for the others the refusal is looked at.
const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: '../shared/data/dicom' },
    json: { type: 'boolean', default: false },
  },
});
const folder = resolve(values.folder);
const paths = (await listFiles([folder])).filter((path) => path.endsWith('.dcm'));
const results = await sendThroughBothDoors(paths);
const rows = results.map((file) => ({
  file: relative(folder, file.path),
  expected: expectationOf(file),
  ...{ sopClassUid: file.sopClassUid, transferSyntaxUid: file.transferSyntaxUid },
  ...{ cStore: file.cStore, stow: file.stow, wrong: judgeFile(file) },
}));
const wrong = rows.filter((row) => row.wrong.length > 0);
const count = (field: 'expected' | 'state'): Record<string, number> =>
  Object.fromEntries(
    Object.entries(
      Object.groupBy(rows, (row) => (field === 'state' ? (row.cStore.state ?? 'none') : row.expected)),
    ).map(([name, list = []]) => [name, list.length]),
  );
const summary = {
  files: rows.length,
  expected: count('expected'),
  states: count('state'),
  wrong: wrong.length,
};
if (values.json) process.stdout.write(`${JSON.stringify({ ...summary, rows })}\n`);
else {
  for (const { file, cStore, stow, wrong: words } of rows) {
    const answers = `${cStore.status ?? cStore.detail ?? ''} / ${stow.status ?? stow.detail ?? ''}`;
    const end = `${cStore.state ?? '-'} ${cStore.reasons.join(', ')}`;
    process.stdout.write(
      `${words.length === 0 ? 'ok   ' : 'WRONG'} ${file}: ${answers}: ${end} ${words.join('; ')}\n`,
    );
  }
  process.stdout.write(`${JSON.stringify(summary)}\n`);
}
process.exitCode = wrong.length === 0 ? 0 : 1;
