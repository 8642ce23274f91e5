import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../src/clock.ts';
import { DEFAULT_ELIGIBILITY_RULES } from '../src/decide/eligibility.ts';
import { DEFAULT_FRACTURE_POLICY } from '../src/decide/fracture-policy.ts';
import { DEFAULT_REFERRAL_POLICY } from '../src/decide/referral-policy.ts';
import { readHeader } from '../src/dicom/read-header.ts';
import { writePart10 } from '../src/dicom/write-part10.ts';
import type { AnalysisResult } from '../src/exam/analysis.ts';
import { findModel } from '../src/inference/model-registry.ts';
import { decodeRaster, encodePng, encodePng16 } from '../src/imaging/raster.ts';
import { decodePixels } from '../src/imaging/decode-pixels.ts';
import { analyseBatch, type BatchTools, computeBatch } from './analyse-film.ts';
import type { AnalysisReply, AnalysisRequest, BatchItemResult } from './messages.ts';
import { modelSetOf } from './model-set.ts';
import { openSession, type ModelSession } from './onnx-session.ts';

const FIXTURES = new URL('../dicom-fixtures', import.meta.url).pathname;
let folder: string;
let panoramic: ModelSession;
let foramen: ModelSession;
let tools: BatchTools;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'osteotriage-worker-'));
  const modelsFolder = new URL('../models', import.meta.url).pathname;
  panoramic = await openSession(await findModel(modelsFolder, 'mandible-contour'), ['cpu']);
  foramen = await openSession(await findModel(modelsFolder, 'mental-foramen'), ['cpu']);
  const setup = {
    modelsFolder,
    modelPins: null,
    shadowPins: {},
    executionProviders: ['cpu'],
    rules: {
      eligibility: DEFAULT_ELIGIBILITY_RULES,
      policy: DEFAULT_REFERRAL_POLICY,
      fracture: DEFAULT_FRACTURE_POLICY,
      deviceProfiles: [],
      magnification: null,
    },
    filmPixelsMax: 64_000_000,
    identity: {
      manufacturer: 'osteotriage',
      modelName: 'osteotriage',
      softwareVersion: '0.0.0',
      deviceSerialNumber: 'test',
      deviceUid: '2.25.42',
    },
  };
  tools = { models: modelSetOf([panoramic, foramen]), setup, clock: systemClock };
});
afterAll(() => rmSync(folder, { recursive: true }));

function fixture(name: string, changes: Partial<AnalysisRequest> = {}): AnalysisRequest {
  return {
    id: name,
    path: join(FIXTURES, name),
    source: 'dicom',
    options: {},
    scratchFolder: null,
    ...changes,
  };
}

async function analyseAll(
  requests: readonly AnalysisRequest[],
  session: ModelSession = panoramic,
  second: ModelSession = foramen,
): Promise<readonly BatchItemResult[]> {
  return analyseBatch(
    requests.map((request, index) => ({ key: index + 1, request })),
    { ...tools, models: modelSetOf([session, second]) },
  );
}

async function analyseOne(request: AnalysisRequest): Promise<AnalysisReply> {
  const [result] = await analyseAll([request]);
  if (result === undefined || !('reply' in result)) throw new Error(JSON.stringify(result));
  return result.reply;
}

function withoutTimes(analysis: AnalysisResult): Record<string, unknown> {
  return { ...analysis, timingsMs: null };
}

describe('the way of one film', () => {
  it('gives a thin cortex as positive, by the contract', async () => {
    const { analysis } = await analyseOne(fixture('02-thin-cortex.dcm'));
    expect(analysis).toMatchObject({
      schema: 'osteotriage.analysis/1',
      view: { name: 'panoramic', source: 'dicom' },
      spacing: { source: 'detector' },
      outcome: 'positive',
      quality: { usable: true },
      models: [{ name: 'mandible-contour' }, { name: 'mental-foramen' }],
    });
    expect(analysis.reasons[0]?.code).toBe('pmi-below-threshold');
    const { inferiorBorderPx: border, sides } = analysis.panoramic!;
    expect(sides.map((side) => side.side)).toEqual(['R', 'L']);
    // The patient's right is left in the picture.
    expect(sides[0].foramenPx![0]).toBeLessThan(sides[1].foramenPx![0]);
    for (const [i, point] of border.entries()) {
      const next = border[i + 1];
      if (next === undefined) continue;
      expect(next[0]).toBeGreaterThan(point[0]);
      expect(Math.hypot(next[0] - point[0], next[1] - point[1])).toBeLessThanOrEqual(8);
    }
    for (const side of sides) {
      expect(side.widthMm).toBeCloseTo(side.widthPx! * analysis.spacing.mmPerPx!, 6);
      const [outer, inner] = [side.outerPx!, side.innerPx!];
      expect(Math.hypot(outer[0] - inner[0], outer[1] - inner[1])).toBeCloseTo(side.widthPx!, 1);
    }
  });

  it('survives the border between processes unchanged: no NaN, nothing undefined', async () => {
    for (const name of ['02-thin-cortex.dcm', '17-no-spacing.dcm', '09-child.dcm']) {
      const { analysis } = await analyseOne(fixture(name));
      expect(JSON.parse(JSON.stringify(analysis))).toEqual(analysis);
    }
  });

  it.each([
    ['09-child.dcm', 'not-eligible', 'age-below-minimum'],
    ['10-birth-date-missing.dcm', 'not-eligible', 'age-unknown'],
    ['22-hand-as-panoramic.dcm', 'not-assessable', 'not-a-panoramic'],
    ['23-spine-frontal.dcm', 'not-assessable', 'no-model-for-view'],
    ['broken-jpeg-cut-off.dcm', 'not-assessable', 'pixel-data-unreadable'],
    ['broken-pixel-data-missing.dcm', 'not-assessable', 'pixel-data-unreadable'],
  ])('ends %s as %s because of %s', async (name, outcome, code) => {
    const { analysis } = await analyseOne(fixture(name));
    expect(analysis.outcome).toBe(outcome);
    expect(analysis.reasons[0]?.code).toBe(code);
    expect(analysis.panoramic).toBeNull();
    expect(analysis.quality.usable).toBe(false);
  });

  it('asks a plain picture for no age and takes its scale from the option', async () => {
    const image = await decodePixels(readFileSync(join(FIXTURES, '01-wide-cortex.dcm')));
    const path = join(folder, 'plain.png');
    writeFileSync(path, await encodePng16(image.samples as Uint16Array, image.columns, image.rows));
    const options = { view: 'panoramic', mmPerPx: 0.1 } as const;
    const { analysis } = await analyseOne(fixture('plain.png', { path, source: 'picture', options }));
    expect(analysis).toMatchObject({
      sopInstanceUid: null,
      view: { name: 'panoramic', source: 'option' },
      spacing: { mmPerPx: 0.1, source: 'option' },
      outcome: 'negative',
    });
    const unsaid = await analyseOne(fixture('plain.png', { path, source: 'picture' }));
    expect(unsaid.analysis).toMatchObject({
      view: { name: 'panoramic', source: 'model' },
      spacing: { mmPerPx: null, source: 'none' },
    });
  });

  it('stops a picture that nobody could read, and says what is wrong with it', async () => {
    const path = join(folder, 'flat.png');
    writeFileSync(path, await encodePng(new Uint8Array(800 * 400).fill(90), 800, 400));
    const request = fixture('flat.png', { path, source: 'picture', options: { view: 'panoramic' } });
    const { analysis } = await analyseOne(request);
    expect(analysis.outcome).toBe('not-assessable');
    expect(analysis.quality).toEqual({ usable: false, problems: ['flat-image'] });
  });
});

describe('a film that cannot be decoded', () => {
  it('is not assessable with the reason, as a picture of one bit a pixel in several frames', async () => {
    const path = join(folder, 'single-bit.dcm');
    writeFileSync(
      path,
      writePart10({
        ...{
          SpecificCharacterSet: 'ISO_IR 192',
          SOPClassUID: '1.2.840.10008.5.1.4.1.1.7.1',
          SOPInstanceUID: '1.2.3.4',
        },
        ...{ StudyInstanceUID: '1.2.3', SeriesInstanceUID: '1.2.3.1', Modality: 'PX', StudyDate: '20260101' },
        ...{ PatientBirthDate: '19500101', SamplesPerPixel: 1, PhotometricInterpretation: 'MONOCHROME2' },
        ...{ NumberOfFrames: '2', Rows: 16, Columns: 16, BitsAllocated: 1, BitsStored: 1, HighBit: 0 },
        ...{ PixelRepresentation: 0, PixelData: new Uint8Array(64).fill(0xaa) },
      }),
    );
    const { analysis } = await analyseOne({ ...fixture('none'), path });
    expect(analysis).toMatchObject({
      outcome: 'not-assessable',
      reasons: [{ code: 'pixel-data-unsupported' }],
    });
  });
});

describe('the rules of a site', () => {
  const film = (siteRules: AnalysisRequest['siteRules'] = {}) => fixture('02-thin-cortex.dcm', { siteRules });
  const limitIn = (analysis: AnalysisResult) => analysis.reasons[0]?.text;

  it('decide instead of those of the configuration, and the result names the limit that was used', async () => {
    const usual = (await analyseOne(film({ corticalWidthDetectorMmMin: 3 }))).analysis;
    const own = (await analyseOne(film({ corticalWidthDetectorMmMin: 0.5 }))).analysis;
    const index = (await analyseOne(film({ pmiMin: 0.05 }))).analysis;
    expect([usual.outcome, own.outcome, index.outcome]).toEqual(['positive', 'negative', 'negative']);
    expect(limitIn(usual)).toContain('3.0 mm');
    expect(limitIn(own)).toContain('0.5 mm');
    expect(limitIn(index)).toContain('0.05');
  });

  it('correct for the magnification of the device that stands there', async () => {
    const usual = (await analyseOne(film())).analysis.panoramic;
    const own = (await analyseOne(film({ magnification: 1.25 }))).analysis.panoramic;
    expect(own?.magnification).toBe(1.25);
    expect(own?.meanWidthMm).toBeCloseTo((usual?.meanWidthMm ?? 0) / 1.25, 6);
  });

  it('set the age from which its films are read, each for its own in one batch', async () => {
    const results = await analyseAll([film(), film({ ageYearsMin: 120 })]);
    const outcomes = results.map((result) => ('reply' in result ? result.reply.analysis : null));
    expect(outcomes.map((analysis) => analysis?.outcome)).toEqual(['positive', 'not-eligible']);
    expect(outcomes[1]?.reasons[0]?.text).toContain('120');
  });
});

describe('a batch', () => {
  const NAMES = ['02-thin-cortex.dcm', '09-child.dcm', 'broken-jpeg-cut-off.dcm', '01-wide-cortex.dcm'];

  it('gives every film what it gets alone, in one run', async () => {
    const runs: string[] = [];
    const counting = (session: ModelSession): ModelSession => ({
      ...session,
      run: (films) => {
        runs.push(`${session.model.identity.name} ${films.length}`);
        return session.run(films);
      },
    });
    const together = await analyseAll(
      NAMES.map((name) => fixture(name)),
      counting(panoramic),
      counting(foramen),
    );
    expect(runs).toEqual(['mandible-contour 2', 'mental-foramen 4']);
    for (const [index, name] of NAMES.entries()) {
      const alone = await analyseOne(fixture(name));
      const result = together[index]!;
      if (!('reply' in result)) throw new Error(name);
      expect(result.key).toBe(index + 1);
      expect(result.reply.analysis.outcome).toBe(alone.analysis.outcome);
      const widths = (analysis: AnalysisResult) =>
        analysis.panoramic?.sides.map((side) => side.widthPx) ?? [];
      for (const [side, widthPx] of widths(result.reply.analysis).entries()) {
        expect(widthPx).toBeCloseTo(widths(alone.analysis)[side]!, 1);
      }
    }
  });

  it('answers a film that cannot be read with its failure, and the others all the same', async () => {
    const missing = fixture('missing', { path: join(folder, 'nothing-here') });
    const results = await analyseAll([missing, fixture('broken-random-bytes.dcm'), fixture('09-child.dcm')]);
    expect(results[0]).toMatchObject({ key: 1, failure: { code: 'storage-failed' } });
    expect(results[1]).toMatchObject({ key: 2, failure: { code: 'not-part-10' } });
    expect(results[2]).toMatchObject({ key: 3, reply: { analysis: { outcome: 'not-eligible' } } });
  });

  it('is computed while what was made of the one before is being written, and writes when that is over', async () => {
    const request = fixture('02-thin-cortex.dcm', { scratchFolder: mkdtempSync(join(folder, 'scratch-')) });
    const earlier = Promise.withResolvers<undefined>();
    const item = { key: 1, request };
    let isComputed = false;
    const computing = computeBatch([item], tools, earlier.promise).then((answers) => {
      isComputed = true;
      return answers.results;
    });
    await systemClock.sleep(1500);
    // Nothing is written yet, however long it waits.
    expect([isComputed, readdirSync(request.scratchFolder!)]).toEqual([false, []]);
    earlier.resolve(undefined);
    const [result] = await computing;
    expect(result).toMatchObject({ key: 1, reply: { analysis: { outcome: 'positive' } } });
    expect(readdirSync(request.scratchFolder!)).toContain('sr.dcm');
  });

  it('runs the films one by one when the run of all fails, so that only the bad one fails', async () => {
    const calls: number[] = [];
    const choking: ModelSession = {
      ...panoramic,
      run: async (films) => {
        calls.push(films.length);
        if (films.length > 1 || calls.length === 2) throw new Error('Åsa Exempel 19500401');
        return panoramic.run(films);
      },
    };
    const results = await analyseAll([fixture('02-thin-cortex.dcm'), fixture('01-wide-cortex.dcm')], choking);
    expect(calls).toEqual([2, 1, 1]);
    expect(results[0]).toMatchObject({ failure: { code: 'inference-failed' } });
    expect(results[1]).toMatchObject({ reply: { analysis: { outcome: 'negative' } } });
    // What a foreign error quotes could be a patient's data.
    expect(JSON.stringify(results[0])).not.toContain('Exempel');
  });
});

describe('what is written of a film', () => {
  it('writes pictures of at most 1600 columns, SR and Secondary Capture of a positive, into the scratch folder', async () => {
    const scratchFolder = mkdtempSync(join(folder, 'scratch-'));
    const request = fixture('02-thin-cortex.dcm', { scratchFolder, reportedAtMs: Date.UTC(2026, 0, 2) });
    const { artefacts } = await analyseOne(request);
    for (const path of [artefacts!.overlayPath!, artefacts!.previewPath!]) {
      expect(path.startsWith(scratchFolder)).toBe(true);
      expect((await decodeRaster(path, 10_000_000)).columns).toBeLessThanOrEqual(1600);
    }
    const original = readHeader(readFileSync(request.path));
    for (const object of [artefacts!.structuredReport!, artefacts!.secondaryCapture!]) {
      const header = readHeader(readFileSync(object.path));
      expect(header.sopInstanceUid).toBe(object.sopInstanceUid);
      expect(header.sopClassUid).toBe(object.sopClassUid);
      expect(header.seriesInstanceUid).toBe(object.seriesInstanceUid);
      expect(header.studyInstanceUid).toBe(original.studyInstanceUid);
      expect(header.patientId).toBe(original.patientId);
    }
  });

  it('writes the same report bytes again for the same film and time, as a retry must', async () => {
    const write = async (): Promise<Buffer[]> => {
      const scratchFolder = mkdtempSync(join(folder, 'scratch-'));
      const request = fixture('02-thin-cortex.dcm', { scratchFolder, reportedAtMs: Date.UTC(2026, 0, 2) });
      const { artefacts } = await analyseOne(request);
      return [artefacts!.structuredReport!, artefacts!.secondaryCapture!].map(({ path }) =>
        readFileSync(path),
      );
    };
    const [first, second] = [await write(), await write()];
    expect(second.map((bytes, i) => bytes.equals(first[i]!))).toEqual([true, true]);
  });

  it('writes pictures but no report where nothing was assessed, and nothing where no pixels were read', async () => {
    const hand = await analyseOne(
      fixture('22-hand-as-panoramic.dcm', { scratchFolder: mkdtempSync(join(folder, 'scratch-')) }),
    );
    expect(hand.artefacts).toMatchObject({ structuredReport: null, secondaryCapture: null });
    expect(statSync(hand.artefacts!.previewPath!).size).toBeGreaterThan(1000);
    const child = await analyseOne(
      fixture('09-child.dcm', { scratchFolder: mkdtempSync(join(folder, 'scratch-')) }),
    );
    expect(child.artefacts).toEqual({
      previewPath: null,
      overlayPath: null,
      presentationState: null,
      structuredReport: null,
      secondaryCapture: null,
    });
  });

  it('gives the same analysis whether or not anything is written', async () => {
    const scratchFolder = mkdtempSync(join(folder, 'scratch-'));
    const written = await analyseOne(fixture('12-rle.dcm', { scratchFolder }));
    const bare = await analyseOne(fixture('12-rle.dcm'));
    expect(withoutTimes(written.analysis)).toEqual(withoutTimes(bare.analysis));
  });
});
