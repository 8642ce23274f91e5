import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServiceProcess, startServiceProcess } from '../../scripts/demo/service-process.ts';
import { systemClock } from '../clock.ts';
import { readConfig } from '../config.ts';
import { reassessExam } from '../database/revision-records.ts';
import type { Database } from '../database/schema.ts';
import { openSqlite } from '../database/sqlite.ts';
import { DEFAULT_DIMSE_LIMITS } from '../dimse/limits.ts';
import { sendFiles } from '../dimse/send-files.ts';
import type { AnalysisResult } from '../exam/analysis.ts';
import { PANORAMIC_MODEL } from '../inference/model-registry.ts';
import { PROJECT_FOLDER } from '../project-folder.ts';
import { installForamenModel, installVersion } from '../testing/model-fixtures.ts';
import { chooseShadow, chooseVersion, compareShadow, listModels, rollBack } from './model.ts';

const WAIT = { timeout: 60_000, interval: 50 };
const CHANGED_OVER = 'the workers changed over to the models that are chosen';

let folder: string;
let dataFolder: string;
let modelsFolder: string;
let service: ServiceProcess;
let database: Kysely<Database>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-model-'));
  dataFolder = join(folder, 'data');
  modelsFolder = join(folder, 'models');
  await mkdir(dataFolder);
  installVersion(modelsFolder, '1.0.0');
  installForamenModel(modelsFolder);
  service = await startServiceProcess(dataFolder, {
    ...{ TRIAGE_WORKERS: '1', TRIAGE_BATCH_ITEMS_MAX: '1', TRIAGE_MODELS: modelsFolder },
    TRIAGE_DICOMWEB_PORT: '0',
  });
  database = openSqlite(join(dataFolder, 'osteotriage.sqlite'));
}, 60_000);
afterAll(async () => {
  await database.destroy();
  await service.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs `model …` beside the service; answers what it printed and with which status it ended. */
async function run(...words: string[]): Promise<{ readonly status: number; readonly text: string }> {
  const main = join(PROJECT_FOLDER, 'src', 'main.ts');
  const env = { ...process.env, TRIAGE_MODELS: modelsFolder };
  try {
    const command = [main, 'model', ...words, '--data', dataFolder];
    const { stdout } = await promisify(execFile)(process.execPath, command, { env });
    return { status: 0, text: stdout };
  } catch (thrown) {
    const { code, stderr } = thrown as { code: number; stderr: string };
    return { status: code, text: stderr };
  }
}

function config() {
  return readConfig({ data: dataFolder }, { TRIAGE_MODELS: modelsFolder }).config;
}

async function send(...names: string[]): Promise<void> {
  const { host, port, aeTitle } = service.ready.dimse;
  const paths = names.map((name) => join(PROJECT_FOLDER, 'dicom-fixtures', name));
  const results = sendFiles(paths, {
    peer: { host, port, calledAeTitle: aeTitle, callingAeTitle: 'TEST' },
    limits: DEFAULT_DIMSE_LIMITS,
    clock: systemClock,
    connectMsMax: 5000,
  });
  for await (const result of results) expect('error' in result ? result.error : 0).toBe(0);
}

/** Waits until the workers run these versions. */
async function changedOver(version: string, shadow?: string): Promise<void> {
  const last = async (): Promise<unknown> => {
    const lines = (await readFile(join(dataFolder, 'service.log'), 'utf8')).trim().split('\n');
    const line = lines.findLast((text) => text.includes(CHANGED_OVER)) ?? '{}';
    const { version: itsVersion, shadow: itsShadow } = JSON.parse(line) as Record<string, string>;
    return { version: itsVersion, shadow: itsShadow };
  };
  await expect.poll(last, WAIT).toEqual({ version, shadow });
}

async function exams() {
  const rows = await database.selectFrom('exams').selectAll().orderBy('sop_uid').execute();
  return rows.map(({ analysis_json: json, ...row }) => {
    const analysis = json === null ? null : (JSON.parse(json) as AnalysisResult);
    return { ...row, outcome: analysis?.outcome, version: analysis?.models[0]?.version };
  });
}

async function allDone(count: number): Promise<Awaited<ReturnType<typeof exams>>> {
  await expect
    .poll(async () => (await exams()).filter(({ state }) => state !== 'pending').length, WAIT)
    .toBe(count);
  return exams();
}

/** Has two films read again whenever they are done, with a pause that spares the machine, until told to stop; answers the versions that read it. */
function keepBusy(): { stop(): Promise<ReadonlyMap<string, readonly (string | undefined)[]>> } {
  const ended = new AbortController();
  const versions = new Map<string, (string | undefined)[]>();
  const work = (async () => {
    while (!ended.signal.aborted) {
      for (const { exam_id: id, state, version, revision } of (await exams()).slice(0, 2)) {
        if (state === 'pending') continue;
        const seen = versions.get(id) ?? [];
        seen[revision] = version;
        versions.set(id, seen);
        await reassessExam(database, id, systemClock.nowMs());
      }
      await systemClock.sleep(300);
    }
    return versions;
  })();
  return {
    stop: () => {
      ended.abort();
      return work;
    },
  };
}

async function choiceAndTrail() {
  const choices = await database.selectFrom('model_choices').selectAll().execute();
  const trail = await database
    .selectFrom('audit_trail')
    .select(['actor', 'action'])
    .where('subject', '=', `model ${PANORAMIC_MODEL}`)
    .execute();
  return { choices, trail };
}

describe('models of a service that runs', { timeout: 120_000 }, () => {
  it('change over with films in flight: none is lost, and each result names the version that read it', async () => {
    await send('01-wide-cortex.dcm', '02-thin-cortex.dcm', '04-porous-cortex.dcm');
    await allDone(3);
    const busy = keepBusy();
    installVersion(modelsFolder, '1.1.0');
    await changedOver('1.1.0');
    const versions = await busy.stop();
    for (const { exam_id: id, state, revision, version } of await allDone(3)) {
      expect(['positive', 'negative']).toContain(state);
      // Every reading ended with a result, by one version and then by the other.
      const seen = [...(versions.get(id) ?? []).slice(0, revision), version];
      expect(seen).toHaveLength(revision + 1);
      const known = seen.filter((one) => one === '1.0.0' || one === '1.1.0');
      expect(known).toEqual(seen);
      expect(seen).toEqual(known.sort());
      await reassessExam(database, id, systemClock.nowMs());
    }
    expect((await allDone(3)).map(({ version }) => version)).toEqual(['1.1.0', '1.1.0', '1.1.0']);
    const contour = (await listModels(config())).find(({ name }) => name === PANORAMIC_MODEL);
    expect(contour).toMatchObject({ active: '1.1.0', chosen: null, previous: '1.0.0' });
  });

  it('roll back by one command', async () => {
    const { status, text } = await run('rollback', PANORAMIC_MODEL, '--json');
    expect(status).toBe(0);
    expect(JSON.parse(text)).toMatchObject({ active: '1.0.0', previous: '1.1.0' });
    expect((await run('list')).text).toMatch(/1\.0\.0 +works +digest.*\n.*1\.1\.0 +worked before +digest/);
    await changedOver('1.0.0');
    const [film] = await exams();
    await reassessExam(database, film?.exam_id ?? '', systemClock.nowMs());
    expect((await allDone(3))[0]).toMatchObject({ version: '1.0.0' });
    expect((await choiceAndTrail()).trail.at(-1)).toEqual({
      actor: 'operator',
      action: 'model roll back to 1.0.0',
    });
  });

  it('stay as they are when a version is chosen that is missing, spoilt, or does not give what it gave', async () => {
    installVersion(modelsFolder, '1.3.0', { goldenPanoramic: 0.7 });
    installVersion(modelsFolder, '1.4.0', { spoilt: true });
    const before = await choiceAndTrail();
    const refused = await run('use', PANORAMIC_MODEL, '1.3.0');
    expect(refused.status).toBe(1);
    expect(refused.text).toContain('on its golden input instead of 0.7');
    const spoilt = expect.objectContaining({ code: 'model-invalid' }) as unknown;
    await expect(chooseVersion(config(), PANORAMIC_MODEL, '1.4.0')).rejects.toEqual(spoilt);
    await expect(chooseShadow(config(), PANORAMIC_MODEL, '1.4.0')).rejects.toEqual(spoilt);
    await expect(chooseVersion(config(), PANORAMIC_MODEL, '9.9.9')).rejects.toThrow('not installed');
    await expect(chooseShadow(config(), PANORAMIC_MODEL, '1.0.0')).rejects.toThrow(
      'is the version that works',
    );
    await expect(rollBack(config(), 'nobody')).rejects.toThrow('no use for a model nobody');
    await expect(compareShadow(config(), PANORAMIC_MODEL, '9.9.9')).rejects.toThrow(
      '9.9.9 has run in shadow',
    );
    expect(await choiceAndTrail()).toEqual(before);
  });

  it('run a version in shadow: what it says is stored and compared, and nobody is referred for it', async () => {
    // A version that takes nothing for a panoramic film counts; in its shadow one that calls a film positive.
    installVersion(modelsFolder, '1.2.0', { panoramicThreshold: 1 });
    await chooseVersion(config(), PANORAMIC_MODEL, '1.2.0');
    await chooseShadow(config(), PANORAMIC_MODEL, '1.0.0');
    await changedOver('1.2.0', '1.0.0');
    const referralsBefore = await database.selectFrom('referral_exams').selectAll().execute();
    const knownBefore = new Set((await exams()).map(({ exam_id: id }) => id));
    await send('12-rle.dcm');
    const film = (await allDone(4)).find(({ exam_id: id }) => !knownBefore.has(id));
    expect(film).toMatchObject({ state: 'not-assessable', version: '1.2.0' });
    const shadows = () => database.selectFrom('shadow_results').selectAll().execute();
    await expect.poll(async () => (await shadows()).length, WAIT).toBe(1);
    expect((await shadows())[0]).toMatchObject({
      exam_id: film?.exam_id,
      ...{ version: '1.0.0', active_version: '1.2.0', outcome: 'positive' },
    });
    expect(await database.selectFrom('referral_exams').selectAll().execute()).toEqual(referralsBefore);
    expect(await compareShadow(config(), PANORAMIC_MODEL)).toMatchObject({
      ...{ activeVersion: '1.2.0', shadowVersion: '1.0.0', films: 1, sameOutcome: 0 },
      onlyShadowPositive: { films: 1, examIds: [film?.exam_id] },
    });
    const { text } = await run('list');
    expect(text).toContain('for 0 of 1 films');
    await fetch(new URL('/studies', service.ready.dicomweb.url ?? ''));
    const metrics = await (await fetch(new URL('metrics', service.ready.http.url))).text();
    expect(metrics).toContain('osteotriage_shadow_films_total{result="another outcome"} 1');
    expect(metrics).toContain('osteotriage_batch_items_max 1');
    expect(metrics).toContain('osteotriage_dicomweb_requests_total{method="GET",status="200"} 1');
    expect(metrics).toMatch(/osteotriage_associations_total\{result="accepted"\} 2/);
  });

  it('are chosen by one command at a time: the slower one is told, and the choice of the other stands', async () => {
    const answers = await Promise.allSettled([
      chooseVersion(config(), PANORAMIC_MODEL, '1.1.0'),
      chooseVersion(config(), PANORAMIC_MODEL, '1.0.0'),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(answers.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'state-conflict', message: expect.stringContaining('somebody else') as unknown },
    });
  });
});
