import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FilmReader } from './film-reader.ts';
import type { BatchItem } from './messages.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'osteotriage-reader-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function item(key: number, content: Buffer | null): BatchItem {
  const path = join(folder, `${key}.dcm`);
  if (content !== null) writeFileSync(path, content);
  return { key, request: { id: `${key}`, path, source: 'dicom', options: {}, scratchFolder: null } };
}

describe('the reader of films', () => {
  it('has a film that was fetched, to the byte, and one that was not', async () => {
    const reader = new FilmReader();
    const [ahead, late] = [
      item(1, Buffer.from('read ahead')),
      item(2, Buffer.from('read when its turn comes')),
    ];
    reader.fetch(ahead);
    expect((await reader.read(ahead)).toString()).toBe('read ahead');
    expect((await reader.read(late)).toString()).toBe('read when its turn comes');
  });

  it('uses memory again when its film is over, and never before', async () => {
    const reader = new FilmReader();
    const [first, second, third] = [1, 2, 3].map((key) => item(key, Buffer.alloc(100_000 - key, key)));
    const ofFirst = await reader.read(first!);
    const ofSecond = await reader.read(second!);
    expect(ofSecond.buffer).not.toBe(ofFirst.buffer);
    reader.forget(first!);
    await Promise.resolve();
    const ofThird = await reader.read(third!);
    expect(ofThird.buffer).toBe(ofFirst.buffer);
    expect(ofThird.equals(Buffer.alloc(99_997, 3))).toBe(true);
    expect(ofSecond.equals(Buffer.alloc(99_998, 2))).toBe(true);
  });

  it('says of a file that is not there that it cannot be read, when it is asked for', async () => {
    const reader = new FilmReader();
    const gone = item(9, null);
    reader.fetch(gone);
    await expect(reader.read(gone)).rejects.toMatchObject({ code: 'storage-failed' });
    reader.forget(gone);
    const empty = item(10, Buffer.alloc(0));
    expect(await reader.read(empty)).toHaveLength(0);
  });

  it('reads nothing more ahead when it holds a quarter of a gigabyte', async () => {
    const reader = new FilmReader();
    const bytes = 130 * 1024 * 1024;
    const items = [1, 2, 3].map((key) => item(key, Buffer.alloc(0)));
    for (const { request } of items) truncateSync(request.path, bytes);
    for (const each of items) reader.fetch(each);
    rmSync(items[2]!.request.path);
    expect(await reader.read(items[1]!)).toHaveLength(bytes);
    await expect(reader.read(items[2]!)).rejects.toMatchObject({ code: 'storage-failed' });
  });
});
