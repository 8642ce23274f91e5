import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDiskObjectStore } from './disk-object-store.ts';

const KEY = `objects/ab/${'ab'.repeat(32)}.dcm`;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-store-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the object store on disk', () => {
  it('keeps exactly the bytes that were written, in order', async () => {
    const store = await openDiskObjectStore(folder, ['objects']);
    const writer = await store.beginWrite();
    const chunks = Array.from({ length: 300 }, (_, index) => Buffer.alloc(70_001, index));
    for (const chunk of chunks) await writer.write(chunk);
    expect(await writer.commit(KEY)).toBe(300 * 70_001);
    expect((await store.read(KEY)).equals(Buffer.concat(chunks))).toBe(true);
    expect(await readdir(join(folder, 'scratch'))).toEqual([]);
  });

  it('asks the sender to pause when the disk is behind', async () => {
    const store = await openDiskObjectStore(folder, ['objects']);
    const writer = await store.beginWrite();
    const answers = Array.from({ length: 20 }, () => writer.write(Buffer.alloc(1024 * 1024)));
    expect(answers[0]).toBeUndefined();
    expect(answers.at(-1)).toBeInstanceOf(Promise);
    await answers.at(-1);
    await writer.discard();
  });

  it('has nothing of what was discarded or left unfinished by an earlier run', async () => {
    const store = await openDiskObjectStore(folder, ['objects']);
    const discarded = await store.beginWrite();
    await discarded.write(Buffer.from('gone'));
    await discarded.discard();
    await discarded.discard();
    const left = await store.beginWrite();
    await left.write(Buffer.from('cut off'));
    await left.flush();
    const again = await openDiskObjectStore(folder, ['objects']);
    expect(await again.has(KEY)).toBe(false);
    expect(await readdir(join(folder, 'scratch'))).toEqual([]);
    await left.discard();
  });

  it('makes a scratch file an object', async () => {
    const store = await openDiskObjectStore(folder, ['objects', 'reports']);
    const scratch = await store.makeScratch();
    await writeFile(join(scratch, 'sr.dcm'), 'report');
    const key = KEY.replace('objects', 'reports');
    expect(await store.putFile(join(scratch, 'sr.dcm'), key)).toBe(6);
    expect(await readFile(await store.readablePath(key), 'utf8')).toBe('report');
    await store.removeScratch(scratch);
  });

  it('refuses keys that could leave the folder and names what is missing', async () => {
    const store = await openDiskObjectStore(folder, ['objects']);
    for (const key of ['../x', 'objects/ab/../../../etc/passwd', '/etc/passwd', 'objects/zz/x']) {
      await expect(store.read(key)).rejects.toMatchObject({ name: 'TriageError' });
    }
    await expect(store.read(KEY)).rejects.toMatchObject({ code: 'not-found' });
  });
});
