import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../src/clock.ts';
import { readConfig } from '../src/config.ts';
import { TriageError } from '../src/errors.ts';
import { findModel, PANORAMIC_MODEL } from '../src/inference/model-registry.ts';
import { PROJECT_FOLDER } from '../src/project-folder.ts';
import { installForamenModel, installVersion } from '../src/testing/model-fixtures.ts';
import { workerSettings } from '../src/worker-settings.ts';
import { type BatchTools, computeBatch } from './analyse-film.ts';
import type { AnalysisReply, BatchItem, ShadowItemResult } from './messages.ts';
import { modelSetOf } from './model-set.ts';
import { type ModelSession, openSession } from './onnx-session.ts';

let folder: string;
let session: ModelSession;
let foramen: ModelSession;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'osteotriage-shadow-'));
  session = await openVersion('1.0.0');
  installForamenModel(folder);
  foramen = await openSession(await findModel(folder, 'mental-foramen'), ['cpu']);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function openVersion(version: string, change = {}): Promise<ModelSession> {
  installVersion(folder, version, change);
  return openSession(await findModel(folder, PANORAMIC_MODEL, version), ['cpu']);
}

function item(name: string, key: number): BatchItem {
  const path = join(PROJECT_FOLDER, 'dicom-fixtures', name);
  return { key, request: { id: name, path, source: 'dicom', options: {}, scratchFolder: null } };
}

async function run(shadow: ModelSession | undefined, ...names: string[]) {
  const { setup } = workerSettings(readConfig({}, {}).config);
  const tools: BatchTools = {
    models: modelSetOf([session, foramen]),
    setup,
    clock: systemClock,
    ...(shadow === undefined ? {} : { shadows: [shadow] }),
  };
  const items = names.map((name, key) => item(name, key));
  const { results, shadow: follow } = await computeBatch(items, tools, Promise.resolve());
  const replies = (await results).map((result) => ('reply' in result ? result.reply : null));
  return { replies, shadows: follow === null ? null : await follow() };
}

function readingOf(reply: AnalysisReply | ShadowItemResult | null | undefined) {
  if (reply == null || !('analysis' in reply)) return null;
  return { ...reply.analysis, timingsMs: null, models: null };
}

describe('a model in shadow', () => {
  it('makes of a film what it would have made of it alone, and names itself', async () => {
    const same = await openVersion('1.1.0');
    const { replies, shadows } = await run(same, '02-thin-cortex.dcm');
    expect(shadows?.map(readingOf)).toEqual(replies.map(readingOf));
    const versions = (shadows ?? []).map((one) => ('analysis' in one ? one.analysis.models : []));
    expect(versions).toEqual([[same.model.identity, foramen.model.identity]]);
    expect(replies[0]?.analysis.models).toEqual([session.model.identity, foramen.model.identity]);
  });

  it('goes by its own thresholds and prepares the film by its own steps', async () => {
    const shy = await openVersion('1.2.0', { panoramicThreshold: 1 });
    const { preparation } = shy.model.manifest;
    const manifest = { ...shy.model.manifest, preparation: { ...preparation, percentileHigh: 97 } };
    const seen: number[] = [];
    const watched: ModelSession = {
      ...shy,
      model: { ...shy.model, manifest },
      run: (films) => {
        seen.push(films[0]!.filter((value) => value === 1).length);
        return shy.run(films);
      },
    };
    const usual: number[] = [];
    const other: ModelSession = {
      ...shy,
      run: (films) => {
        usual.push(films[0]!.filter((value) => value === 1).length);
        return shy.run(films);
      },
    };
    const { replies, shadows } = await run(watched, '02-thin-cortex.dcm');
    await run(other, '02-thin-cortex.dcm');
    expect(replies[0]?.analysis.outcome).toBe('positive');
    expect(readingOf(shadows?.[0])).toMatchObject({ outcome: 'not-assessable', panoramic: null });
    // A lower upper percentile saturates more of the picture.
    expect(seen[0]!).toBeGreaterThan(usual[0]!);
  });

  it('sees no film that ended before the model, and none at all where there is no shadow', async () => {
    const same = await openVersion('1.1.0');
    expect((await run(same, '09-child.dcm')).shadows).toBeNull();
    expect((await run(undefined, '02-thin-cortex.dcm')).shadows).toBeNull();
    const { shadows } = await run(same, '09-child.dcm', '02-thin-cortex.dcm');
    expect(shadows?.map(({ key }) => key)).toEqual([1]);
  });

  it('fails on its own: the result of the film stands, and the reason has no foreign text', async () => {
    const broken: ModelSession = {
      ...session,
      run: () => Promise.reject(new Error('Påhittad^Åsa')),
    };
    const { replies, shadows } = await run(broken, '02-thin-cortex.dcm');
    expect(replies[0]?.analysis.outcome).toBe('positive');
    expect(shadows).toEqual([
      {
        key: 0,
        failure: { code: 'inference-failed', message: 'the shadow failed on a film (inference-failed)' },
      },
    ]);
    const slow: ModelSession = {
      ...session,
      run: () => Promise.reject(new TriageError('model-invalid', 'x')),
    };
    expect((await run(slow, '02-thin-cortex.dcm')).shadows).toMatchObject([
      { failure: { code: 'model-invalid' } },
    ]);
  });
});
