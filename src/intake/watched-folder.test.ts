import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OBJECT_KINDS } from '../archive/archive.ts';
import { openDiskObjectStore } from '../archive/disk-object-store.ts';
import type { ObjectStore } from '../archive/object-store.ts';
import type { Database } from '../database/schema.ts';
import { splitPart10 } from '../dicom/part10.ts';
import { TriageError } from '../errors.ts';
import { PROJECT_FOLDER } from '../project-folder.ts';
import { silentLog } from '../telemetry.ts';
import { tinyFile } from '../testing/dicomweb-fixtures.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { tinyDataSet } from '../testing/tiny-data-set.ts';
import { InstanceReceiver } from './receive-instance.ts';
import { WatchedFolder } from './watched-folder.ts';

let root: string;
let folder: string;
let database: Kysely<Database>;
let objects: ObjectStore;
let clock: ManualClock;
let closed: TriageError | undefined;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'osteotriage-folder-'));
  folder = join(root, 'export');
  await mkdir(folder);
  database = await openTestRecord();
  objects = await openDiskObjectStore(join(root, 'archive'), OBJECT_KINDS);
  clock = new ManualClock(Date.now());
  closed = undefined;
});
afterEach(async () => {
  await database.destroy();
  await rm(root, { recursive: true });
});

const film = (number: number) => ({ study: '1.2.3', series: '1.2.3.4', instance: `1.2.3.4.${number}` });

function watch(objectStore: ObjectStore = objects, instanceBytesMax = 1024 * 1024): WatchedFolder {
  const gate = { judgeInstance: () => closed, judgeAssociation: () => undefined };
  const receiver = new InstanceReceiver({
    database,
    objects: objectStore,
    clock,
    log: silentLog,
    onReceived: () => undefined,
  });
  return new WatchedFolder({
    siteId: 'clinic',
    folder,
    outTray: join(folder, 'results'),
    receiver,
    gate,
    instanceBytesMax,
    clock,
    log: silentLog,
  });
}

/** Looks as often as it takes for a file to be taken. */
async function lookThrice(watched: WatchedFolder): Promise<void> {
  for (let look = 0; look < 3; look += 1) {
    await watched.look();
    clock.advance(2_000);
  }
}

async function filesIn(name: string): Promise<string[]> {
  const entries = await readdir(join(folder, name), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, name).length + 1))
    .sort();
}

const heldUids = async () =>
  (await database.selectFrom('exams').select('sop_uid').orderBy('sop_uid').execute()).map(
    (row) => row.sop_uid,
  );

describe('a watched folder', () => {
  it('takes files and study folders in, byte for byte, and keeps them under the clinic’s own names', async () => {
    await writeFile(join(folder, 'Åsa film.dcm'), tinyFile(film(1)));
    await mkdir(join(folder, 'study', 'DICOM'), { recursive: true });
    await writeFile(join(folder, 'study', 'DICOM', 'I0001'), tinyFile(film(2)));
    await lookThrice(watch());
    expect(await heldUids()).toEqual(['1.2.3.4.1', '1.2.3.4.2']);
    expect(await filesIn('taken')).toEqual(['study/DICOM/I0001', 'Åsa film.dcm'].sort());
    expect(await filesIn('working')).toEqual([]);
    expect(await filesIn('errors')).toEqual([]);
    const exam = await database
      .selectFrom('exams')
      .selectAll()
      .where('sop_uid', '=', '1.2.3.4.1')
      .executeTakeFirstOrThrow();
    expect(exam).toMatchObject({ site_id: 'clinic', door: 'folder' });
    const held = await objects.read(exam.object_key);
    expect(held.subarray(splitPart10(held).datasetOffset).equals(tinyDataSet(film(1)))).toBe(true);
  });

  it('leaves a file that still grows, an unfinished name, links, and its own out-tray alone', async () => {
    const growing = join(folder, 'growing.dcm');
    const whole = tinyFile(film(1));
    const watched = watch();
    await writeFile(join(folder, 'copy.part'), whole);
    await writeFile(join(root, 'elsewhere.dcm'), tinyFile(film(7)));
    await symlink(join(root, 'elsewhere.dcm'), join(folder, 'link.dcm'));
    await symlink(root, join(folder, 'linked-folder'));
    await mkdir(join(folder, 'results'));
    await writeFile(join(folder, 'results', '1.2.3.pdf'), '%PDF');
    for (let bytes = 100; bytes < whole.length; bytes += 100) {
      await writeFile(growing, whole.subarray(0, bytes));
      await watched.look();
      clock.advance(2_000);
    }
    expect(await heldUids()).toEqual([]);
    await writeFile(growing, whole);
    await lookThrice(watched);
    expect(await heldUids()).toEqual(['1.2.3.4.1']);
    const left = await readdir(folder);
    expect(left).toEqual(expect.arrayContaining(['copy.part', 'link.dcm', 'linked-folder', 'results']));
    expect(await filesIn('results')).toEqual(['1.2.3.pdf']);
  });

  it('lets those read the words who may use the folder, though the service keeps its own files to itself', async () => {
    const before = process.umask(0o077);
    try {
      await chmod(folder, 0o770);
      await mkdir(join(folder, 'study'));
      await writeFile(join(folder, 'study', 'letter.doc'), Buffer.from('Dear colleague, '.repeat(40)));
      await lookThrice(watch());
    } finally {
      process.umask(before);
    }
    expect(await filesIn('errors')).toContain('study/letter.doc.txt');
    for (const [name, mode] of [
      ['errors', 0o770],
      ['errors/study', 0o770],
      ['errors/study/letter.doc.txt', 0o660],
    ] as const) {
      expect((await stat(join(folder, name))).mode & 0o777).toBe(mode);
    }
  });

  it('puts what is refused into errors with words beside it, and never lets it hold up the next', async () => {
    const bad: Record<string, Buffer> = {
      'a-letter.doc': Buffer.from('Dear colleague, '.repeat(40)),
      'b-empty.dcm': Buffer.alloc(0),
      'c-cut.dcm': tinyFile({ ...film(3), size: [40, 40] }).subarray(0, 900),
      'd-picture.jpg': Buffer.from('ffd8ffe000104a464946', 'hex'),
      'e-large.dcm': tinyFile({ ...film(4), size: [800, 800] }),
      'f-rubbish.dcm': Buffer.concat([tinyFile(film(5)).subarray(0, 330), Buffer.alloc(600, 0xff)]),
    };
    for (const [name, bytes] of Object.entries(bad)) await writeFile(join(folder, name), bytes);
    await writeFile(join(folder, 'z-good.dcm'), tinyFile(film(1)));
    const watched = watch();
    await lookThrice(watched);
    // The one that was cut off is waited for.
    clock.advance(120_000);
    await watched.look();
    expect(await heldUids()).toEqual(['1.2.3.4.1']);
    const errors = await filesIn('errors');
    for (const name of Object.keys(bad))
      expect(errors).toEqual(expect.arrayContaining([name, `${name}.txt`]));
    const words = await readFile(join(folder, 'errors', 'd-picture.jpg.txt'), 'utf8');
    expect(words).toContain('En vanlig bildfil säger inte vilken patient den visar');
    expect(words).toContain('export the image into the folder again');
    expect(await readFile(join(folder, 'errors', 'c-cut.dcm.txt'), 'utf8')).toContain(
      'ends before its pixels do',
    );
  });

  it.each(['13-sixteen-bit.dcm', '16-baseline-jpeg.dcm', '01-wide-cortex.dcm', '02-thin-cortex.dcm'])(
    'waits for the rest of %s when its writer pauses, and sets it aside when it never comes',
    async (name) => {
      const bytes = await readFile(join(PROJECT_FOLDER, 'dicom-fixtures', name));
      const half = bytes.subarray(0, bytes.length / 2);
      for (const copy of ['paused.dcm', 'broken off.dcm']) await writeFile(join(folder, copy), half);
      const watched = watch(objects, 4 * 1024 * 1024);
      await lookThrice(watched);
      expect(await filesIn('working')).toEqual(['broken off.dcm', 'paused.dcm']);
      expect(await heldUids()).toEqual([]);
      await writeFile(join(folder, 'working', 'paused.dcm'), bytes);
      await watched.look();
      expect(await filesIn('taken')).toEqual(['paused.dcm']);
      expect(await heldUids()).toHaveLength(1);
      clock.advance(120_000);
      await watched.look();
      expect(await filesIn('errors')).toEqual(['broken off.dcm', 'broken off.dcm.txt']);
      expect(await filesIn('working')).toEqual([]);
    },
  );

  it('takes the index of a medium for what it is, and the same film twice as one', async () => {
    const index = tinyFile(film(9))
      .toString('latin1')
      .replace('1.2.840.10008.5.1.4.1.1.1.1\0', '1.2.840.10008.1.3.10\0\0\0\0\0\0\0\0');
    await writeFile(join(folder, 'DICOMDIR'), Buffer.from(index, 'latin1'));
    await writeFile(join(folder, 'film.dcm'), tinyFile(film(1)));
    const watched = watch();
    await lookThrice(watched);
    await writeFile(join(folder, 'film.dcm'), tinyFile(film(1)));
    await lookThrice(watched);
    await writeFile(join(folder, 'film.dcm'), tinyFile({ ...film(1), pixelValue: 9 }));
    await lookThrice(watched);
    expect(await heldUids()).toEqual(['1.2.3.4.1']);
    expect(await filesIn('taken')).toEqual(['DICOMDIR', 'film (2).dcm', 'film.dcm']);
    expect(await readFile(join(folder, 'errors', 'film.dcm.txt'), 'utf8')).toContain('instance-conflict');
  });

  it('takes up what a crash left, at whatever moment it came, and neither loses nor doubles', async () => {
    // Before it was read: the file stands in `working`.
    await lookThrice(watch());
    await writeFile(join(folder, 'working', 'unread.dcm'), tinyFile(film(1)));
    // After it was durable and before it was moved: the record knows it.
    await writeFile(join(folder, 'held.dcm'), tinyFile(film(2)));
    await lookThrice(watch());
    await rename(join(folder, 'taken', 'held.dcm'), join(folder, 'working', 'held.dcm'));
    // After the text of an error and before the move.
    await writeFile(join(folder, 'working', 'bad.txt'), 'rubbish');
    await writeFile(join(folder, 'errors', 'bad.txt.txt'), 'half a te');
    await watch().look();
    expect(await heldUids()).toEqual(['1.2.3.4.1', '1.2.3.4.2']);
    expect(await filesIn('taken')).toEqual(['held.dcm', 'unread.dcm']);
    expect(await filesIn('errors')).toEqual(['bad.txt', 'bad.txt.txt']);
    expect(await filesIn('working')).toEqual([]);
    expect(await readFile(join(folder, 'errors', 'bad.txt.txt'), 'utf8')).toContain('not-part-10');
  });

  it('keeps what cannot be stored now and takes it when it can', async () => {
    const full: ObjectStore = {
      ...objects,
      beginWrite() {
        throw new TriageError('storage-full', 'the disk is full');
      },
    };
    await writeFile(join(folder, 'film.dcm'), tinyFile(film(1)));
    await lookThrice(watch(full));
    expect(await filesIn('working')).toEqual(['film.dcm']);
    closed = new TriageError('storage-full', 'the watermark');
    await watch().look();
    expect(await filesIn('working')).toEqual(['film.dcm']);
    closed = undefined;
    await watch().look();
    expect(await filesIn('taken')).toEqual(['film.dcm']);
    expect(await heldUids()).toEqual(['1.2.3.4.1']);
  });

  it('waits for a share that is gone, and goes on when it is back', async () => {
    const watched = watch();
    await rename(folder, `${folder}-away`);
    await watched.look();
    expect(await readdir(root)).not.toContain('export');
    await rename(`${folder}-away`, folder);
    await writeFile(join(folder, 'film.dcm'), tinyFile(film(1)));
    await lookThrice(watched);
    expect(await heldUids()).toEqual(['1.2.3.4.1']);
  });

  it('removes study folders that were emptied an hour ago, and none sooner', async () => {
    await mkdir(join(folder, 'study'));
    await writeFile(join(folder, 'study', 'film.dcm'), tinyFile(film(1)));
    const watched = watch();
    await lookThrice(watched);
    await watched.look();
    expect(await readdir(folder)).toContain('study');
    const before = new Date(clock.nowMs() - 2 * 3_600_000);
    await utimes(join(folder, 'study'), before, before);
    await watched.look();
    expect(await readdir(folder)).not.toContain('study');
  });

  it('looks by itself, until it is closed', async () => {
    const watched = watch();
    watched.start();
    await writeFile(join(folder, 'film.dcm'), tinyFile(film(1)));
    await expect
      .poll(
        async () => {
          clock.advance(2_000);
          return heldUids();
        },
        { timeout: 10_000 },
      )
      .toEqual(['1.2.3.4.1']);
    await watched.close();
    await chmod(folder, 0o755);
  });
});
