import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import dicomParser from 'dicom-parser';
import { describe, expect, it } from 'vitest';
import { FAULTS } from './broken-files.ts';
import type { Catalogue } from './fixture-catalogue.ts';
import { WHOLE_FILMS } from './fixture-set.ts';

const FOLDER = join(import.meta.dirname, '../../dicom-fixtures');
const catalogue = JSON.parse(await readFile(join(FOLDER, 'catalogue.json'), 'utf8')) as Catalogue;

describe('the stored fixtures', () => {
  it('are the films and faults that the scripts describe, with the outcomes they expect', () => {
    const planned = [...WHOLE_FILMS, ...FAULTS].map((plan) => [plan.description, plan.expected]);
    expect(catalogue.fixtures.map((entry) => [entry.description, entry.expected])).toEqual(planned);
  });

  it('have widths far from the threshold of 3 mm on the side of their outcome', () => {
    const decided = catalogue.fixtures.filter(({ truth }) => truth !== null);
    expect(decided.length).toBeGreaterThanOrEqual(15);
    for (const { expected, truth } of decided) {
      for (const side of [truth?.R, truth?.L]) {
        if (side === null || side === undefined) continue;
        if (expected.outcome === 'negative') expect(side.mcwMm).toBeGreaterThan(3.8);
        else expect(side.mcwMm).toBeLessThan(2.6);
      }
    }
  });

  it('hold invented people only, of an issuer that no hospital has', async () => {
    for (const { file, person } of catalogue.fixtures.filter(
      ({ file: name }) => !name.startsWith('broken'),
    )) {
      const dataSet = dicomParser.parseDicom(await readFile(join(FOLDER, file)), { untilTag: 'x00280010' });
      expect(dataSet.string('x00100020')).toBe(person);
      expect(person).toMatch(/^FANTOM-/u);
      expect(dataSet.string('x00100021')).toBe('OSTEOTRIAGE-FIXTURE');
    }
  });

  it('have two films of one person, for one referral', () => {
    const positives = catalogue.fixtures.filter(({ expected }) => expected.outcome === 'positive');
    expect(new Set(positives.map(({ person }) => person)).size).toBe(positives.length - 1);
  });
});
