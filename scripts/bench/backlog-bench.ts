import { join } from 'node:path';
import type { FilmTemplate } from '../fault-plan/invented-film.ts';
import { type BenchPart, type BenchSize, inFolder, say } from './bench-run.ts';
import { processTree, startBenchService } from './bench-service.ts';
import { openHeldFilms } from './held-films.ts';
import { readFixtureFilms } from './panoramic-films.ts';
import { peakRssMb } from './process-figures.ts';
import { allowedCores } from './processor-cores.ts';
import { judge } from './targets.ts';

const QUEUED_FEW = 100;
const QUEUED_MANY = 10_000;
const PAGES = ['/api/exams?limit=500', '/api/referrals', '/api/status'];

/** Peak memory, MB: of the service's own process, and of the largest of its workers. */
interface Peaks {
  readonly service: number;
  readonly worker: number;
}

/**
 * Peak resident memory of each process over the same work, with many exams queued and with few. Each round begins with
 * fresh services; what lies behind the films that are read are rows that point at one object.
 */
export async function benchBacklog(size: BenchSize): Promise<BenchPart> {
  const films = await readFixtureFilms();
  const count = films.length * (size.quick ? 1 : 3);
  const few: Peaks[] = [];
  const many: Peaks[] = [];
  for (let round = 1; round <= size.rounds; round += 1) {
    for (const [peaks, queued] of [
      [few, QUEUED_FEW],
      [many, QUEUED_MANY],
    ] as const) {
      say(`backlog: round ${round} of ${size.rounds}, ${count} films of ${queued} queued exams`);
      peaks.push(await measurePeaks(films, count, queued));
    }
  }
  const ratios = (of: keyof Peaks) =>
    many.map((peaks, round) => peaks[of] / (few[round]?.[of] ?? Number.NaN));
  return {
    figures: [
      judge('backlog.rss', ratios('service'), 'service'),
      judge('backlog.rss', ratios('worker'), 'worker'),
    ],
    details: { filmsRead: count, peakMb: { [QUEUED_FEW]: few, [QUEUED_MANY]: many } },
  };
}

function measurePeaks(films: readonly FilmTemplate[], count: number, queued: number): Promise<Peaks> {
  return inFolder(async (folder) => {
    const data = join(folder, 'data');
    const held = await openHeldFilms(data, films);
    const name = await held.queue(count, queued - count);
    const service = await startBenchService(data, allowedCores().length);
    try {
      await held.finishedMs(name, Math.floor(count / 2));
      for (const page of PAGES) await (await fetch(new URL(page, service.ready.http.url))).arrayBuffer();
      await held.finishedMs(name, count);
      const [parent, ...workers] = await processTree(service.process.pid ?? 0);
      const peaks = await Promise.all(workers.map(peakRssMb));
      return { service: await peakRssMb(parent ?? 0), worker: Math.max(...peaks) };
    } finally {
      await held.close();
      await service.stop();
    }
  });
}
