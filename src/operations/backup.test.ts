import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startService } from '../compose.ts';
import { recordIn } from '../commands/open-record.ts';
import { readStatus } from '../commands/status.ts';
import { readConfig } from '../config.ts';
import { openSqlite } from '../database/sqlite.ts';
import { pictureObjectKey } from '../archive/archive.ts';
import { silentLog } from '../telemetry.ts';
import { makeDataFolder, type TestDataFolder } from '../testing/data-folder.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { makeBackup } from './backup.ts';
import { restoreBackup } from './restore.ts';
import { holdUpkeep } from './upkeep-lock.ts';

let data: TestDataFolder;
let scratch: string;
let target: string;
let restored: string;
const clock = new ManualClock();
beforeEach(async () => {
  data = await makeDataFolder();
  scratch = await mkdtemp(join(tmpdir(), 'osteotriage-backup-'));
  target = join(scratch, 'backup');
  restored = join(scratch, 'restored');
});
afterEach(async () => {
  await data.remove();
  await rm(scratch, { recursive: true, force: true });
});

const statusOf = (folder: string) => readStatus(recordIn(folder));

function backUp() {
  clock.advance(1000);
  return makeBackup({ database: data.database, dataFolder: data.folder, clock }, target);
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

async function contentOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = await filesBelow(folder);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
  );
}

describe('a backup', () => {
  it('restored is the same record and the same objects, and a service runs on it', async () => {
    const film = await data.addFilm(1, { state: 'positive' });
    await data.addReport(film.examId, { pacs: 'delivered' });
    await data.addFilm(2);
    const report = await backUp();
    expect(report.manifest).toMatchObject({
      objects: { count: 7 },
      rows: { persons: 1, exams: 2, reports: 1, referrals: 0 },
      missing: [],
    });
    const manifest = await restoreBackup(target, restored);
    expect(manifest).toEqual(report.manifest);
    expect(await contentOf(join(restored, 'archive'))).toEqual(await contentOf(join(data.folder, 'archive')));
    expect(await statusOf(restored)).toEqual(await statusOf(data.folder));
    const { config } = readConfig(
      { data: restored, dimsePort: '0', httpPort: '0', workers: '0', signIn: 'off' },
      {},
    );
    const service = await startService(config, silentLog);
    const exams = await fetch(new URL('/api/exams', service.http?.url ?? ''));
    expect(await exams.text()).toContain(film.examId);
    const picture = await fetch(new URL(`/api/exams/${film.examId}/preview.png`, service.http?.url ?? ''));
    expect(await picture.text()).toBe('preview of 1');
    await service.stop();
    expect(await readdir(restored)).not.toContain('osteotriage.sqlite.restoring');
  });

  it('and what is restored are in folders that nobody else may read, where they are made anew', async () => {
    await data.addFilm(1);
    await backUp();
    await restoreBackup(target, restored);
    for (const folder of [target, restored]) expect((await stat(folder)).mode & 0o077).toBe(0);
  });

  it('can be checked with sha256sum alone, and holds no key', async () => {
    await data.addFilm(1);
    await writeFile(join(data.folder, 'node.key'), 'secret');
    const { manifest } = await backUp();
    const said = execFileSync('sha256sum', ['--check', '--strict', manifest.objects.file], {
      cwd: target,
      encoding: 'utf8',
    });
    expect(said.match(/: OK$/gm)).toHaveLength(3);
    const names = await filesBelow(target);
    expect(names.filter((name) => !name.startsWith('archive/'))).toEqual(
      [manifest.database.file, 'manifest.json', manifest.objects.file].sort(),
    );
  });

  it('holds the sites file of the data folder as it is at that moment, and brings it back', async () => {
    const path = join(data.folder, 'sites.json');
    await writeFile(path, '{"sites": "first"}');
    await backUp();
    await writeFile(path, '{"sites": "second"}');
    const { manifest } = await backUp();
    expect((await filesBelow(target)).filter((name) => name.startsWith('sites-'))).toEqual([
      manifest.sites?.file,
    ]);
    await restoreBackup(target, restored);
    expect(await readFile(join(restored, 'sites.json'), 'utf8')).toBe('{"sites": "second"}');
    await rm(path);
    expect((await backUp()).manifest.sites).toBeUndefined();
    expect((await filesBelow(target)).filter((name) => name.startsWith('sites-'))).toEqual([]);
    await restoreBackup(target, join(scratch, 'without'));
    expect(await readdir(join(scratch, 'without'))).not.toContain('sites.json');
  });

  it('made again into its folder copies what is new, leaves what is not, and drops what is gone', async () => {
    const first = await data.addFilm(1);
    const second = await data.addFilm(2);
    await backUp();
    await rm(second.objectPath);
    await data.database
      .updateTable('exams')
      .set({ object_removed_at_ms: 5 })
      .where('exam_id', '=', second.examId)
      .execute();
    await data.addFilm(3);
    // Assessed anew, a film has another picture; objects are never written in place.
    const overlay = join(data.folder, 'archive', pictureObjectKey(first.examId, 'overlay'));
    await writeFile(`${overlay}.new`, 'overlay of 9');
    await utimes(`${overlay}.new`, 1, 1);
    await rm(overlay);
    await cp(`${overlay}.new`, overlay, { preserveTimestamps: true });
    await rm(`${overlay}.new`);
    const { manifest, objectsAdded } = await backUp();
    expect(objectsAdded).toBe(4);
    // Two films and the three objects of each; of the removed one nothing is left.
    expect(manifest).toMatchObject({ objects: { count: 6 }, rows: { exams: 3 }, missing: [] });
    expect((await filesBelow(target)).filter((name) => name.startsWith('database-'))).toHaveLength(1);
    await restoreBackup(target, restored);
    expect((await contentOf(restored))[`archive/${pictureObjectKey(first.examId, 'overlay')}`]).toBe(
      'overlay of 9',
    );
  });

  it('takes no room twice on one file system, and is a copy of its own on another', async () => {
    const { objectPath } = await data.addFilm(1);
    await backUp();
    const inArchive = objectPath.slice(data.folder.length + 1);
    const [source, kept] = [await stat(objectPath), await stat(join(target, inArchive))];
    const isOneFileSystem = source.dev === kept.dev;
    expect(source.ino === kept.ino).toBe(isOneFileSystem);
    await restoreBackup(target, restored);
    expect((await stat(join(restored, inArchive))).ino).not.toBe(kept.ino);
  });

  it('made while films come in has the object of each of its rows', async () => {
    for (let number = 0; number < 30; number += 1) await data.addFilm(number);
    const writing = new AbortController();
    const intake = (async () => {
      for (let number = 1000; !writing.signal.aborted; number += 1) await data.addFilm(number);
    })();
    // The command is a process of its own, with a connection of its own.
    const database = openSqlite(data.databasePath);
    const { manifest } = await makeBackup({ database, dataFolder: data.folder, clock }, target);
    await database.destroy();
    writing.abort();
    await intake;
    expect(manifest.missing).toEqual([]);
    expect(manifest.rows.exams).toBeGreaterThanOrEqual(30);
    await restoreBackup(target, restored);
    expect((await statusOf(restored)).received).toBe(manifest.rows.exams);
  });

  it('names an object that the disk has lost, keeps the rest, and says so again when it is restored', async () => {
    const lost = await data.addFilm(1);
    await data.addFilm(2);
    await rm(lost.objectPath);
    const { manifest } = await backUp();
    const key = lost.objectPath.slice(join(data.folder, 'archive').length + 1);
    expect(manifest.missing).toEqual([key]);
    expect((await restoreBackup(target, restored)).missing).toEqual([key]);
  });

  it('is refused into a folder of other things, and while retention or another backup runs', async () => {
    await data.addFilm(1);
    const release = holdUpkeep(data.folder);
    await expect(backUp()).rejects.toMatchObject({ code: 'state-conflict' });
    release();
    await mkdir(target);
    await writeFile(join(target, 'letter.txt'), 'mine');
    await expect(backUp()).rejects.toMatchObject({ code: 'configuration-invalid' });
    expect(await readdir(target)).toEqual(['letter.txt']);
  });

  it('that is cut off leaves the one before it whole', async () => {
    await data.addFilm(1);
    const first = await backUp();
    await data.addFilm(2);
    // The disk fails before the manifest is written.
    await chmod(join(target, 'manifest.json'), 0o400);
    await mkdir(join(target, 'manifest.json.part'));
    await writeFile(join(target, 'manifest.json.part', 'x'), '');
    await expect(backUp()).rejects.toMatchObject({ name: 'TriageError' });
    await rm(join(target, 'manifest.json.part'), { recursive: true });
    expect(await restoreBackup(target, restored)).toEqual(first.manifest);
    expect((await statusOf(restored)).received).toBe(1);
    expect((await backUp()).manifest.rows.exams).toBe(2);
  });
});

describe('a restore', () => {
  it.each([
    ['a film that was changed', /objects\/.*\.dcm$/, 'change', /objects\/.*\.dcm is not as it was written/],
    ['a film that is gone', /objects\/.*\.dcm$/, 'remove', /objects\/.*\.dcm is missing/],
    ['a picture that was cut', /pictures\//, 'cut', /pictures\/.*\.png is not as it was written/],
    ['a database that was changed', /^database-/, 'change', /database-.* is not as it was written/],
    ['a database that is gone', /^database-/, 'remove', /database-.* is missing/],
    ['a sites file that was changed', /^sites-/, 'change', /sites-.*\.json is not as it was written/],
    ['a sites file that is gone', /^sites-/, 'remove', /sites-.*\.json is missing/],
    ['a list that was cut', /^objects-/, 'cut', /objects-.*\.sha256 is not as it was written/],
    ['a list that is gone', /^objects-/, 'remove', /objects-.*\.sha256 is missing/],
    ['a manifest that was cut', /^manifest/, 'cut', /manifest\.json is not one that this program wrote/],
  ] as const)(
    'of a backup with %s is refused, says so, and leaves nothing',
    async (_what, which, how, said) => {
      await data.addFilm(1);
      await writeFile(join(data.folder, 'sites.json'), '{}');
      await backUp();
      const path = join(
        target,
        (await filesBelow(target)).find((name) => which.test(name))!,
      );
      const bytes = await readFile(path);
      await rm(path);
      if (how === 'change')
        await writeFile(path, bytes.with(bytes.length >> 1, bytes[bytes.length >> 1]! ^ 1));
      if (how === 'cut') await writeFile(path, bytes.subarray(0, -3));
      const refusal = await restoreBackup(target, restored).catch((thrown: unknown) => thrown);
      expect(refusal).toMatchObject({
        code: 'backup-damaged',
        message: expect.stringMatching(said) as unknown,
      });
      if (existsSync(restored)) expect(await readdir(restored)).toEqual([]);
    },
  );

  it('never writes over anything', async () => {
    await data.addFilm(1);
    await backUp();
    const before = await contentOf(join(data.folder, 'archive'));
    await expect(restoreBackup(target, data.folder)).rejects.toMatchObject({ code: 'configuration-invalid' });
    expect(await contentOf(join(data.folder, 'archive'))).toEqual(before);
    await expect(restoreBackup(join(scratch, 'nothing'), restored)).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});
