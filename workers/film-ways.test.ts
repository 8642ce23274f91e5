import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../src/clock.ts';
import { readConfig } from '../src/config.ts';
import type { AnalysisResult, ViewName } from '../src/exam/analysis.ts';
import { histogramOf } from '../src/imaging/histogram.ts';
import { plainFilm } from '../src/imaging/prepare-image.ts';
import { findModel } from '../src/inference/model-registry.ts';
import { PROJECT_FOLDER } from '../src/project-folder.ts';
import { installSiteModel, SITE_MODEL } from '../src/testing/site-model.ts';
import { workerSettings } from '../src/worker-settings.ts';
import { needsOf, runModels, type RuledFilm } from './film-ways.ts';
import { type ModelSet, modelSetOf } from './model-set.ts';
import { type ModelSession, openSession } from './onnx-session.ts';

const { setup } = workerSettings(readConfig({}, {}).config);
let folder: string;
let finder: ModelSession;
let points: ModelSession;
let density: ModelSession;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'osteotriage-ways-'));
  installSiteModel(folder, (text) => text.replace('"chest-frontal","spine-frontal"', '"spine-lateral"'));
  density = await openSession(await findModel(folder, SITE_MODEL), ['cpu']);
  [finder, points] = [await blind('vertebra-finder'), await blind('vertebra-points')];
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The shipped model by its manifest, that sees nothing on any film. */
async function blind(name: string): Promise<ModelSession> {
  const model = await findModel(join(PROJECT_FOLDER, 'models'), name);
  const nothing = Object.fromEntries(
    model.manifest.outputs.map(({ name: output, shape }) => [
      output,
      new Float32Array(shape.reduce<number>((size, length) => size * (length ?? 1), 1)),
    ]),
  );
  const run = (films: readonly Float32Array[]) => Promise.resolve(films.map(() => nothing));
  return { model, executionProvider: 'cpu', device: 'blind', warnings: [], run };
}

/** A film that is as bright as asked for, of a view. */
function filmOf(name: ViewName, grey: number): RuledFilm {
  const words = Uint16Array.from({ length: 300 * 400 }, (_, i) => grey + ((i * 7919) % 400));
  const film = plainFilm(300, 400, words);
  const request = { id: name, path: name, source: 'picture', options: {}, scratchFolder: null } as const;
  return {
    rules: setup.rules,
    film: {
      ...{ request, header: null, film, histogram: histogramOf(film), bitsStored: 12, claim: null },
      spacing: { mmPerPx: null, source: 'none' },
      ...{ problems: [], notes: [], viewModels: [], timings: { read: 1, decode: 2 } },
      view: { name, source: 'model', confidence: 0.9, turnDegrees: 0, isMirrored: null },
      viewTimings: { prepare: 3, inference: 4 },
    },
  };
}

async function analyse(film: RuledFilm, models: ModelSet): Promise<AnalysisResult> {
  const [way] = await runModels([film], models, systemClock);
  if (way === undefined || !('measure' in way)) throw way ?? new Error('nothing');
  return way.measure().analysis;
}

const codesOf = ({ reasons }: AnalysisResult) => reasons.map(({ code }) => code);

describe('the way of a lateral film', () => {
  it('goes by the spine first, and what a site’s own model says stands beside it: positive if either is', async () => {
    const models = modelSetOf([finder, points, density]);
    const bright = await analyse(filmOf('spine-lateral', 3000), models);
    expect(bright).toMatchObject({ outcome: 'positive', spine: null, boneDensity: { isLow: true } });
    expect(codesOf(bright)).toEqual(['no-vertebrae-found', 'density-low-by-site-model']);
    expect(bright.models.map(({ name }) => name)).toEqual(['vertebra-finder', 'vertebra-points', SITE_MODEL]);
    // A low score is a finding; that it is not low does not make up for a spine that was not found.
    const dark = await analyse(filmOf('spine-lateral', 100), models);
    expect(dark).toMatchObject({ outcome: 'not-assessable', boneDensity: { isLow: false } });
  });

  it('is read by the spine alone where the site’s own model fails on it, and says so', async () => {
    const failing = { ...density, run: () => Promise.reject(new Error('Påhittad^Åsa')) };
    const result = await analyse(filmOf('spine-lateral', 3000), modelSetOf([finder, points, failing]));
    expect(codesOf(result)).toEqual(['no-vertebrae-found', 'inference-failed']);
    expect(JSON.stringify(result)).not.toContain('Påhittad');
    const [alone] = await runModels([filmOf('spine-lateral', 3000)], modelSetOf([failing]), systemClock);
    expect(alone).toMatchObject({ code: 'inference-failed' });
  });

  it('counts the look at the view into its times', async () => {
    const { timingsMs } = await analyse(filmOf('chest-lateral', 3000), modelSetOf([finder, points]));
    expect(timingsMs).toMatchObject({ read: 1, decode: 2 });
    expect(timingsMs.prepare).toBeGreaterThanOrEqual(3);
    expect(timingsMs.inference).toBeGreaterThanOrEqual(4);
    const { read, decode, prepare, inference, measure, total } = timingsMs;
    expect(total).toBeCloseTo(read + decode + prepare + inference + measure, 5);
  });
});

describe('what the models ask of a film', () => {
  it('is enough for each of them, and 900 rows where vertebrae are measured', () => {
    const all = needsOf(modelSetOf([finder, points, density]), setup);
    expect(all).toMatchObject({ least: { columns: 384, rows: 900 }, isViewSeen: false });
    expect(all.views).toEqual(['spine-lateral', 'chest-lateral']);
    expect(needsOf(modelSetOf([density]), setup).least).toEqual({ columns: 40, rows: 48 });
    // One of the two vertebra models alone is of no use.
    expect(needsOf(modelSetOf([finder]), setup).views).toEqual([]);
  });
});
