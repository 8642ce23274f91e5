import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareVersions, findModel } from './model-registry.ts';

const SHIPPED = new URL('../../models', import.meta.url).pathname;
const SHIPPED_VERSION = '1.1.0';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'osteotriage-models-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function copyModel(version: string): void {
  const target = join(folder, 'mandible-contour', version);
  mkdirSync(target, { recursive: true });
  cpSync(join(SHIPPED, 'mandible-contour', SHIPPED_VERSION), target, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(target, 'model.json'), 'utf8')) as object;
  writeFileSync(join(target, 'model.json'), JSON.stringify({ ...manifest, version }));
}

describe('the model registry', () => {
  it('finds the shipped model whole', async () => {
    const { identity, manifest, bytes } = await findModel(SHIPPED, 'mandible-contour');
    expect(identity.sha256).toBe(manifest.sha256);
    expect(bytes.length).toBeGreaterThan(100_000);
    expect(manifest.input.shape).toEqual([null, 1, 320, 768]);
  });

  it('takes the newest version by number unless one is pinned', async () => {
    for (const version of ['1.9.0', '1.10.0', '1.2.0']) copyModel(version);
    expect((await findModel(folder, 'mandible-contour')).identity.version).toBe('1.10.0');
    expect((await findModel(folder, 'mandible-contour', '1.2.0')).identity.version).toBe('1.2.0');
  });

  it('says that a model or a pinned version is missing', async () => {
    copyModel('1.0.0');
    await expect(findModel(folder, 'spine')).rejects.toMatchObject({ code: 'model-missing' });
    await expect(findModel(folder, 'mandible-contour', '2.0.0')).rejects.toMatchObject({
      code: 'model-missing',
    });
  });

  it('refuses a file that has changed by one byte', async () => {
    copyModel('1.0.0');
    const path = join(folder, 'mandible-contour', '1.0.0', 'model.onnx');
    const bytes = readFileSync(path);
    bytes[1000] = (bytes[1000] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    await expect(findModel(folder, 'mandible-contour')).rejects.toMatchObject({ code: 'model-invalid' });
  });

  it.each([
    ['no JSON', () => '{'],
    ['a name of another model', (text: string) => text.replace('"mandible-contour"', '"spine"')],
    ['a file outside its folder', (text: string) => text.replace('"model.onnx"', '"../model.onnx"')],
    ['no digest', (text: string) => text.replace('"sha256"', '"sha1"')],
    ['a task that nobody knows', (text: string) => text.replace('"task":"panoramic"', '"task":"toes"')],
    ['no threshold of its task', (text: string) => text.replace('"panoramic":0.5', '"panorama":0.5')],
    ['no output of its task', (text: string) => text.replace('"name":"foramen"', '"name":"foramina"')],
  ])('refuses a manifest with %s', async (_, spoil) => {
    copyModel('1.0.0');
    const path = join(folder, 'mandible-contour', '1.0.0', 'model.json');
    const text = readFileSync(path, 'utf8');
    expect(spoil(text)).not.toBe(text);
    writeFileSync(path, spoil(text));
    await expect(findModel(folder, 'mandible-contour')).rejects.toMatchObject({ code: 'model-invalid' });
  });

  it('says what a manifest lacks of its task', async () => {
    copyModel('1.0.0');
    const path = join(folder, 'mandible-contour', '1.0.0', 'model.json');
    const text = readFileSync(path, 'utf8').replace('"name":"foramen"', '"name":"foramina"');
    writeFileSync(path, text.replace('"panoramic":0.5', '"panorama":0.5'));
    await expect(findModel(folder, 'mandible-contour')).rejects.toThrow(
      'lacks the output foramen and the threshold panoramic of its task panoramic',
    );
  });

  it('orders versions by number', () => {
    expect(['1.10.0', '2.0.0', '1.9.9', '1.9.10'].sort(compareVersions)).toEqual([
      '1.9.9',
      '1.9.10',
      '1.10.0',
      '2.0.0',
    ]);
  });
});
