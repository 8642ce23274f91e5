import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../src/clock.ts';
import { readConfig } from '../src/config.ts';
import { writePart10 } from '../src/dicom/write-part10.ts';
import type { AnalysisResult } from '../src/exam/analysis.ts';
import { installVersion } from '../src/testing/model-fixtures.ts';
import { installSiteModel, SITE_MODEL } from '../src/testing/site-model.ts';
import { workerSettings } from '../src/worker-settings.ts';
import { analyseBatch } from './analyse-film.ts';
import { modelSetOf, openModels } from './model-set.ts';
import type { WorkerSetup } from './worker-setup.ts';

let folder: string;
let setup: WorkerSetup;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'osteotriage-site-model-'));
  setup = { ...workerSettings(readConfig({}, {}).config).setup, modelsFolder: folder };
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A frontal chest film of an invented person, 12 bits, as dark or bright as asked for. */
function writeChest(grey: number): string {
  const [columns, rows] = [320, 384];
  // Not flat: a blank picture is refused before any model sees it.
  const words = Uint16Array.from({ length: columns * rows }, (_, i) => grey + ((i * 7919) % 400) - 200);
  const path = join(folder, `chest-${grey}.dcm`);
  const bytes = writePart10({
    ...{ SpecificCharacterSet: 'ISO_IR 192', SOPClassUID: '1.2.840.10008.5.1.4.1.1.1.1' },
    ...{ SOPInstanceUID: `1.2.3.${grey}`, StudyInstanceUID: '1.2.3', SeriesInstanceUID: '1.2.3.1' },
    ...{ Modality: 'DX', BodyPartExamined: 'CHEST', ViewPosition: 'PA', PatientName: 'Påhittad^Lunga' },
    ...{ StudyDate: '20260101', PatientBirthDate: '19500101', SamplesPerPixel: 1, BitsAllocated: 16 },
    ...{
      PhotometricInterpretation: 'MONOCHROME2',
      Rows: rows,
      Columns: columns,
      BitsStored: 12,
      HighBit: 11,
    },
    ...{ PixelRepresentation: 0, PixelData: new Uint8Array(words.buffer) },
  });
  writeFileSync(path, bytes);
  return path;
}

async function analyse(grey: number): Promise<AnalysisResult> {
  const { sessions } = await openModels(setup);
  const request = { id: 'chest', path: writeChest(grey), source: 'dicom', options: {} } as const;
  const [result] = await analyseBatch([{ key: 1, request: { ...request, scratchFolder: null } }], {
    models: modelSetOf(sessions),
    setup,
    clock: systemClock,
  });
  if (result === undefined || !('reply' in result)) throw new Error(JSON.stringify(result));
  return result.reply.analysis;
}

describe('a model of low bone density that a site brings', () => {
  it('reads frontal films by its manifest alone, and the words say whose model it is', async () => {
    installSiteModel(folder);
    const bright = await analyse(2600);
    expect(bright).toMatchObject({
      outcome: 'positive',
      view: { name: 'chest-frontal', source: 'dicom' },
      boneDensity: { limit: 0.6, isLow: true },
      models: [{ name: SITE_MODEL, version: '1.0.0' }],
      ...{ panoramic: null, spine: null, quality: { usable: true, problems: [] } },
    });
    expect(bright.reasons[0]?.code).toBe('density-low-by-site-model');
    expect(bright.reasons[0]?.text).toContain(`own model ${SITE_MODEL} 1.0.0`);
    expect(bright.reasons[0]?.text).toContain('makes no claim');
    const dark = await analyse(900);
    expect(dark).toMatchObject({ outcome: 'negative', boneDensity: { isLow: false } });
    expect(dark.reasons[0]?.text).toContain('does not rule out');
  });

  it('gets what its manifest says a film is: range, three channels, mean and deviation of each', async () => {
    installSiteModel(folder);
    const { boneDensity } = await analyse(2048);
    // The mean of the film by the words of writeChest, through the same steps on paper.
    const words = Array.from({ length: 320 * 384 }, (_, i) => 2048 + ((i * 7919) % 400) - 200);
    const grey = words.reduce((sum, word) => sum + word / 4095, 0) / words.length;
    const [red, green, blue] = [(grey - 0.485) / 0.229, (grey - 0.456) / 0.224, (grey - 0.406) / 0.225];
    const score = 1 / (1 + Math.exp(-(red + 2 * green + blue + 0.5)));
    expect(boneDensity?.score).toBeCloseTo(score, 4);
  });

  it('calls a film low strictly beyond the limit, on the side that the manifest says', async () => {
    installSiteModel(folder);
    const { boneDensity } = await analyse(2000);
    const limitedAt = (limit: number, side: string) => (text: string) =>
      text
        .replace('"lowBoneDensity":0.6', `"lowBoneDensity":${limit}`)
        .replace('"activation":"sigmoid"', `"activation":"sigmoid","lowWhen":"${side}"`);
    const score = boneDensity?.score ?? 0;
    for (const [limit, side, outcome] of [
      [score, 'above', 'negative'],
      [score - 0.01, 'above', 'positive'],
      [score, 'below', 'negative'],
      [score + 0.01, 'below', 'positive'],
    ] as const) {
      installSiteModel(folder, limitedAt(limit, side));
      expect((await analyse(2000)).outcome).toBe(outcome);
    }
  });

  it('is what a film of its view is not assessed without', async () => {
    installVersion(folder, '1.0.0');
    expect(await analyse(2600)).toMatchObject({
      outcome: 'not-assessable',
      reasons: [
        { code: 'no-model-for-view', text: expect.stringContaining('No model is installed') as string },
      ],
    });
  });

  it.each([
    [
      'an input of another shape',
      (text: string) => text.replace('[null,3,48,40]', '[null,3,64,40]'),
      'its preparation makes [null, 3, 48, 40]',
    ],
    [
      'a canvas that the file does not take',
      (text: string) =>
        text
          .replace('[null,3,48,40]', '[null,3,64,64]')
          .replace('"columns":40,"rows":48', '"columns":64,"rows":64'),
      'has the shape [N, 3, 48, 40] in x.1; its manifest says [null, 3, 64, 64]',
    ],
    [
      'an output that the file does not have',
      (text: string) => text.replaceAll('/classifier/Gemm_output_0', 'probability'),
      'has no output probability; it has /classifier/Gemm_output_0',
    ],
    [
      'an input of another name',
      (text: string) => text.replace('"x.1"', '"image"'),
      'takes the input x.1; its manifest says input.name image',
    ],
    [
      'a golden score that it does not give',
      (text: string) => text.replace(/"score":0\.9\d+/, '"score":0.5'),
      'on its golden input instead of 0.5',
    ],
    [
      'another digest',
      (text: string) =>
        text.replace(/"sha256":"."/, '"sha256":"').replace(/"sha256":"[0-9a-f]/, '"sha256":"0'),
      'does not have the digest of its manifest',
    ],
    ['no views', (text: string) => text.replace('"views"', '"view"'), 'views is missing: write the views'],
    ['no score', (text: string) => text.replace('"score":{', '"scores":{'), 'score is missing: write {'],
    [
      'a score outside its output',
      (text: string) => text.replace('"index":1', '"index":2'),
      'score.index is 2, but a film has 2 values',
    ],
    [
      'too few means',
      (text: string) => text.replace('[0.485,0.456,0.406]', '[0.5]'),
      'preparation.mean has 1 numbers; write one for each of 3 channels',
    ],
    [
      'a fit that nobody knows',
      (text: string) => text.replace('"stretch"', '"crop"'),
      'is wrong at preparation.fit: Invalid option: expected one of "letterbox"|"stretch"',
    ],
    [
      'no threshold',
      (text: string) => text.replace('lowBoneDensity', 'low'),
      'lacks the threshold lowBoneDensity of its task low-bone-density',
    ],
  ])(
    'is refused with %s, in words that say what to write, and disturbs no other',
    async (_, spoil, message) => {
      installVersion(folder, '1.0.0');
      installSiteModel(folder, (text) => {
        expect(spoil(text)).not.toBe(text);
        return spoil(text);
      });
      const { sessions, unloaded, warnings } = await openModels(setup);
      expect(sessions.map(({ model }) => model.identity.name)).toEqual(['mandible-contour']);
      expect(unloaded).toMatchObject([
        { name: SITE_MODEL, version: '1.0.0', failure: { code: 'model-invalid' } },
      ]);
      expect(unloaded[0]?.failure.message).toContain(message);
      expect(warnings.join()).toContain(message);
    },
  );
});
