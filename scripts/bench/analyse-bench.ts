import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';
import { readConfig } from '../../src/config.ts';
import type { StageTimings } from '../../src/exam/analysis.ts';
import { startWorkerPool } from '../../src/inference/worker-pool.ts';
import { openLog } from '../../src/telemetry.ts';
import { workerSettings } from '../../src/worker-settings.ts';
import type { Catalogue } from '../phantom/fixture-catalogue.ts';
import { median, rounded } from './statistics.ts';

/** What the bench of the analysis found; films are the uncompressed panoramic fixtures. */
export interface AnalyseFigures {
  readonly workers: number;
  readonly films: number;
  readonly filmsPerSecond: number;
  /** Medians over all films and rounds, milliseconds. */
  readonly stagesMs: Readonly<Record<keyof StageTimings, number>>;
}

/** Films a second from files on disk to measurements, with a worker on every core; the median of the rounds. */
export async function benchAnalyse(rounds: number): Promise<AnalyseFigures> {
  const folder = join(PROJECT_FOLDER, 'dicom-fixtures');
  const catalogue = JSON.parse(await readFile(join(folder, 'catalogue.json'), 'utf8')) as Catalogue;
  const paths = catalogue.fixtures
    .filter((entry) => entry.recipe.kind === 'panoramic' && entry.truth !== null)
    .map((entry) => join(folder, entry.file));
  const settings = workerSettings(readConfig().config);
  const pool = await startWorkerPool({ ...settings, clock: systemClock, log: openLog('error') });
  const speeds: number[] = [];
  const timings: StageTimings[] = [];
  try {
    // The first round warms the workers up and is not counted.
    for (let round = 0; round <= rounds; round += 1) {
      const queue = [...paths];
      const startedAt = performance.now();
      const drain = async (): Promise<void> => {
        for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
          const request = { id: path, path, source: 'dicom', options: {}, scratchFolder: null } as const;
          const { analysis } = await pool.analyse({ ...request, skipEligibility: true });
          if (round > 0) timings.push(analysis.timingsMs);
        }
      };
      await Promise.all(Array.from({ length: 2 * settings.workers }, drain));
      if (round > 0) speeds.push((paths.length * 1000) / (performance.now() - startedAt));
    }
  } finally {
    await pool.close(1000);
  }
  const stage = (name: keyof StageTimings) => rounded(median(timings.map((timing) => timing[name])));
  return {
    workers: settings.workers,
    films: paths.length,
    filmsPerSecond: rounded(median(speeds)),
    stagesMs: {
      read: stage('read'),
      decode: stage('decode'),
      prepare: stage('prepare'),
      inference: stage('inference'),
      measure: stage('measure'),
      report: stage('report'),
      total: stage('total'),
    },
  };
}
