import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../src/clock.ts';
import { TriageError } from '../src/errors.ts';
import type { Film } from '../src/exam/film.ts';
import { histogramOf } from '../src/imaging/histogram.ts';
import { plainFilm } from '../src/imaging/prepare-image.ts';
import { findModel } from '../src/inference/model-registry.ts';
import { PROJECT_FOLDER } from '../src/project-folder.ts';
import { findMandibles, type PanoramicModels } from './find-foramina.ts';
import type { ViewedFilm } from './look-at-view.ts';
import type { ModelOutputs, ModelSession } from './onnx-session.ts';

const [COLUMNS, ROWS] = [1536, 640];
/** Distance of the foramina of the scripted answers from the middle, and their row, canvas pixels. */
const [ASIDE, ROW] = [110, 230];

/** What the models were asked, as `name inputs`. */
let runs: string[];
let models: PanoramicModels;
beforeAll(async () => {
  models = {
    contour: await scripted('mandible-contour', contourAnswer),
    foramen: await scripted('mental-foramen', foramenAnswer),
  };
});

/** The shipped model by its manifest, with an answer that is known. */
async function scripted(name: string, answer: (input: Float32Array) => ModelOutputs): Promise<ModelSession> {
  const model = await findModel(join(PROJECT_FOLDER, 'models'), name);
  const run = (inputs: readonly Float32Array[]) => {
    runs.push(`${name} ${inputs.length}`);
    return Promise.resolve(inputs.map(answer));
  };
  return { model, executionProvider: 'cpu', device: 'scripted', warnings: [], run };
}

/** The border on the canvas: flat at row 290 in the middle, rising to both angles of the jaw. */
function borderRow(column: number): number {
  return 290 - 0.4 * Math.max(0, Math.abs(column - 383.5) - 200);
}

/** That border, and whether it is a panoramic film by how bright the film is. */
function contourAnswer(input: Float32Array): ModelOutputs {
  const isBright = (input[160 * 768 + 384] ?? 0) > 0.5;
  return {
    border: Float32Array.from({ length: 768 }, (_, column) => borderRow(column)),
    borderSpread: new Float32Array(768).fill(1),
    borderPresence: Float32Array.from({ length: 768 }, (_, i) => (i > 60 && i < 708 ? 1 : 0)),
    foramen: Float32Array.of(383.5 - ASIDE, ROW, 0.5, 383.5 + ASIDE, ROW, 0.5),
    panoramic: Float32Array.of(isBright ? 0.9 : 0.2),
  };
}

/** Ten pixels distal of the crop's centre, thirty above the border; too surely for the usual place to move it. */
function foramenAnswer(): ModelOutputs {
  return {
    foramen: Float32Array.of(73.5, 55.5),
    spread: Float32Array.of(0.2, 1),
    confidence: Float32Array.of(0.7),
  };
}

/** Light above the border and dark below it; or light at the left rim alone. */
function jawFilm(isJaw: boolean): Film {
  const words = Uint16Array.from({ length: COLUMNS * ROWS }, (_, i) => {
    const isLight = isJaw ? Math.floor(i / COLUMNS) < 2 * borderRow((i % COLUMNS) / 2) : i % COLUMNS < 300;
    return isLight ? 3000 : (i * 7919) % 200;
  });
  return plainFilm(COLUMNS, ROWS, words);
}

function viewed(film: Film, mmPerPx: number | null): ViewedFilm {
  const request = { id: 'a', path: 'a', source: 'picture', options: {}, scratchFolder: null } as const;
  return {
    ...{ request, header: null, film, histogram: histogramOf(film), bitsStored: 12, claim: null },
    spacing: { mmPerPx, source: 'none' },
    ...{ problems: [], notes: [], viewModels: [], timings: { read: 1, decode: 2 }, view: null },
    viewTimings: { prepare: 0, inference: 0 },
  };
}

async function find(films: readonly ViewedFilm[], own: PanoramicModels = models) {
  runs = [];
  return findMandibles(films, own, systemClock);
}

describe('the foramina of a batch', () => {
  it('are found on crops of their own, all in one run, and stand distal and above the border on the film', async () => {
    const found = await find([
      viewed(jawFilm(true), 0.2),
      viewed(jawFilm(false), 0.2),
      viewed(jawFilm(true), 0.2),
    ]);
    expect(runs).toEqual(['mandible-contour 3', 'mental-foramen 4']);
    const [first, dark] = found;
    if (first === undefined || first instanceof TriageError) throw new Error('nothing');
    const { R, L } = first.foramina;
    // Ten crop pixels of 0.4 mm are 20 film pixels, away from the middle on both sides.
    const middle = (COLUMNS - 1) / 2;
    expect(middle - R!.xPx).toBeCloseTo(2 * ASIDE + 20, 0);
    expect(L!.xPx - middle).toBeCloseTo(2 * ASIDE + 20, 0);
    expect(290 * 2 - R!.yPx).toBeGreaterThan(55);
    expect(290 * 2 - R!.yPx).toBeLessThan(65);
    // Twice the network's own 0.2 crop pixels along the border.
    expect(R!.spreadPx!.along).toBeCloseTo(0.8, 2);
    expect(R!.spreadPx!.across).toBe(2);
    expect(R!.confidence).toBeCloseTo(0.7, 6);
    // What is surely no panoramic film is not looked at more closely.
    expect(dark).toMatchObject({ border: null, foramina: { R: null, L: null } });
  });

  it('are looked for in no larger batches than the model can take', async () => {
    const { foramen } = models;
    const manifest = { ...foramen.model.manifest, batchSizeMax: 3 };
    const small = { ...foramen, model: { ...foramen.model, manifest } };
    await find([viewed(jawFilm(true), 0.2), viewed(jawFilm(true), 0.2)], { ...models, foramen: small });
    expect(runs).toEqual(['mandible-contour 2', 'mental-foramen 3', 'mental-foramen 1']);
  });

  it('are sized by the border where the film has no scale', async () => {
    const [found] = await find([viewed(jawFilm(true), null)]);
    if (found === undefined || found instanceof TriageError) throw new Error('nothing');
    const width = 2 * (708 - 60);
    const scale = (0.4 * width) / 241;
    expect(found.foramina.L!.spreadPx!.along / 0.4 / scale).toBeCloseTo(1, 1);
  });

  it('fail on their own film alone, and in words without foreign text', async () => {
    const { foramen } = models;
    let calls = 0;
    const choking: ModelSession = {
      ...foramen,
      run: (crops) => {
        calls += 1;
        if (crops.length > 2 || calls === 2) return Promise.reject(new Error('Påhittad^Åsa'));
        return foramen.run(crops);
      },
    };
    const [first, second] = await find([viewed(jawFilm(true), 0.2), viewed(jawFilm(true), 0.2)], {
      ...models,
      foramen: choking,
    });
    expect(first).toMatchObject({ code: 'inference-failed' });
    expect((first as TriageError).message).not.toContain('Påhittad');
    expect(second).toMatchObject({ panoramic: expect.closeTo(0.9, 5) as number });
  });

  it('are taken from the first model where a side of the jaw is cut away', async () => {
    const cut: ModelSession = {
      ...models.contour,
      run: (inputs) =>
        Promise.resolve(
          inputs.map((input) => {
            const answer = contourAnswer(input);
            const borderPresence = answer['borderPresence']!.map((there, i) => (i < 300 ? 0 : there));
            return { ...answer, borderPresence };
          }),
        ),
    };
    const [found] = await find([viewed(jawFilm(true), 0.2)], { ...models, contour: cut });
    expect(runs).toEqual([]);
    if (found === undefined || found instanceof TriageError) throw new Error('nothing');
    expect(found.foramina.L!.xPx).toBeCloseTo((COLUMNS - 1) / 2 + 2 * ASIDE, 6);
    expect(found.foramina.L).toMatchObject({ confidence: 0.5 });
  });
});
