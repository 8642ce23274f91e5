import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { readConfig } from '../../src/config.ts';
import type { StageTimings } from '../../src/exam/analysis.ts';
import { startWorkerPool } from '../../src/inference/worker-pool.ts';
import { openLog } from '../../src/telemetry.ts';
import { workerSettings } from '../../src/worker-settings.ts';
import type { FilmTemplate } from '../fault-plan/invented-film.ts';
import { nextFilm } from './panoramic-films.ts';
import { cpuSeconds } from './process-figures.ts';
import { holdToCores } from './processor-cores.ts';
import { mean, rounded } from './statistics.ts';

/** A film that a lone worker read, milliseconds. */
export interface LoneFilm {
  readonly stagesMs: StageTimings;
  /** Beyond the stages: messages between the processes, and what no stage counts. */
  readonly roundTripMs: number;
  /** Processor time of the worker with all its threads, which tells on a busy machine too. */
  readonly processorMs: number;
}

/** One worker that reads films one at a time, held to one core: nothing overlaps, no thread helps. */
export interface LoneWorker {
  /** What the stages of so many films took, report and pictures included, and what passed from asking to the answer. */
  measure(count: number): Promise<readonly LoneFilm[]>;
  stop(): Promise<void>;
}

/** Starts it; its pool is the service's own, so that the stages are the very same code. */
export async function startLoneWorker(
  folder: string,
  templates: readonly FilmTemplate[],
  core: number,
): Promise<LoneWorker> {
  await mkdir(folder, { recursive: true });
  const settings = workerSettings(readConfig({ workers: '1' }, {}).config);
  const pool = await startWorkerPool({ ...settings, clock: systemClock, log: openLog('error') });
  const [pid = 0] = pool.workerPids();
  holdToCores(pid, [core]);
  return {
    async measure(count) {
      const films: LoneFilm[] = [];
      for (let index = 0; index < count; index += 1) {
        const path = join(folder, `${index}.dcm`);
        const scratchFolder = join(folder, `scratch-${index}`);
        await mkdir(scratchFolder);
        await writeFile(path, nextFilm(templates, index).bytes);
        const request = { id: `lone-${index}`, path, source: 'dicom' as const, options: {}, scratchFolder };
        const usedBefore = (await cpuSeconds(pid)).own;
        const askedAtMs = performance.now();
        const { analysis } = await pool.analyse({ ...request, reportedAtMs: Date.now() });
        const roundTripMs = performance.now() - askedAtMs;
        const processorMs = 1000 * ((await cpuSeconds(pid)).own - usedBefore);
        films.push({ stagesMs: analysis.timingsMs, roundTripMs, processorMs });
        await rm(scratchFolder, { recursive: true });
        await rm(path);
      }
      return films;
    },
    stop: () => pool.close(1000),
  };
}

/** The mean of each stage over films, milliseconds; `total` is their sum. */
export function meanStages(films: readonly LoneFilm[]): StageTimings {
  const stage = (name: keyof StageTimings) => rounded(mean(films.map(({ stagesMs }) => stagesMs[name])));
  const stages = {
    read: stage('read'),
    decode: stage('decode'),
    prepare: stage('prepare'),
    inference: stage('inference'),
    measure: stage('measure'),
    report: stage('report'),
  };
  return { ...stages, total: rounded(Object.values(stages).reduce((sum, ms) => sum + ms, 0)) };
}
