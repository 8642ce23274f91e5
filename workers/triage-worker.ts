/** Entry of a worker process: it reads, decodes, prepares, infers, measures and writes into its job's scratch folder. */
import { systemClock } from '../src/clock.ts';
import { TriageError } from '../src/errors.ts';
import { findModel, PANORAMIC_MODEL } from '../src/inference/model-registry.ts';
import { type BatchTools, computeBatch } from './analyse-film.ts';
import { FilmReader } from './film-reader.ts';
import { openSession } from './onnx-session.ts';
import { serveParent } from './service-link.ts';
import type { WorkerSetup } from './worker-setup.ts';

const reader = new FilmReader();
let tools: BatchTools | null = null;

serveParent({
  prepare: async (message) => {
    // The parent is this same program; the compiler checked on its side what it sends.
    const setup = message as WorkerSetup;
    const model = await findModel(setup.modelsFolder, PANORAMIC_MODEL, setup.modelPins[PANORAMIC_MODEL]);
    const session = await openSession(model, setup.executionProviders);
    tools = { session, setup, clock: systemClock, reader };
    const { executionProvider, device, warnings } = session;
    const rssBytes = process.memoryUsage.rss();
    return { models: [model.identity], executionProvider, device, rssBytes, warnings };
  },
  fetch: (items) => items.forEach((item) => reader.fetch(item)),
  analyse: async (items, earlier) => {
    if (tools === null) throw new TriageError('state-conflict', 'a batch came before the setup');
    return { ...(await computeBatch(items, tools, earlier)), shadow: null };
  },
  forget: (items) => items.forEach((item) => reader.forget(item)),
  calibrate: () => Promise.resolve([]),
});
