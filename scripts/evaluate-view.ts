/**
 * Recall of each view by cross-validation: `node scripts/evaluate-view.ts DATA [--figures FILE]`. Every film goes to the
 * network of the fold that never saw it (models/training/film-view/folds): as it is, and three times cropped, padded,
 * rescaled, stretched, compressed and with other greys, from seeds. `--export FOLDER` writes the DICOM films as PNG for
 * the training, `--missed FOLDER` what the network got wrong, for looking at it.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Film } from '../src/exam/film.ts';
import { greyPicture } from '../src/imaging/grey-picture.ts';
import { letterbox, plainFilm } from '../src/imaging/prepare-image.ts';
import { encodePng, encodePng16 } from '../src/imaging/raster.ts';
import { letterboxOf, thresholdOf } from '../src/inference/model-manifest.ts';
import { findModel, type RegisteredModel } from '../src/inference/model-registry.ts';
import { openSession, type ModelSession } from '../workers/onnx-session.ts';
import { drawFilm, type Turning } from './view/film-draws.ts';
import {
  readCtSlices,
  readFilmFile,
  readFolds,
  syntheticOthers,
  VIEWS,
  type ViewName,
} from './view/view-films.ts';
import { AnswerTable, type TableFigures, type ViewAnswer } from './view/answer-table.ts';

const MODELS = join(import.meta.dirname, '../models');
const FOLDS = join(MODELS, 'training/film-view/folds');
const DRAWS = 3;
const UPRIGHT: Turning = { turns: 0, mirrored: false };
const SIDEWAYS = [1, 2, 3] as const;

/** Pictures from elsewhere, each by a network that never saw it: name, what it shows, what the network says. */
interface Elsewhere {
  readonly picture: string;
  readonly shows: string;
  readonly answer: string;
  readonly confidence: number;
}

/** What the view model does on films that its networks never saw. Recall counts only answers above the threshold. */
export interface ViewFigures {
  readonly thresholds: Readonly<Record<string, number>>;
  /** The films as they are. */
  readonly plain: TableFigures;
  /** Three changed pictures of each film. */
  readonly draws: TableFigures;
  /** A changed picture of each film, turned by 90, 180 or 270 degrees. */
  readonly turned: TableFigures;
  /** The changed chest films mirrored. */
  readonly mirrored: TableFigures;
  /** Pictures that are none of the five views and were made by machines or programs, by kind: seen as other, of how many. */
  readonly synthetic: Readonly<
    Record<string, { readonly pictures: number; readonly notTakenForAView: number }>
  >;
  readonly elsewhere: readonly Elsewhere[];
  /** Median time of preparing and running one 1400 x 1400 film on one thread. */
  readonly oneFilmMs: { readonly prepare: number; readonly run: number };
}

/** Called for every answer that is wrong. */
type Missed = (name: string, film: Film) => Promise<void>;

/** Judges the committed fold networks on the real films in DATA and on pictures that are no films. */
export async function evaluateViews(
  data: string,
  missed: Missed = () => Promise.resolve(),
): Promise<ViewFigures> {
  const shipped = await findModel(MODELS, 'film-view');
  const folds = await readFolds(join(FOLDS, 'folds.json'));
  const sessions = await Promise.all(folds.models.map((sha256, fold) => openFold(shipped, fold, sha256)));
  const tables = {
    plain: new AnswerTable(),
    draws: new AnswerTable(),
    turned: new AnswerTable(),
    mirrored: new AnswerTable(),
  };
  for (const [index, { path, view, fold }] of folds.films.entries()) {
    const session = networkOf(sessions, fold);
    const film = await readFilmFile(join(data, path));
    const judge = async (table: keyof typeof tables, picture: Film, turning: Turning): Promise<void> => {
      const answer = await answerOf(session, picture);
      if (!tables[table].add({ view, ...turning }, answer))
        await missed(
          `${view}-as-${answer.view ?? 'unsure'}-turn${answer.turns ?? 'unsure'}-${table}-${basename(path)}`,
          picture,
        );
    };
    await judge('plain', film, UPRIGHT);
    const small = shrinkFilm(film);
    const isTurnable = view !== 'other' && view !== 'pattern';
    for (let draw = 0; draw < DRAWS; draw++) {
      const seed = 100 * index + draw;
      await judge('draws', await drawFilm(small, seed, UPRIGHT), UPRIGHT);
      if (view === 'chest-frontal') {
        const turning: Turning = { turns: 0, mirrored: true };
        await judge('mirrored', await drawFilm(small, seed, turning), turning);
      }
    }
    const turns = SIDEWAYS[index % SIDEWAYS.length];
    if (isTurnable && turns !== undefined) {
      const turning: Turning = { turns, mirrored: false };
      await judge('turned', await drawFilm(small, 100 * index + DRAWS, turning), turning);
    }
  }
  const synthetic: Record<string, { pictures: number; notTakenForAView: number }> = {};
  for await (const { kind, fold, film } of syntheticOthers(data, folds)) {
    await countOther(synthetic, kind, film, networkOf(sessions, fold), missed);
  }
  for (const { kind, fold, film } of await readCtSlices(
    join(data, 'spine-ct/verse012/sub-verse012_ct.nii.gz'),
  )) {
    await countOther(synthetic, kind, film, networkOf(sessions, fold), missed);
  }
  const figures = Object.fromEntries(
    Object.entries(tables).map(([name, table]) => [name, table.figures()]),
  ) as Record<keyof typeof tables, TableFigures>;
  return {
    thresholds: shipped.manifest.thresholds,
    ...figures,
    synthetic,
    elsewhere: await judgeElsewhere(data, sessions),
    oneFilmMs: await timeOneFilm(await openSession(shipped, [])),
  };
}

/** A fold's network under the shipped manifest; its own digest stands in for the golden run. */
async function openFold(shipped: RegisteredModel, fold: number, sha256: string): Promise<ModelSession> {
  const bytes = await readFile(join(FOLDS, `fold${fold}.onnx`));
  if (createHash('sha256').update(bytes).digest('hex') !== sha256)
    throw new Error(`fold${fold}.onnx does not have the digest of folds.json`);
  const golden = { ...shipped.manifest.golden, outputs: {}, tolerance: {} };
  const identity = { ...shipped.identity, sha256 };
  return openSession({ identity, manifest: { ...shipped.manifest, golden }, bytes }, []);
}

function networkOf(sessions: readonly ModelSession[], fold: number): ModelSession {
  const session = sessions[fold];
  if (session === undefined)
    throw new Error(`folds.json names no network of fold ${fold}: run models/training/film-view/train.sh`);
  return session;
}

async function answerOf(session: ModelSession, film: Film): Promise<ViewAnswer> {
  const { model } = session;
  const [answer] = await session.run([letterbox(film, letterboxOf(model.manifest)).tensor]);
  const [view, confidence] = highest(answer?.['view']);
  const [turns, turnConfidence] = highest(answer?.['turn']);
  const mirrored = answer?.['mirrored']?.[0] ?? 0;
  return {
    view: confidence >= thresholdOf(model.manifest, 'view') ? (VIEWS[view] ?? null) : null,
    confidence,
    turns: turnConfidence >= thresholdOf(model.manifest, 'turn') ? turns : null,
    mirrored: mirrored >= thresholdOf(model.manifest, 'mirrored'),
  };
}

function highest(values: Float32Array | undefined): [index: number, value: number] {
  const value = Math.max(...(values ?? [0]));
  return [values?.indexOf(value) ?? 0, value];
}

async function countOther(
  counts: Record<string, { pictures: number; notTakenForAView: number }>,
  kind: string,
  film: Film,
  session: ModelSession,
  missed: Missed,
): Promise<void> {
  const { view } = await answerOf(session, film);
  const isRight = view === 'other' || view === null;
  const count = (counts[kind] ??= { pictures: 0, notTakenForAView: 0 });
  count.pictures++;
  if (isRight) count.notTakenForAView++;
  else await missed(`${kind.replaceAll(' ', '-')}-${count.pictures}-as-${view}`, film);
}

/** Simulated radiographs of a CT, and negatives whose headers call them positive. */
const ELSEWHERE: readonly (readonly [path: string, shows: ViewName, what: string])[] = [
  ['spine-ct/verse005-drr/verse005_LA_1.png', 'spine-lateral', 'projection of a CT'],
  ['spine-ct/verse005-drr/verse005_AP_1.png', 'spine-frontal', 'projection of a CT'],
  ['dicom/torchxrayvision/Fake_MONOHR1.dcm', 'chest-frontal', 'negative by a wrong header'],
  ['dicom/pylibjpeg-data/JPEG2KLossless_1s_1f_u_16_16.dcm', 'chest-frontal', 'negative and upside down'],
];

async function judgeElsewhere(data: string, sessions: readonly ModelSession[]): Promise<Elsewhere[]> {
  const answers: Elsewhere[] = [];
  for (const [path, shows, what] of ELSEWHERE) {
    const film = await readFilmFile(join(data, path));
    for (const session of sessions) {
      const { view, confidence } = await answerOf(session, film);
      const answer = view ?? 'unsure';
      answers.push({ picture: basename(path), shows: `${shows}, ${what}`, answer, confidence });
    }
  }
  return answers;
}

async function timeOneFilm(session: ModelSession): Promise<ViewFigures['oneFilmMs']> {
  const samples = Uint16Array.from({ length: 1400 * 1400 }, (_, i) => Math.imul(i, 2654435761) >>> 22);
  const film: Film = {
    columns: 1400,
    rows: 1400,
    samples,
    values: Float32Array.from({ length: 65536 }, (_, i) => i),
  };
  const times = { prepare: [] as number[], run: [] as number[] };
  for (let round = 0; round < 30; round++) {
    const start = performance.now();
    const { tensor } = letterbox(film, letterboxOf(session.model.manifest));
    const prepared = performance.now();
    await session.run([tensor]);
    times.prepare.push(prepared - start);
    times.run.push(performance.now() - prepared);
  }
  const median = (values: number[]): number => Number((values.sort((a, b) => a - b)[15] ?? 0).toFixed(2));
  return { prepare: median(times.prepare), run: median(times.run) };
}

/** Writes the DICOM films of the split as 16-bit PNG, linear in their values, for the training. */
async function exportDicom(data: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { films } = await readFolds(join(FOLDS, 'folds.json'));
  for (const { path } of films.filter((film) => film.path.endsWith('.dcm'))) {
    const { columns, rows, samples, values } = await readFilmFile(join(data, path));
    const own = Float32Array.from(samples, (word) => values[word] ?? 0);
    const low = own.reduce((a, b) => Math.min(a, b), Infinity);
    const high = own.reduce((a, b) => Math.max(a, b), -Infinity);
    const words = Uint16Array.from(own, (value) => (65535 * (value - low)) / Math.max(high - low, 1e-6));
    await writeFile(join(folder, `${basename(path)}.png`), await encodePng16(words, columns, rows));
  }
}

/** At most 1200 pixels a side: enough for every draw, and read in a fraction of the time. */
function shrinkFilm(film: Film, side = 1200): Film {
  const zoom = Math.min(1, side / Math.max(film.columns, film.rows));
  const size = {
    columns: Math.max(1, Math.round(film.columns * zoom)),
    rows: Math.max(1, Math.round(film.rows * zoom)),
  };
  const { pixels, columns, rows } = greyPicture(film, size);
  return plainFilm(columns, rows, pixels);
}

/** Keeps small pictures of what was wrong. */
async function keepMissed(folder: string): Promise<Missed> {
  await mkdir(folder, { recursive: true });
  // Numbered, as the draws of one film have one name.
  let kept = 0;
  return async (name, film) => {
    const { columns, rows, samples } = shrinkFilm(film, 300);
    await writeFile(
      join(folder, `${name}-${++kept}.png`),
      await encodePng(Uint8Array.from(samples), columns, rows),
    );
  };
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { figures: { type: 'string' }, export: { type: 'string' }, missed: { type: 'string' } },
  });
  const [data] = positionals;
  if (data === undefined)
    throw new Error('usage: evaluate-view.ts DATA [--figures FILE | --export FOLDER] [--missed FOLDER]');
  if (values.export !== undefined) await exportDicom(data, values.export);
  else {
    const missed = values.missed === undefined ? undefined : await keepMissed(values.missed);
    const text = `${JSON.stringify(await evaluateViews(data, missed), null, 1)}\n`;
    if (values.figures !== undefined) await writeFile(values.figures, text);
    process.stdout.write(text);
  }
}
