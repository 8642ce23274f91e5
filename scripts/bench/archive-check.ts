import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { databasePath, openSqlite } from '../../src/database/sqlite.ts';
import { splitPart10 } from '../../src/dicom/part10.ts';
import type { FilmFile } from './film-files.ts';

/** The films that are not held whole, exactly once; empty when all is well. Reads the files, not only the record. */
export async function verifyArchive(
  dataFolder: string,
  films: readonly FilmFile[],
): Promise<readonly string[]> {
  const database = openSqlite(databasePath(dataFolder), { readOnly: true });
  try {
    const rows = await database.selectFrom('exams').select(['sop_uid', 'object_key']).execute();
    const wrong: string[] = [];
    for (const film of films) {
      const held = rows.filter((row) => row.sop_uid === film.sopInstanceUid);
      const [row] = held;
      if (row === undefined || held.length !== 1) {
        wrong.push(`${film.sopInstanceUid} is held ${held.length} times`);
        continue;
      }
      const bytes = await readFile(join(dataFolder, 'archive', row.object_key));
      const dataSet = bytes.subarray(splitPart10(bytes).datasetOffset);
      if (createHash('sha256').update(dataSet).digest('hex') !== film.dataSetSha256) {
        wrong.push(`${film.sopInstanceUid} is not byte-identical`);
      }
    }
    return wrong;
  } finally {
    await database.destroy();
  }
}
