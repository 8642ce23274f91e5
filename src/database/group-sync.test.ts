import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GroupSync } from './group-sync.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-sync-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the sync of a group', () => {
  it('resolves for everyone, also for those who come while a sync is under way', async () => {
    const path = join(folder, 'log');
    await writeFile(path, 'row');
    const group = new GroupSync(path);
    const ended: number[] = [];
    const asked = Array.from({ length: 20 }, (_, index) => group.sync().then(() => ended.push(index)));
    await Promise.all(asked);
    // The first sync began before the others asked, so it covers the first asker only.
    expect(ended).toEqual(Array.from({ length: 20 }, (_, index) => index));
    await group.sync();
  });

  it('gives those who wait together one sync', async () => {
    const path = join(folder, 'log');
    await writeFile(path, 'row');
    const group = new GroupSync(path);
    const first = group.sync();
    const second = group.sync();
    expect(group.sync()).toBe(second);
    expect(second).not.toBe(first);
    await second;
    expect(group.sync()).not.toBe(second);
  });

  it('tells of a file that is not there', async () => {
    await expect(new GroupSync(join(folder, 'none')).sync()).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
