import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { installVersion } from '../testing/model-fixtures.ts';
import { ModelShelf } from './model-shelf.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'osteotriage-shelf-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the models folder', () => {
  it('lists versions by number, whole or not, and passes over what is none', async () => {
    for (const version of ['1.10.0', '1.9.0']) installVersion(folder, version);
    installVersion(folder, '2.0.0', { spoilt: true });
    mkdirSync(join(folder, 'training', 'labels'), { recursive: true });
    writeFileSync(join(folder, 'README.md'), 'text');
    const models = await new ModelShelf(folder).look();
    expect(models.map(({ version, fault }) => [version, fault === null])).toEqual([
      ['1.9.0', true],
      ['1.10.0', true],
      ['2.0.0', false],
    ]);
    expect(models[2]?.fault).toContain('digest');
  });

  it('notices that a version came, changed, was mended and went', async () => {
    const shelf = new ModelShelf(folder);
    expect(await shelf.look()).toEqual([]);
    const version = installVersion(folder, '1.1.0', { spoilt: true });
    expect(await shelf.look()).toMatchObject([{ version: '1.1.0', sha256: null }]);
    installVersion(folder, '1.1.0');
    utimesSync(join(version, 'model.onnx'), 1, 1);
    expect(await shelf.look()).toMatchObject([{ version: '1.1.0', fault: null }]);
    rmSync(version, { recursive: true });
    expect(await shelf.look()).toEqual([]);
  });

  it('says what is missing of a version that is still being copied', async () => {
    const version = installVersion(folder, '1.1.0');
    rmSync(join(version, 'model.onnx'));
    const [model] = await new ModelShelf(folder).look();
    expect(model?.fault).toContain('cannot be read');
  });
});
