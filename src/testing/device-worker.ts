/**
 * A worker whose device is simulated: a run takes a fixed launch and so much an item, and costs no processor. The pool
 * before it is the real one, with its processes and messages. Each answer says when its run began and ended, in
 * milliseconds of the worker's own clock.
 */
import { systemClock } from '../clock.ts';
import { unreadAnalysis } from '../exam/analysis.ts';
import type { BatchItem, BatchItemResult } from '../../workers/messages.ts';
import { serveParent } from '../../workers/service-link.ts';
import type { DeviceCost } from './simulated-device.ts';

let cost: DeviceCost = { launchMs: 0, itemMs: 0 };

async function run(items: readonly BatchItem[]): Promise<BatchItemResult[]> {
  const startMs = systemClock.monotonicMs();
  await systemClock.sleep(cost.launchMs + cost.itemMs * items.length);
  const endMs = systemClock.monotonicMs();
  const timingsMs = {
    read: startMs,
    decode: 0,
    prepare: 0,
    inference: endMs,
    measure: 0,
    report: 0,
    total: 0,
  };
  return items.map(({ key, request }) => {
    const end = { outcome: 'negative' as const, reason: { code: 'simulated', text: '' }, problems: [] };
    return { key, reply: { analysis: { ...unreadAnalysis(request.id, end), timingsMs }, artefacts: null } };
  });
}

serveParent({
  prepare: (setup) => {
    cost = setup as DeviceCost;
    return Promise.resolve({
      ...{
        models: [],
        unloaded: [],
        executionProvider: 'simulated',
        device: 'simulated',
        rssBytes: 0,
        warnings: [],
      },
    });
  },
  fetch: () => undefined,
  analyse: async (items) => ({ results: Promise.resolve(await run(items)), shadow: null }),
  forget: () => undefined,
  calibrate: () => Promise.resolve([]),
});
