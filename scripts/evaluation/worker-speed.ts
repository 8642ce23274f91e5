import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StageTimings } from '../../src/exam/analysis.ts';
import { allowedCores } from '../bench/processor-cores.ts';
import { startLoneWorker } from '../bench/stage-times.ts';
import { median, rounded } from '../bench/statistics.ts';
import type { FilmTemplate } from '../fault-plan/invented-film.ts';

/** How long a worker of the service takes that is held to one core; medians, milliseconds. */
export interface WorkerSpeed {
  readonly processor: string;
  readonly films: number;
  /** `total` is the median of the films' own sums. */
  readonly stagesMs: StageTimings;
  /** Prepare, inference and measure together. */
  readonly analysisMs: number;
  /** From the file to the numbers: every stage but the report. */
  readonly filmMs: number;
  /** Processor time with the report: it tells on a busy machine, too. */
  readonly processorMs: number;
}

/** Films before the first that counts. */
export const WARM_UP = 3;

/** Times every stage over so many films made from the templates, with all models that are shipped. */
export async function timeWorker(templates: readonly FilmTemplate[], films: number): Promise<WorkerSpeed> {
  const folder = await mkdtemp(join(tmpdir(), 'osteotriage-speed-'));
  const worker = await startLoneWorker(folder, templates, allowedCores()[0] ?? 0);
  try {
    await worker.measure(WARM_UP);
    const measured = await worker.measure(films);
    const middle = (figure: (stages: StageTimings) => number): number =>
      rounded(median(measured.map(({ stagesMs }) => figure(stagesMs))));
    return {
      processor: cpus()[0]?.model ?? 'unknown',
      films,
      stagesMs: {
        read: middle(({ read }) => read),
        decode: middle(({ decode }) => decode),
        prepare: middle(({ prepare }) => prepare),
        inference: middle(({ inference }) => inference),
        measure: middle(({ measure }) => measure),
        report: middle(({ report }) => report),
        total: middle(({ total }) => total),
      },
      analysisMs: middle(({ prepare, inference, measure }) => prepare + inference + measure),
      filmMs: middle(({ total, report }) => total - report),
      processorMs: rounded(median(measured.map(({ processorMs }) => processorMs))),
    };
  } finally {
    await worker.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
