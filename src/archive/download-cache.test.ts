import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TriageError } from '../errors.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { DownloadCache } from './download-cache.ts';

const IDLE_MS = 1_000;

let folder: string;
let clock: ManualClock;
let there: Map<string, string>;
let downloads: string[];
let cache: DownloadCache;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-cache-'));
  clock = new ManualClock();
  there = new Map(['a', 'b', 'c'].map((key) => [key, `${key}: ten bytes`.slice(0, 10).padEnd(10, '.')]));
  downloads = [];
  cache = new DownloadCache({
    ...{ folder, bytesMax: 20, idleMsMax: IDLE_MS, clock },
    async download(key, path, version) {
      const text = there.get(key);
      if (text === undefined) throw new TriageError('not-found', 'gone');
      if (version === text) return undefined;
      downloads.push(key);
      await writeFile(path, text);
      return { bytes: text.length, version: text };
    },
  });
});
afterEach(async () => {
  cache.close();
  await rm(folder, { recursive: true });
});

const read = (key: string) => cache.borrow(key, (path) => readFile(path, 'utf8'));

it('a copy is downloaded once for all who ask, and again when it is another one', async () => {
  await Promise.all([read('a'), read('a'), read('a')]);
  await read('a');
  expect(downloads).toEqual(['a']);
  there.set('a', 'another one');
  expect(await read('a')).toBe('another one');
  expect(downloads).toEqual(['a', 'a']);
  expect(await readdir(folder)).toEqual(['a']);
});

it('what was not used for the longest time goes first, and what is in use stays', async () => {
  await cache.borrow('a', async (path) => {
    await read('b');
    await read('c');
    expect(await readdir(folder)).toEqual(['a', 'c']);
    expect(await readFile(path, 'utf8')).toBe(there.get('a'));
  });
  await read('b');
  expect(await readdir(folder)).toEqual(['b', 'c']);
});

it('a copy that nobody asks for goes, and so does one whose object was removed', async () => {
  await read('a');
  await read('b');
  there.delete('a');
  await expect(read('a')).rejects.toMatchObject({ code: 'not-found' });
  expect(await readdir(folder)).toEqual(['b']);
  clock.advance(IDLE_MS);
  expect(await readdir(folder)).toEqual([]);
  expect(await read('b')).toBe(there.get('b'));
});

it('a download that fails leaves nothing, and the next one is tried anew', async () => {
  there.delete('c');
  await expect(Promise.all([read('c'), read('c')])).rejects.toMatchObject({ code: 'not-found' });
  expect(await readdir(folder)).toEqual([]);
  there.set('c', 'back again');
  expect(await read('c')).toBe('back again');
});
