import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';
import { fillTables, TABLES } from './tables.ts';

const statement = readFileSync(join(PROJECT_FOLDER, 'docs', 'conformance.md'), 'utf8');

describe('the conformance statement', () => {
  it('has the tables of the code; else run: node scripts/conformance-statement.ts', () => {
    expect(statement).toBe(fillTables(statement));
  });

  it('shows every table', () => {
    for (const name of Object.keys(TABLES)) expect(statement).toContain(`<!-- table: ${name} -->`);
  });

  it('names what is served with words, not with a bare UID', () => {
    expect(TABLES['provider']!()).not.toMatch(/\| 1\.2\.840[^|]*\| 1\.2/);
    expect(TABLES['provider']!()).toContain(
      '| Digital X-ray for presentation | 1.2.840.10008.5.1.4.1.1.1.1 | store',
    );
  });

  it('refuses a table that nobody makes', () => {
    expect(() => fillTables('<!-- table: none -->\n<!-- end -->')).toThrow('none');
  });
});
