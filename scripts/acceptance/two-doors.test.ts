import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';
import type { Catalogue } from '../phantom/fixture-catalogue.ts';
import { expectationOf, judgeFile } from './door-verdict.ts';
import { sendThroughBothDoors } from './two-doors.ts';

const FIXTURES = join(PROJECT_FOLDER, 'dicom-fixtures');
const catalogue = JSON.parse(readFileSync(join(FIXTURES, 'catalogue.json'), 'utf8')) as Catalogue;

/** One of each family of outcomes and syntaxes; the demo sends all of them through one door. */
const FILES: readonly string[] = [
  '08-side-cut-off.dcm',
  '09-child.dcm',
  '12-rle.dcm',
  '14-implicit-vr.dcm',
  '15-big-endian.dcm',
  '16-baseline-jpeg.dcm',
  '21-no-panoramic.dcm',
  '24-ultrasound.dcm',
  'broken-jpeg-2000-cut-off.dcm',
  'broken-jpeg-ls-rubbish.dcm',
  'broken-study-uid-missing.dcm',
  'broken-syntax-unknown.dcm',
];

describe('a film through C-STORE and through STOW-RS', () => {
  it('ends as its catalogue says, the same through either door', { timeout: 120_000 }, async () => {
    const results = await sendThroughBothDoors(FILES.map((file) => join(FIXTURES, file)));
    expect(results.flatMap((file) => judgeFile(file).map((words) => `${file.path}: ${words}`))).toEqual([]);
    for (const file of results) {
      const { expected } = catalogue.fixtures.find((entry) => entry.file === basename(file.path))!;
      if (expectationOf(file) !== 'held-and-triaged') continue;
      expect([file.cStore.state, file.cStore.reasons[0]], file.path).toEqual([
        expected.outcome,
        expected.reason,
      ]);
      expect([file.stow.state, file.stow.reasons[0]], file.path).toEqual([expected.outcome, expected.reason]);
    }
    expect(results.map(expectationOf).filter((expected) => expected === 'held-and-triaged')).toHaveLength(10);
  });
});
