import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ObjectStore } from './object-store.ts';

/** A store that has nothing, the folder of its scratch files, and the same store opened anew. */
export interface StoreUnderTest {
  readonly store: ObjectStore;
  readonly scratchFolder: string;
  readonly openAgain: () => Promise<ObjectStore>;
}

const KEY = `objects/ab/${'ab'.repeat(32)}.dcm`;
const PREFIX = Buffer.from('prefix');
const SIZES = [0, 1, 4089, 4090, 4091, 1_048_569, 1_048_570, 1_048_571, 2_097_146];

/** What every object store must keep to; run on each adapter. It has the kinds objects and reports. */
export function describeObjectStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`the object store ${name}`, () => {
    let store: ObjectStore;
    let under: StoreUnderTest;
    beforeEach(async () => {
      under = await open();
      ({ store } = under);
    });
    /** Files that are neither an object nor a copy of one. */
    const scratchFiles = async () =>
      (await readdir(under.scratchFolder)).filter((file) => file !== 'cache').sort();
    const put = async (key: string, bytes: Uint8Array): Promise<void> => {
      const writer = store.beginWrite(Buffer.alloc(0));
      await writer.write(bytes);
      await writer.commit(key);
      await writer.discard();
    };

    it('keeps exactly the bytes that were written, in order', async () => {
      const writer = store.beginWrite(PREFIX);
      const chunks = Array.from({ length: 300 }, (_, index) => Buffer.alloc(70_001, index));
      const bytes = Buffer.concat(chunks);
      for (const chunk of chunks) {
        await writer.write(chunk);
        // As a socket does that reads into the same memory again.
        chunk.fill(0);
      }
      const { path, start, dataSetSha256, byteCount } = await writer.flush();
      expect(byteCount).toBe(PREFIX.length + bytes.length);
      expect(dataSetSha256).toBe(createHash('sha256').update(bytes).digest('hex'));
      expect(start.equals(Buffer.concat([PREFIX, bytes]).subarray(0, 65_536))).toBe(true);
      // Whoever receives reads the header there, before anything is an object.
      expect((await readFile(path)).equals(Buffer.concat([PREFIX, bytes]))).toBe(true);
      expect(await store.has(KEY)).toBe(false);
      expect(await writer.commit(KEY)).toBe(byteCount);
      await writer.discard();
      expect((await store.read(KEY)).equals(Buffer.concat([PREFIX, bytes]))).toBe(true);
      expect(await store.has(KEY)).toBe(true);
      expect(await scratchFiles()).toEqual([]);
    });

    it('keeps data sets of every size, at the edges of blocks and of writes', async () => {
      for (const byteCount of SIZES) {
        const bytes = randomBytes(byteCount);
        const writer = store.beginWrite(PREFIX);
        await writer.write(bytes);
        const { dataSetSha256 } = await writer.flush();
        expect(dataSetSha256, String(byteCount)).toBe(createHash('sha256').update(bytes).digest('hex'));
        await writer.commit(KEY);
        expect((await store.read(KEY)).equals(Buffer.concat([PREFIX, bytes])), String(byteCount)).toBe(true);
        await writer.discard();
      }
    });

    it('keeps many that are written at once apart', async () => {
      const names = Array.from({ length: 25 }, (_, index) => index.toString(16).padStart(2, '0'));
      await Promise.all(
        names.map(async (each, index) => {
          const writer = store.beginWrite(PREFIX);
          for (let part = 0; part < 2; part += 1) await writer.write(Buffer.alloc(700_000, index));
          await writer.commit(`objects/${each}/${each}.dcm`);
          await writer.discard();
        }),
      );
      for (const [index, each] of names.entries()) {
        const kept = await store.read(`objects/${each}/${each}.dcm`);
        expect(kept.subarray(PREFIX.length).equals(Buffer.alloc(1_400_000, index))).toBe(true);
      }
    });

    it('asks the sender to pause when the disk is behind', async () => {
      const writer = store.beginWrite(PREFIX);
      const answers = Array.from({ length: 20 }, () => writer.write(Buffer.alloc(1024 * 1024)));
      expect(answers[0]).toBeUndefined();
      expect(answers.at(-1)).toBeInstanceOf(Promise);
      await answers.at(-1);
      await writer.discard();
    });

    it('has nothing of what was discarded or left unfinished by an earlier run', async () => {
      const discarded = store.beginWrite(PREFIX);
      await discarded.write(Buffer.from('gone'));
      await discarded.discard();
      await discarded.discard();
      const left = store.beginWrite(PREFIX);
      await left.write(Buffer.from('cut off'));
      await left.flush();
      const again = await under.openAgain();
      expect(await again.has(KEY)).toBe(false);
      expect(await scratchFiles()).toEqual([]);
      await left.discard();
    });

    it('still has what was committed when it is opened again', async () => {
      await put(KEY, Buffer.from('kept'));
      const again = await under.openAgain();
      expect(await again.has(KEY)).toBe(true);
      expect((await again.read(KEY)).toString()).toBe('kept');
    });

    it('makes a scratch file an object, and gives what stands there now', async () => {
      const key = KEY.replace('objects', 'reports');
      for (const text of ['report', 'the report of the next revision']) {
        const scratch = await store.makeScratch();
        const path = join(scratch, 'sr.dcm');
        await writeFile(path, text);
        expect(await store.putFile(path, key)).toBe(text.length);
        expect(await readdir(scratch)).toEqual([]);
        expect(await readFile(await store.readablePath(key), 'utf8')).toBe(text);
        expect((await store.read(key)).toString()).toBe(text);
        await store.removeScratch(scratch);
      }
      expect(await scratchFiles()).toEqual([]);
    });

    it('gives a path that stays readable as long as its scratch folder does', async () => {
      await put(KEY, Buffer.from('film'));
      const scratch = await store.makeScratch();
      const paths = await Promise.all([store.readablePath(KEY, scratch), store.readablePath(KEY, scratch)]);
      for (const path of paths) expect(await readFile(path, 'utf8')).toBe('film');
      await store.removeScratch(scratch);
      expect(await store.has(KEY)).toBe(true);
    });

    it('removes objects, once and again, and leaves the others', async () => {
      const other = KEY.replace('objects/ab', 'objects/ac');
      await put(KEY, Buffer.from('film'));
      await put(other, Buffer.from('another'));
      await store.read(KEY);
      await store.remove([KEY]);
      await store.remove([KEY]);
      expect(await store.has(KEY)).toBe(false);
      await expect(store.read(KEY)).rejects.toMatchObject({ code: 'not-found' });
      expect((await store.read(other)).toString()).toBe('another');
    });

    it('refuses keys that could leave the store and names what is missing', async () => {
      for (const key of ['../x', 'objects/ab/../../../etc/passwd', '/etc/passwd', 'objects/zz/x']) {
        await expect(store.read(key)).rejects.toMatchObject({ name: 'TriageError' });
        await expect(store.has(key)).rejects.toMatchObject({ name: 'TriageError' });
        const writer = store.beginWrite(PREFIX);
        await expect(writer.commit(key)).rejects.toMatchObject({ name: 'TriageError' });
        await writer.discard();
      }
      await expect(store.read(KEY)).rejects.toMatchObject({ code: 'not-found' });
      await expect(store.readablePath(KEY)).rejects.toMatchObject({ code: 'not-found' });
    });
  });
}
