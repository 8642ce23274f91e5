import { chmod, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeToOutTray } from './out-tray.ts';

const RESULT = {
  sopInstanceUid: '1.2.3.4',
  revision: 0,
  pdf: Buffer.from('%PDF-1.4'),
  analysisJson: '{"a":1}',
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-tray-'));
});
afterEach(async () => {
  await chmod(folder, 0o755);
  await rm(folder, { recursive: true });
});

describe('the out-tray', () => {
  it('gets PDF and JSON under the name of the film, the same again changes nothing, a revision stands beside', async () => {
    await writeToOutTray(folder, RESULT);
    await writeToOutTray(folder, RESULT);
    await writeToOutTray(folder, { ...RESULT, revision: 1, analysisJson: '{"a":2}' });
    expect((await readdir(folder)).sort()).toEqual([
      '1.2.3.4.json',
      '1.2.3.4.pdf',
      '1.2.3.4.revision-2.json',
      '1.2.3.4.revision-2.pdf',
    ]);
    expect(await readFile(join(folder, '1.2.3.4.json'), 'utf8')).toBe('{"a":1}');
  });

  it('is read by whoever may read its folder, and by nobody else, though the service keeps its own files to itself', async () => {
    const before = process.umask(0o077);
    try {
      for (const mode of [0o770, 0o755]) {
        await chmod(folder, mode);
        await writeToOutTray(folder, RESULT);
        for (const name of await readdir(folder)) {
          expect((await stat(join(folder, name))).mode & 0o777).toBe(mode & 0o666);
        }
      }
    } finally {
      process.umask(before);
    }
  });

  it('that is not there is not made: the delivery waits, as for a PACS that is down', async () => {
    const missing = join(folder, 'not-mounted');
    await expect(writeToOutTray(missing, RESULT)).rejects.toMatchObject({
      code: 'storage-failed',
      class: 'transient',
    });
    await expect(writeToOutTray(folder, { ...RESULT, sopInstanceUid: '../x' })).rejects.toMatchObject({
      code: 'unexpected',
    });
    expect(await readdir(folder)).toEqual([]);
  });
});
