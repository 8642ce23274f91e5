import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { openDiskObjectStore } from './disk-object-store.ts';
import { describeObjectStore } from './object-store.contract.ts';

let folder: string;
afterEach(() => rm(folder, { recursive: true }));

describeObjectStore('on disk', async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-store-'));
  const openAgain = () => openDiskObjectStore(folder, ['objects', 'reports']);
  return { store: await openAgain(), scratchFolder: join(folder, 'scratch'), openAgain };
});
