/** Entry of a worker process: it reads, decodes, prepares, infers, measures and writes into its job's scratch folder. */
import { systemClock } from '../src/clock.ts';
import { TriageError } from '../src/errors.ts';
import { type BatchTools, computeBatch } from './analyse-film.ts';
import { FilmReader } from './film-reader.ts';
import { modelSetOf, openModels } from './model-set.ts';
import type { ModelSession } from './onnx-session.ts';
import { serveParent } from './service-link.ts';
import { timeBatches } from './time-batches.ts';
import type { WorkerSetup } from './worker-setup.ts';

const reader = new FilmReader();
let tools: BatchTools | null = null;
/** The first model, that of panoramic films where there is one: by it the size of batches is chosen. */
let calibrated: ModelSession | null = null;

serveParent({
  prepare: async (message) => {
    // The parent is this same program; the compiler checked on its side what it sends.
    const setup = message as WorkerSetup;
    const { sessions, shadows, unloaded, warnings } = await openModels(setup);
    const [first] = sessions;
    if (first === undefined) throw new TriageError('model-missing', 'there is no model that can be used');
    calibrated = first;
    tools = { models: modelSetOf(sessions), shadows, setup, clock: systemClock, reader };
    const { executionProvider, device } = first;
    const models = sessions.map(({ model }) => model.identity);
    const rssBytes = process.memoryUsage.rss();
    return { models, unloaded, executionProvider, device, rssBytes, warnings };
  },
  fetch: (items) => items.forEach((item) => reader.fetch(item)),
  analyse: async (items, earlier) => {
    if (tools === null) throw new TriageError('state-conflict', 'a batch came before the setup');
    return computeBatch(items, tools, earlier);
  },
  forget: (items) => items.forEach((item) => reader.forget(item)),
  calibrate: () => {
    if (calibrated === null) throw new TriageError('state-conflict', 'a calibration came before the setup');
    return timeBatches(calibrated, systemClock);
  },
});
