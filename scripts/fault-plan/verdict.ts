import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { databasePath, openSqlite } from '../../src/database/sqlite.ts';
import { readHeader } from '../../src/dicom/read-header.ts';
import { verifyArchive } from '../bench/archive-check.ts';
import { findDoubles } from '../bench/double-check.ts';
import type { InventedFilm } from './invented-film.ts';

/** What was found at the end; `wrong` is empty when every promise was kept. */
export interface Verdict {
  readonly wrong: readonly string[];
  readonly reportsInPacs: number;
}

/** Looks whether every acknowledged film is held whole, triaged once as its phantom asks, and reported once. */
export async function judgeRun(
  dataFolder: string,
  pacsFolder: string,
  films: readonly InventedFilm[],
): Promise<Verdict> {
  const asFiles = films.map((film) => ({ ...film, path: '' }));
  const { wrong, reportsInPacs } = await checkReports(dataFolder, pacsFolder, films);
  return {
    reportsInPacs,
    wrong: [
      ...(await verifyArchive(dataFolder, asFiles)),
      ...(await findDoubles(dataFolder)),
      ...(await checkOutcomes(dataFolder, films)),
      ...wrong,
    ],
  };
}

async function checkOutcomes(dataFolder: string, films: readonly InventedFilm[]): Promise<readonly string[]> {
  const database = openSqlite(databasePath(dataFolder), { readOnly: true });
  try {
    const rows = await database.selectFrom('exams').select(['sop_uid', 'state', 'reasons_json']).execute();
    const byUid = new Map(rows.map((row) => [row.sop_uid, row]));
    const dead = await database
      .selectFrom('deliveries')
      .select('note')
      .where('state', '!=', 'delivered')
      .execute();
    return [
      ...films.flatMap((film) => {
        const row = byUid.get(film.sopInstanceUid);
        const { outcome, reason } = film.template.expected;
        const fits = row?.state === outcome && row.reasons_json.includes(reason);
        return fits
          ? []
          : [
              `${film.sopInstanceUid} of ${film.template.file} is ${row?.state ?? 'nowhere'} (${row?.reasons_json ?? ''})`,
            ];
      }),
      ...dead.map((row) => `a delivery is not delivered: ${row.note ?? 'no note'}`),
    ];
  } finally {
    await database.destroy();
  }
}

/** Reads the objects in the PACS themselves: which film each speaks of, and that no film has two of a class. */
async function checkReports(
  dataFolder: string,
  pacsFolder: string,
  films: readonly InventedFilm[],
): Promise<Verdict> {
  const known = new Set(films.map((film) => film.sopInstanceUid));
  const wrong: string[] = [];
  const found = new Map<string, string>();
  for (const file of await readdir(pacsFolder)) {
    const bytes = await readFile(join(pacsFolder, file));
    const header = readHeader(bytes);
    const named = new Set(
      bytes
        .toString('latin1')
        .match(/2\.25\.\d+/g)
        ?.filter((uid) => known.has(uid)),
    );
    if (named.size !== 1) wrong.push(`${header.sopInstanceUid} in the PACS names ${named.size} films`);
    for (const film of named) {
      const key = `${film} ${header.sopClassUid}`;
      if (found.has(key))
        wrong.push(`${film} has a second report of class ${header.sopClassUid} in the PACS`);
      found.set(key, header.sopInstanceUid);
    }
  }
  for (const { key, uid } of await recordedReports(dataFolder)) {
    if (found.get(key) !== uid) wrong.push(`the report of ${key} is not in the PACS`);
    found.delete(key);
  }
  for (const key of found.keys())
    wrong.push(`the PACS holds a report of ${key} that the record does not know`);
  return { wrong, reportsInPacs: (await readdir(pacsFolder)).length };
}

async function recordedReports(dataFolder: string): Promise<readonly { key: string; uid: string | null }[]> {
  const database = openSqlite(databasePath(dataFolder), { readOnly: true });
  try {
    const rows = await database
      .selectFrom('reports')
      .innerJoin('exams', 'exams.exam_id', 'reports.exam_id')
      .select(['exams.sop_uid as film', 'reports.sop_class_uid as sopClass', 'reports.sop_uid as uid'])
      .where('reports.sop_class_uid', 'is not', null)
      .execute();
    return rows.map((row) => ({ key: `${row.film} ${row.sopClass ?? ''}`, uid: row.uid }));
  } finally {
    await database.destroy();
  }
}
