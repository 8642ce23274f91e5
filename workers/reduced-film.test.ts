import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../src/clock.ts';
import { DEFAULT_ELIGIBILITY_RULES } from '../src/decide/eligibility.ts';
import { DEFAULT_FRACTURE_POLICY } from '../src/decide/fracture-policy.ts';
import { DEFAULT_REFERRAL_POLICY } from '../src/decide/referral-policy.ts';
import { buildImage } from '../src/dicom/synthetic-image.ts';
import { TRANSFER_SYNTAX_UIDS } from '../src/dicom/uids.ts';
import type { AnalysisResult } from '../src/exam/analysis.ts';
import { decodePixels } from '../src/imaging/decode-pixels.ts';
import { encodeFrame } from '../src/imaging/native-codecs.ts';
import { decodeRaster } from '../src/imaging/raster.ts';
import { findModel } from '../src/inference/model-registry.ts';
import { analyseBatch, type BatchTools } from './analyse-film.ts';
import type { AnalysisRequest } from './messages.ts';
import { needsOf } from './film-ways.ts';
import { modelSetOf } from './model-set.ts';
import { openSession } from './onnx-session.ts';
import { readFilm } from './read-film.ts';

const MM_PER_PX = 0.1;
let folder: string;
let tools: BatchTools;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'osteotriage-reduced-'));
  const modelsFolder = new URL('../models', import.meta.url).pathname;
  const identity = {
    manufacturer: '',
    modelName: '',
    softwareVersion: '0',
    deviceSerialNumber: '',
    deviceUid: '2.25.42',
  };
  const rules = {
    eligibility: DEFAULT_ELIGIBILITY_RULES,
    policy: DEFAULT_REFERRAL_POLICY,
    fracture: DEFAULT_FRACTURE_POLICY,
    deviceProfiles: [],
    magnification: null,
  };
  tools = {
    models: modelSetOf([
      await openSession(await findModel(modelsFolder, 'mandible-contour'), ['cpu']),
      await openSession(await findModel(modelsFolder, 'mental-foramen'), ['cpu']),
    ]),
    clock: systemClock,
    setup: {
      modelsFolder,
      modelPins: null,
      shadowPins: {},
      executionProviders: ['cpu'],
      rules,
      filmPixelsMax: 64_000_000,
      identity,
    },
  };
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The pixels of a fixture once as they are, once as JPEG 2000. */
async function writeFilm(
  fixture: string,
  changes: object = {},
): Promise<{ plain: string; compressed: string }> {
  const bytes = readFileSync(new URL(`../dicom-fixtures/${fixture}`, import.meta.url));
  const { columns, rows, samples } = await decodePixels(bytes);
  const shape = { columns, rows, bitsAllocated: 16, bitsStored: 12 } as const;
  const pixels = new Uint8Array(Uint16Array.from(samples).buffer);
  const frame = await encodeFrame('jpeg-2000', pixels, { ...shape, components: 1, signed: false });
  const [plain, compressed] = [join(folder, `plain-${fixture}`), join(folder, `compressed-${fixture}`)];
  writeFileSync(plain, buildImage({ ...shape, pixelData: pixels }));
  const transferSyntaxUid = TRANSFER_SYNTAX_UIDS.jpeg2000Lossless;
  writeFileSync(compressed, buildImage({ ...shape, transferSyntaxUid, pixelData: [frame], ...changes }));
  return { plain, compressed };
}

function request(path: string, changes: Partial<AnalysisRequest> = {}): AnalysisRequest {
  const options = { view: 'panoramic', mmPerPx: MM_PER_PX } as const;
  return { id: path, path, source: 'dicom', options, scratchFolder: null, skipEligibility: true, ...changes };
}

async function analyse(asked: AnalysisRequest): Promise<AnalysisResult> {
  const [result] = await analyseBatch([{ key: 1, request: asked }], tools);
  if (result === undefined || !('reply' in result)) throw new Error(JSON.stringify(result));
  return result.reply.analysis;
}

async function columnsDecoded(asked: AnalysisRequest): Promise<number | undefined> {
  const { setup, models, clock } = tools;
  const way = await readFilm(asked, setup.rules, needsOf(models, setup), clock);
  return way.film?.columns;
}

describe('a fine film in JPEG 2000', () => {
  it('is measured at half the size, and its result speaks of the original pixels', async () => {
    const { plain, compressed } = await writeFilm('01-wide-cortex.dcm');
    const [whole, reduced] = [await analyse(request(plain)), await analyse(request(compressed))];
    expect(await columnsDecoded(request(compressed))).toBe(Math.ceil(whole.image!.columns / 2));
    expect(reduced.image).toEqual(whole.image);
    expect(reduced.outcome).toBe(whole.outcome);
    expect([whole, reduced].map(({ quality }) => quality.problems.includes('reduced-resolution'))).toEqual([
      false,
      true,
    ]);
    for (const [index, side] of whole.panoramic!.sides.entries()) {
      const other = reduced.panoramic!.sides[index]!;
      expect(Math.abs(other.widthMm! - side.widthMm!)).toBeLessThan(0.15);
      for (const place of ['foramenPx', 'outerPx', 'innerPx'] as const) {
        expect(Math.abs(other[place]![0] - side[place]![0]), place).toBeLessThan(12);
        expect(Math.abs(other[place]![1] - side[place]![1]), place).toBeLessThan(4);
      }
      expect(
        Math.hypot(other.outerPx![0] - other.innerPx![0], other.outerPx![1] - other.innerPx![1]),
      ).toBeCloseTo(other.widthPx!, 1);
    }
    const border = reduced.panoramic!.inferiorBorderPx;
    for (const [i, point] of border.entries()) {
      const next = border[i + 1];
      if (next !== undefined)
        expect(Math.hypot(next[0] - point[0], next[1] - point[1])).toBeLessThanOrEqual(8);
    }
  });

  it('is drawn with its lines where they lie on the whole film', async () => {
    const { plain, compressed } = await writeFilm('02-thin-cortex.dcm');
    const drawn = async (path: string): Promise<readonly [number, number]> => {
      const scratchFolder = mkdtempSync(join(folder, 'scratch-'));
      await analyse(request(path, { scratchFolder, overlayOnly: true }));
      const { columns, rows, samples } = await decodeRaster(join(scratchFolder, 'overlay.png'), 64_000_000);
      let [sumX, sumY, count] = [0, 0, 0];
      // The middle of what is coloured, in shares of the picture; the strip with words below it is left out.
      for (let at = 0; at < columns * Math.floor(rows * 0.7); at++) {
        const [red, green, blue] = samples.subarray(at * 3, at * 3 + 3);
        if (Math.max(red!, green!, blue!) - Math.min(red!, green!, blue!) < 40) continue;
        [sumX, sumY, count] = [sumX + (at % columns), sumY + Math.floor(at / columns), count + 1];
      }
      expect(count).toBeGreaterThan(500);
      return [sumX / count / columns, sumY / count / rows];
    };
    const [whole, reduced] = [await drawn(plain), await drawn(compressed)];
    expect(reduced[0]).toBeCloseTo(whole[0], 1.5);
    expect(reduced[1]).toBeCloseTo(whole[1], 1.5);
  });

  it("is decoded as a whole where its pixels are coarse, of unknown size, or its bits are not the codestream's", async () => {
    const { compressed } = await writeFilm('01-wide-cortex.dcm');
    const { columns } = (await analyse(request(compressed))).image!;
    expect(await columnsDecoded(request(compressed, { options: { view: 'panoramic', mmPerPx: 0.12 } }))).toBe(
      columns,
    );
    expect(await columnsDecoded(request(compressed, { options: { view: 'panoramic' } }))).toBe(columns);
    const { compressed: padded } = await writeFilm('01-wide-cortex.dcm', { bitsStored: 10 });
    expect(await columnsDecoded(request(padded))).toBe(columns);
  });
});
