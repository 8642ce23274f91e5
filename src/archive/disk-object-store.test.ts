import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDiskObjectStore } from './disk-object-store.ts';

const KEY = `objects/ab/${'ab'.repeat(32)}.dcm`;
const PREFIX = Buffer.from('prefix');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-store-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the object store on disk', () => {
  it('keeps exactly the bytes that were written, in order', async () => {
    const store = await openDiskObjectStore(folder, ['objects']);
    const writer = store.beginWrite(PREFIX);
    const chunks = Array.from({ length: 300 }, (_, index) => Buffer.alloc(70_001, index));
    const bytes = Buffer.concat(chunks);
    for (const chunk of chunks) {
      await writer.write(chunk);
      // As a socket does that reads into the same memory again.
      chunk.fill(0);
    }
    const { start, dataSetSha256, byteCount } = await writer.flush();
    expect(byteCount).toBe(PREFIX.length + bytes.length);
    expect(dataSetSha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(start.equals(Buffer.concat([PREFIX, bytes]).subarray(0, 65_536))).toBe(true);
    expect(await writer.commit(KEY)).toBe(byteCount);
    expect((await store.read(KEY)).equals(Buffer.concat([PREFIX, bytes]))).toBe(true);
    expect(await readdir(join(folder, 'scratch'))).toEqual([]);
  });

  it.each([0, 1, 4089, 4090, 4091, 1_048_569, 1_048_570, 1_048_571, 2_097_146])(
    'keeps a data set of %i bytes, at the edges of blocks and of writes',
    async (byteCount) => {
      const store = await openDiskObjectStore(folder, ['objects']);
      const bytes = randomBytes(byteCount);
      const writer = store.beginWrite(PREFIX);
      await writer.write(bytes);
      expect((await writer.flush()).dataSetSha256).toBe(createHash('sha256').update(bytes).digest('hex'));
      await writer.commit(KEY);
      expect((await store.read(KEY)).equals(Buffer.concat([PREFIX, bytes]))).toBe(true);
    },
  );

  it('keeps many that are written at once apart', async () => {
    const store = await openDiskObjectStore(folder, ['objects']);
    const names = Array.from({ length: 60 }, (_, index) => index.toString(16).padStart(2, '0'));
    await Promise.all(
      names.map(async (name, index) => {
        const writer = store.beginWrite(PREFIX);
        for (let part = 0; part < 3; part += 1) await writer.write(Buffer.alloc(700_000, index));
        await writer.commit(`objects/${name}/${name}.dcm`);
      }),
    );
    for (const [index, name] of names.entries()) {
      const kept = await store.read(`objects/${name}/${name}.dcm`);
      expect(kept.subarray(PREFIX.length).equals(Buffer.alloc(2_100_000, index))).toBe(true);
    }
  });

  it('asks the sender to pause when the disk is behind', async () => {
    const store = await openDiskObjectStore(folder, ['objects']);
    const writer = store.beginWrite(PREFIX);
    const answers = Array.from({ length: 20 }, () => writer.write(Buffer.alloc(1024 * 1024)));
    expect(answers[0]).toBeUndefined();
    expect(answers.at(-1)).toBeInstanceOf(Promise);
    await answers.at(-1);
    await writer.discard();
  });

  it('has nothing of what was discarded or left unfinished by an earlier run', async () => {
    const store = await openDiskObjectStore(folder, ['objects']);
    const discarded = store.beginWrite(PREFIX);
    await discarded.write(Buffer.from('gone'));
    await discarded.discard();
    await discarded.discard();
    const left = store.beginWrite(PREFIX);
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
