import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PANORAMIC_MODEL } from '../../src/inference/model-registry.ts';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';
import type { FilmTemplate } from '../fault-plan/invented-film.ts';
import { type BenchPart, type BenchSize, inFolder, roundsOf, say } from './bench-run.ts';
import { processTree, startBenchService } from './bench-service.ts';
import { finishRate } from './fair-share.ts';
import { openHeldFilms } from './held-films.ts';
import { drawLateralFilms } from './lateral-films.ts';
import { drawPhantoms, readFixtureFilms } from './panoramic-films.ts';
import { allowedCores } from './processor-cores.ts';
import { cpuSeconds } from './process-figures.ts';
import { type LoneFilm, meanStages, startLoneWorker } from './stage-times.ts';
import { mean, rounded } from './statistics.ts';
import { type Figure, judge } from './targets.ts';

interface FilmSet {
  readonly name: string;
  readonly films: () => Promise<readonly FilmTemplate[]>;
}

/**
 * The films that each model reads. A model that is installed and is not named here has no figure, and fails for it; one
 * that reads the films of others with them has none of its own.
 */
const FILM_SETS: Readonly<Record<string, readonly FilmSet[]>> = {
  [PANORAMIC_MODEL]: [
    { name: 'phantoms 2900 x 1250, 12 bit, uncompressed', films: drawPhantoms },
    { name: 'fixtures in all transfer syntaxes', films: readFixtureFilms },
  ],
  'vertebra-finder': [{ name: 'lateral spines 2500 x 3000, 12 bit, uncompressed', films: drawLateralFilms }],
  'vertebra-points': [],
  'film-view': [],
};

/**
 * Films a second of the whole service, a worker on every core, from files on disk to row, reports and pictures, over
 * what the cores would do if each did nothing but the stages of one film after the other. The stages are timed in the
 * same run by a lone worker held to one core, its rounds between those of the service. What the parent process costs
 * is part of the loss.
 */
export async function benchEngine(size: BenchSize): Promise<BenchPart> {
  const figures: Figure[] = [];
  const details: unknown[] = [];
  const installed = await readdir(join(PROJECT_FOLDER, 'models'), { withFileTypes: true });
  for (const model of installed.filter((entry) => entry.isDirectory() && entry.name !== 'training')) {
    const sets = FILM_SETS[model.name];
    if (sets === undefined) figures.push(judge('engine.efficiency', [], model.name));
    for (const set of sets ?? []) {
      const part = await inFolder((folder) => benchFilmSet(folder, `${model.name}, ${set.name}`, set, size));
      figures.push(...part.figures);
      details.push(part.details);
    }
  }
  return { figures, details };
}

async function benchFilmSet(folder: string, name: string, set: FilmSet, size: BenchSize): Promise<BenchPart> {
  const cores = allowedCores();
  const templates = await set.films();
  // Each round takes every film equally often, in the service and alone.
  const turns = (films: number) => templates.length * Math.max(1, Math.round(films / templates.length));
  const [count, aloneCount] = size.quick ? [turns(6), turns(2)] : [turns(40), turns(12)];
  const held = await openHeldFilms(join(folder, 'data'), templates);
  const service = await startBenchService(join(folder, 'data'), cores.length);
  const worker = await startLoneWorker(join(folder, 'alone'), templates, cores[0] ?? 0);
  const rates: number[] = [];
  const efficiencies: number[] = [];
  const alone: LoneFilm[] = [];
  let spent = { service: 0, workers: 0 };
  try {
    for (const { round, counts } of roundsOf(size)) {
      say(`engine: ${name}: round ${round} of ${size.rounds}, ${count} films, ${aloneCount} alone`);
      const stages = await worker.measure(aloneCount);
      const filmsPerSecond = finishRate(await held.finishedMs(await held.queue(count), count));
      if (!counts) {
        spent = await processorTime(service.process.pid ?? 0);
        continue;
      }
      rates.push(filmsPerSecond);
      alone.push(...stages);
      efficiencies.push((filmsPerSecond * meanStages(stages).total) / 1000 / cores.length);
    }
    const now = await processorTime(service.process.pid ?? 0);
    spent = { service: now.service - spent.service, workers: now.workers - spent.workers };
  } finally {
    await worker.stop();
    await held.close();
    await service.stop();
  }
  return {
    figures: [judge('engine.efficiency', efficiencies, name), judge('engine.filmsPerSecond', rates, name)],
    details: {
      films: name,
      ...{ workers: cores.length, filmsEachRound: count, stagesMs: meanStages(alone) },
      aloneRoundTripMs: rounded(mean(alone.map(({ roundTripMs }) => roundTripMs))),
      processorMsEachFilm: {
        alone: rounded(mean(alone.map(({ processorMs }) => processorMs))),
        service: rounded((1000 * spent.service) / (count * size.rounds)),
        workers: rounded((1000 * spent.workers) / (count * size.rounds)),
      },
      stagesAre:
        'means of one worker that reads one film at a time, held to one core, timed between the rounds',
    },
  };
}

/** Seconds of processor time so far, of the service's own process and of its workers. */
async function processorTime(pid: number): Promise<{ readonly service: number; readonly workers: number }> {
  const [parent = 0, ...workers] = await processTree(pid);
  const used = await Promise.all(workers.map(cpuSeconds));
  return { service: (await cpuSeconds(parent)).own, workers: used.reduce((sum, { own }) => sum + own, 0) };
}
