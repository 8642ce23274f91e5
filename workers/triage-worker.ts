/** Entry of a worker process: it reads, decodes, prepares, infers, measures and writes into its job's scratch folder. */
import { systemClock } from '../src/clock.ts';
import { TriageError } from '../src/errors.ts';
import { findModel, PANORAMIC_MODEL } from '../src/inference/model-registry.ts';
import { analyseBatch, type BatchTools } from './analyse-film.ts';
import { openSession } from './onnx-session.ts';
import { serveParent } from './service-link.ts';
import type { WorkerSetup } from './worker-setup.ts';

let tools: BatchTools | null = null;

serveParent({
  prepare: async (message) => {
    // The parent is this same program; the compiler checked on its side what it sends.
    const setup = message as WorkerSetup;
    const model = await findModel(setup.modelsFolder, PANORAMIC_MODEL, setup.modelPins[PANORAMIC_MODEL]);
    const session = await openSession(model, setup.executionProviders);
    tools = { session, setup, clock: systemClock };
    const { executionProvider, device, warnings } = session;
    return { models: [model.identity], executionProvider, device, warnings };
  },
  analyse: async (items) => {
    if (tools === null) throw new TriageError('state-conflict', 'a batch came before the setup');
    return { results: await analyseBatch(items, tools), shadow: null };
  },
});
