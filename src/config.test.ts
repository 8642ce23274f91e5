import { describe, expect, it } from 'vitest';
import { readConfig, SETTINGS } from './config.ts';

describe('the configuration', () => {
  it('has defaults that are valid, and says where each value came from', () => {
    const { config, origins } = readConfig({ dimsePort: '0' }, { TRIAGE_WORKERS: '3', UNRELATED: 'x' });
    expect(config).toMatchObject({
      dimsePort: 0,
      workers: 3,
      corticalWidthMmMin: 3,
      corticalWidthDetectorMmMin: null,
      magnification: null,
      genantGradeMin: 2,
      pacs: [],
    });
    const sourceOf = (name: string) => origins.find((origin) => origin.name === name)?.source;
    expect([sourceOf('dimsePort'), sourceOf('workers'), sourceOf('ageYearsMin')]).toEqual([
      'option',
      'environment',
      'default',
    ]);
    expect(origins).toHaveLength(Object.keys(SETTINGS).length);
  });

  it('reads PACS destinations', () => {
    const { config } = readConfig({}, { TRIAGE_PACS: 'PACS1@10.0.0.1:104, PACS2@archive:11112' });
    expect(config.pacs).toEqual([
      { aeTitle: 'PACS1', host: '10.0.0.1', port: 104 },
      { aeTitle: 'PACS2', host: 'archive', port: 11112 },
    ]);
  });

  it.each([
    ['TRIAGE_DIMSE_PORT', '70000'],
    ['TRIAGE_WORKERS', 'many'],
    // A line of an environment file that was left empty must not mean 0.
    ['TRIAGE_WORKERS', ''],
    ['TRIAGE_DISK_FREE_MIB_MIN', ' '],
    ['TRIAGE_DIMSE_PORT', '0x10'],
    ['TRIAGE_PACS', 'PACS1'],
    ['TRIAGE_AE_TITLE', 'A TITLE THAT IS TOO LONG'],
    ['TRIAGE_MAGNIFICATION', '0.5'],
    ['TRIAGE_GENANT_GRADE_MIN', '0'],
    ['TRIAGE_GENANT_GRADE_MIN', '4'],
    ['TRIAGE_DATABASE_URL', 'mysql://db/triage'],
    ['TRIAGE_REDIS_URL', 'localhost'],
  ])('refuses %s = %s, naming the setting', (variable, value) => {
    expect(() => readConfig({}, { [variable]: value })).toThrow(variable);
  });

  it('refuses a password in an address and does not repeat it', () => {
    const read = () => readConfig({}, { TRIAGE_DATABASE_URL: 'postgres://triage:hemligt@db:5432/triage' });
    expect(read).toThrow(/TRIAGE_DATABASE_URL.*put the password into a file/);
    expect(read).not.toThrow(/hemligt/);
  });
});
