import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const SOURCES = ['src', 'workers']
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  )
  .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'));
const PRODUCTION = SOURCES.filter(
  (file) => !/\.(test|contract)\./.test(file) && !file.startsWith(join('src', 'testing')),
);
const TEXTS = new Map(SOURCES.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]));

/** Which folders of src a folder may import from, besides its own and the files on the top that are leaves. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  exam: [],
  dicom: ['exam'],
  dimse: ['dicom'],
  archive: ['exam'],
  database: ['exam', 'dicom', 'decide'],
  queue: ['exam', 'database'],
  imaging: ['exam', 'dicom'],
  inference: ['exam', 'imaging', 'workers'],
  measure: ['exam', 'imaging'],
  decide: ['exam'],
  report: ['exam', 'dicom', 'dimse', 'archive', 'database', 'imaging', 'decide', 'measure'],
  intake: ['exam', 'dicom', 'dimse', 'archive', 'database', 'decide', 'imaging'],
  worklist: ['exam', 'dicom', 'dimse', 'database', 'decide'],
  operations: ['exam', 'archive', 'database', 'decide'],
  access: ['exam', 'database'],
  audit: ['exam', 'database'],
  exchange: ['exam', 'database', 'decide', 'dicom', 'dimse', 'report', 'archive'],
  http: [
    'exam',
    'access',
    'audit',
    'worklist',
    'exchange',
    'operations',
    'database',
    'archive',
    'dicom',
    'intake',
    'imaging',
    'measure',
    'report',
  ],
  ui: ['exam', 'worklist', 'decide', 'measure', 'access', 'audit', 'operations', 'exchange'],
};
const LEAVES = [
  'clock',
  'errors',
  'telemetry',
  'config',
  'sites',
  'site-registry',
  'exchange-settings',
  'secret-file',
  'meter',
  'metrics',
  'health',
  'traces',
  'event-bus',
];

/** The one file that may import a heavy library. */
const ONE_IMPORTER = [
  'onnxruntime-node',
  'sharp',
  'dcmjs',
  'dicom-parser',
  'node:sqlite',
  'pg',
  'pino',
  'commander',
  'prom-client',
  '@opentelemetry/sdk-trace-node',
  'ioredis',
  'bullmq',
  'aws4fetch',
  'openid-client',
  '@fastify/cookie',
  '@fastify/rate-limit',
  'dcmjs-codecs',
  '@cornerstonejs/codec-charls/decodewasmjs',
  '@cornerstonejs/codec-openjpeg/decodewasmjs',
];

function importsOf(file: string): string[] {
  const text = TEXTS.get(file) ?? '';
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]!);
}

function folderOf(file: string): string {
  return relative('src', file).split('/')[0]!;
}

describe('the house rules', () => {
  it('imports point one way', () => {
    const wrong = PRODUCTION.filter((file) => MAY_IMPORT[folderOf(file)] !== undefined).flatMap((file) =>
      importsOf(file)
        .filter((target) => target.startsWith('.'))
        .map((target) => relative(ROOT, resolve(ROOT, dirname(file), target)))
        .filter((target) => {
          if (target.startsWith('workers')) return !MAY_IMPORT[folderOf(file)]!.includes('workers');
          const folder = folderOf(target);
          if (folder === folderOf(file)) return false;
          return (
            !MAY_IMPORT[folderOf(file)]!.includes(folder) && !LEAVES.includes(folder.replace(/\.ts$/, ''))
          );
        })
        .map((target) => `${file} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('each heavy library has one importer', () => {
    for (const library of ONE_IMPORTER) {
      const importers = PRODUCTION.filter((file) => importsOf(file).includes(library));
      expect(importers.length, `${library}: ${importers.join(', ')}`).toBeLessThanOrEqual(1);
    }
  });

  it('only config.ts reads the environment, only clock.ts has timers, nothing writes to the console', () => {
    const served = PRODUCTION.filter((file) => !file.startsWith(join('src', 'ui')));
    const matching = (pattern: RegExp, allowed: readonly string[]) =>
      served.filter((file) => !allowed.includes(file) && pattern.test(TEXTS.get(file)!));
    expect(matching(/process\.env/, ['src/config.ts'])).toEqual([]);
    expect(matching(/\b(setTimeout|setInterval|setImmediate)\b/, ['src/clock.ts'])).toEqual([]);
    expect(matching(/\bconsole\./, [])).toEqual([]);
  });

  it('production code imports nothing of src/testing', () => {
    const wrong = PRODUCTION.filter((file) => importsOf(file).some((target) => target.includes('/testing/')));
    expect(wrong).toEqual([]);
  });

  it('no file is a barrel, a drawer, a default export, or longer than 400 lines', () => {
    const wrong = SOURCES.filter((file) => {
      const text = TEXTS.get(file)!;
      const isConfig = file.endsWith('config.ts') && file !== 'src/config.ts';
      return (
        /\/(utils?|common|helpers?|misc|index)\.tsx?$/.test(file) ||
        /^export \* from/m.test(text) ||
        (/^export default/m.test(text) && !isConfig) ||
        text.split('\n').length > 401
      );
    });
    expect(wrong).toEqual([]);
  });

  it('every export has a line of TSDoc', () => {
    const wrong = PRODUCTION.flatMap((file) => {
      const lines = TEXTS.get(file)!.split('\n');
      return lines.flatMap((line, index) => {
        if (!/^export (async )?(abstract )?(function|class|interface|type [A-Z]|const|enum)\b/.test(line))
          return [];
        return lines[index - 1]?.trim().endsWith('*/') === true ? [] : [`${file}:${index + 1} ${line}`];
      });
    });
    expect(wrong).toEqual([]);
  });

  it('every top-level folder has a README of at most 40 lines', () => {
    for (const folder of ['src', 'models', 'workers', 'dicom-fixtures', 'scripts', 'docker']) {
      const text = readFileSync(join(ROOT, folder, 'README.md'), 'utf8');
      expect(text.split('\n').length, folder).toBeLessThanOrEqual(41);
    }
  });
});
