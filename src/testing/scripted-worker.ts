/**
 * A worker that does what the path of each film says: `answer`, `crash`, `hang` (waits for ever), `spin` (burns
 * CPU for ever), `fail`, `leave-out`, `rubbish`, `wait-<ms>`, `write-<ms>`
 * (computes nothing and is so long in writing what was made). `shadow-answer`, `shadow-crash`, `shadow-hang`,
 * `shadow-fail` and `shadow-wait-<ms>` answer, and a model in shadow does that afterwards. A batch does the worst thing that any of its films
 * asks for, as a real one would. The setup can make it die at its start.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { systemClock } from '../clock.ts';
import { TriageError } from '../errors.ts';
import type { AnalysisResult } from '../exam/analysis.ts';
import type { BatchItem, BatchItemResult, ShadowItemResult } from '../../workers/messages.ts';
import { serveParent } from '../../workers/service-link.ts';

/** What the test tells the worker at its start. */
export interface ScriptedSetup {
  /** One line a start is added here; the worker dies while there are at most `startsThatDie` lines. */
  readonly startsFile?: string;
  readonly startsThatDie?: number;
  readonly unfit?: boolean;
  /** Stands in every answer as the bits stored of its image. */
  readonly mark?: number;
}

let mark = 8;

/** How long what was made of a batch is being written. */
async function write(items: readonly BatchItem[], results: BatchItemResult[]): Promise<BatchItemResult[]> {
  for (const { request } of items) {
    const waitMs = Number(/^write-(\d+)$/.exec(request.path)?.[1] ?? 0);
    if (waitMs > 0) await systemClock.sleep(waitMs);
  }
  return results;
}

async function obey(items: readonly BatchItem[]): Promise<BatchItemResult[]> {
  const commands = items.map((item) => item.request.path);
  if (commands.includes('crash')) process.kill(process.pid, 'SIGSEGV');
  if (commands.includes('crash') || commands.includes('hang')) await new Promise(() => undefined);
  for (let spinning = commands.includes('spin'); spinning;) spinning = process.pid > 0;
  if (commands.includes('rubbish')) process.send?.({ type: 'rubbish' });
  for (const command of commands) {
    const waitMs = Number(/^wait-(\d+)$/.exec(command)?.[1] ?? 0);
    if (waitMs > 0) await systemClock.sleep(waitMs);
  }
  return items.flatMap((item): BatchItemResult[] => {
    if (item.request.path === 'leave-out') return [];
    if (item.request.path === 'fail') {
      return [{ key: item.key, failure: { code: 'not-part-10', message: 'asked to fail' } }];
    }
    return [{ key: item.key, reply: { analysis: analysisOf(item, items.length), artefacts: null } }];
  });
}

async function obeyInShadow(items: readonly BatchItem[]): Promise<ShadowItemResult[]> {
  const commands = items.map((item) => item.request.path.replace('shadow-', ''));
  if (commands.includes('crash')) process.kill(process.pid, 'SIGSEGV');
  if (commands.includes('crash') || commands.includes('hang')) await new Promise(() => undefined);
  for (const command of commands) await systemClock.sleep(Number(/^wait-(\d+)$/.exec(command)?.[1] ?? 0));
  return items.map((item, at): ShadowItemResult => {
    if (commands[at] === 'fail') {
      return { key: item.key, failure: { code: 'inference-failed', message: 'asked to fail' } };
    }
    return { key: item.key, analysis: { ...analysisOf(item, items.length), outcome: 'positive' } };
  });
}

function analysisOf(item: BatchItem, batchSize: number): AnalysisResult {
  return {
    schema: 'osteotriage.analysis/1',
    file: item.request.id,
    sopInstanceUid: null,
    image: { columns: batchSize, rows: process.pid, bitsStored: mark },
    view: null,
    spacing: { mmPerPx: null, source: 'none' },
    outcome: 'negative',
    reasons: [],
    panoramic: null,
    spine: null,
    boneDensity: null,
    quality: { usable: true, problems: [] },
    models: [],
    timingsMs: { read: 0, decode: 0, prepare: 0, inference: 0, measure: 0, report: 0, total: 0 },
  };
}

serveParent({
  prepare: (setup) => {
    const { startsFile, startsThatDie = 0, unfit = false } = setup as ScriptedSetup;
    mark = (setup as ScriptedSetup).mark ?? 8;
    if (unfit) throw new TriageError('model-invalid', 'asked to be unfit');
    if (startsFile !== undefined) {
      appendFileSync(startsFile, `${process.pid}\n`);
      const starts = readFileSync(startsFile, 'utf8').trim().split('\n').length;
      if (starts <= startsThatDie) process.exit(9);
    }
    return Promise.resolve({
      models: [{ name: 'scripted', version: '1.0.0', sha256: 'a'.repeat(64) }],
      unloaded: [],
      executionProvider: 'scripted',
      device: 'scripted',
      rssBytes: 0,
      warnings: [],
    });
  },
  fetch: () => undefined,
  analyse: async (items) => ({
    results: write(items, await obey(items)),
    shadow: items.some(({ request }) => request.path.startsWith('shadow-'))
      ? () => obeyInShadow(items)
      : null,
  }),
  forget: () => undefined,
  calibrate: () =>
    Promise.resolve([
      { items: 1, runMs: 10 },
      { items: 2, runMs: 11 },
      { items: 4, runMs: 22 },
    ]),
});
