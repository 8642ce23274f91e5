import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import type { AnalysisResult } from '../exam/analysis.ts';
import { silentLog } from '../telemetry.ts';
import { runAnalyse, type AnalyseCommand } from './analyse.ts';

const FIXTURES = resolve(import.meta.dirname, '..', '..', 'dicom-fixtures');
const { config } = readConfig({}, { TRIAGE_WORKERS: '1' });
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'osteotriage-analyse-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function analyse(changes: Partial<AnalyseCommand>): Promise<{ status: number; lines: string[] }> {
  const lines: string[] = [];
  const write = (line: string): number => lines.push(line);
  const command = { paths: [folder], json: true, config, log: silentLog, write };
  return { status: await runAnalyse({ ...command, ...changes }), lines };
}

function put(fixture: string, ...place: string[]): string {
  const path = join(folder, ...place);
  mkdirSync(join(path, '..'), { recursive: true });
  copyFileSync(join(FIXTURES, fixture), path);
  return path;
}

describe('osteotriage analyse', () => {
  it('prints one object a file in the order of the files, also for those it refuses', async () => {
    const paths = [
      put('09-child.dcm', 'film2.dcm'),
      put('10-birth-date-missing.dcm', 'film10.dcm'),
      join(folder, 'words.txt'),
      join(folder, 'zero.dcm'),
    ];
    writeFileSync(paths[2]!, 'no picture at all');
    writeFileSync(paths[3]!, '');
    const { status, lines } = await analyse({});
    expect(status).toBe(0);
    const results = lines.map((line) => JSON.parse(line) as AnalysisResult);
    expect(results.map((result) => result.file)).toEqual(paths);
    expect(results.map((result) => result.outcome)).toEqual([
      'not-eligible',
      'not-eligible',
      'refused',
      'refused',
    ]);
    expect(results[2]).toMatchObject({ image: null, reasons: [{ code: 'not-part-10' }] });
    for (const result of results) expect(result.reasons.length).toBeGreaterThan(0);
  });

  it('writes an overlay a film, keeps films of one name apart, and leaves nothing else behind', async () => {
    put('12-rle.dcm', 'a', 'film.dcm');
    put('12-rle.dcm', 'b', 'film.dcm');
    const overlay = join(folder, 'drawn');
    const { status, lines } = await analyse({ paths: [join(folder, 'a'), join(folder, 'b')], overlay });
    expect(status).toBe(0);
    expect(lines.map((line) => (JSON.parse(line) as AnalysisResult).outcome)).toEqual([
      'positive',
      'positive',
    ]);
    expect(readdirSync(overlay).sort()).toEqual(['film-2.png', 'film.png']);
  });

  it('prints a table for people', async () => {
    put('09-child.dcm', 'child.dcm');
    const { lines } = await analyse({ json: false });
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/^child\.dcm +panoramic +not-eligible .*years old/);
  });

  it.each([
    ['a view that does not exist', { view: 'sideways' }, 'configuration-invalid'],
    ['a modality that is not taken', { modality: 'MR' }, 'configuration-invalid'],
    ['a path that does not exist', { paths: ['/nowhere/at/all'] }, 'not-found'],
  ])('refuses %s before it starts', async (_, changes, code) => {
    await expect(analyse(changes)).rejects.toMatchObject({ code });
  });
});
