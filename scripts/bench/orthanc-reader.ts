import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FSWatcher, watch } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { startOrthanc } from '../../src/testing/orthanc.ts';
import type { FilmReader } from './sent-films.ts';

/** An Orthanc with the script of orthanc-script.ts; its results are files, seen when they get their names. */
export async function startOrthancReader(
  program: string,
  modelFolder: string,
  resultFolder: string,
): Promise<FilmReader> {
  await mkdir(resultFolder, { recursive: true });
  const orthanc = await startOrthanc(program);
  const script = join(import.meta.dirname, 'orthanc-script.ts');
  const child = spawn(process.execPath, [script, orthanc.url, modelFolder, resultFolder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const cut = (): void => void child.kill('SIGKILL');
  process.once('exit', cut);
  await once(child.stdout, 'data');
  const results = watchNames(resultFolder);
  return {
    peer: { host: orthanc.host, port: orthanc.dicomPort, calledAeTitle: orthanc.aeTitle },
    seenAtMs: ({ header }, waitMsMax) => results.seenAtMs(`${header.sopInstanceUid}.json`, waitMsMax),
    async close() {
      results.watcher.close();
      process.off('exit', cut);
      cut();
      await orthanc.stop();
    },
  };
}

function watchNames(folder: string): {
  readonly watcher: FSWatcher;
  seenAtMs(name: string, waitMsMax: number): Promise<number>;
} {
  const seen = new Map<string, number>();
  const waiters = new Map<string, (atMs: number) => void>();
  const watcher = watch(folder, (_, name) => {
    if (name === null || seen.has(name)) return;
    seen.set(name, Date.now());
    waiters.get(name)?.(Date.now());
  });
  return {
    watcher,
    async seenAtMs(name, waitMsMax) {
      const known = seen.get(name);
      if (known !== undefined) return known;
      const { promise, resolve } = Promise.withResolvers<number>();
      waiters.set(name, resolve);
      const late = delay(waitMsMax, undefined, { ref: false }).then(() => {
        throw new Error(`Orthanc's script wrote no result within ${waitMsMax} ms`);
      });
      return Promise.race([promise, late]);
    },
  };
}
