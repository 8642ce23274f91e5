import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Kysely, Updateable } from 'kysely';
import { instanceObjectKey, pictureObjectKey, reportObjectKey } from '../archive/archive.ts';
import type { Database, ExamTable } from '../database/schema.ts';
import type { ImageHeader } from '../exam/exam.ts';
import { insertTestExam, inventedHeader } from './record-fixtures.ts';
import { openTestRecord } from './test-record.ts';
import { transact } from '../database/transact.ts';

/** A data folder on the disk with a record and an archive, as a service that has ended leaves it. */
export interface TestDataFolder {
  readonly folder: string;
  readonly databasePath: string;
  readonly database: Kysely<Database>;
  /** Adds a finished film with its file and its pictures; returns its exam. */
  addFilm(
    number: number,
    change?: Updateable<ExamTable>,
    header?: Partial<ImageHeader>,
  ): Promise<{ readonly examId: string; readonly objectPath: string }>;
  /** Adds a report of an exam with its file; `deliveries` are destinations and their states. */
  addReport(
    examId: string,
    deliveries?: Readonly<Record<string, 'pending' | 'delivered' | 'dead'>>,
  ): Promise<string>;
  /** Names of all files of the archive, from its folder. */
  listFiles(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

/** Makes an empty one below the system's folder for temporary files. */
export async function makeDataFolder(): Promise<TestDataFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'osteotriage-data-'));
  const databasePath = join(folder, 'osteotriage.sqlite');
  const database = await openTestRecord(databasePath);
  const archive = join(folder, 'archive');
  await mkdir(archive);
  const put = async (key: string, text: string): Promise<string> => {
    await mkdir(dirname(join(archive, key)), { recursive: true });
    await writeFile(join(archive, key), text);
    return join(archive, key);
  };
  return {
    folder,
    databasePath,
    database,
    async addFilm(number, change = {}, header = {}) {
      const instance = inventedHeader({ sopInstanceUid: `1.2.3.1.${number}`, ...header });
      const key = instanceObjectKey(instance, 'a'.repeat(64));
      const objectPath = await put(key, `film ${number}`);
      // As intake does it: the object is there before the row can be seen.
      const examId = await transact(database, async (transaction) => {
        const inserted = await insertTestExam(transaction, number, header);
        await transaction
          .updateTable('exams')
          .set({ state: 'negative', finished_at_ms: 1_700_000_001_000, object_key: key, ...change })
          .where('exam_id', '=', inserted)
          .execute();
        return inserted;
      });
      await put(pictureObjectKey(examId, 'preview'), `preview of ${number}`);
      await put(pictureObjectKey(examId, 'overlay'), `overlay of ${number}`);
      return { examId, objectPath };
    },
    async addReport(examId, deliveries = {}) {
      const key = reportObjectKey(examId, 0, 'SR');
      await database
        .insertInto('reports')
        .values({
          exam_id: examId,
          revision: 0,
          kind: 'SR',
          sop_class_uid: '1.2.840.10008.5.1.4.1.1.88.34',
          series_uid: null,
          sop_uid: null,
          object_key: key,
          object_bytes: 10,
          created_at_ms: 1_700_000_001_000,
        })
        .execute();
      for (const [destination, state] of Object.entries(deliveries)) {
        await database
          .insertInto('deliveries')
          .values({
            exam_id: examId,
            revision: 0,
            kind: 'SR',
            destination,
            state,
            attempts: 1,
            due_at_ms: 0,
            first_try_at_ms: null,
            note: null,
          })
          .execute();
      }
      return put(key, `report of ${examId}`);
    },
    async listFiles() {
      const names = await readdir(archive, { recursive: true, withFileTypes: true });
      return names
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(archive.length + 1))
        .sort();
    },
    async remove() {
      await database.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
