import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import type { ObjectStore } from '../../src/archive/object-store.ts';
import type { Database } from '../../src/database/schema.ts';
import { splitPart10 } from '../../src/dicom/part10.ts';
import { readHeader } from '../../src/dicom/read-header.ts';
import type { FilmFile } from '../bench/film-files.ts';

/** Where the promises are looked at. */
export interface HeldFilms {
  readonly database: Kysely<Database>;
  readonly objects: Pick<ObjectStore, 'read'>;
  /** What the PACS of the run holds. */
  readonly pacsFolder: string;
}

/** What was found; `wrong` is empty when every promise was kept. */
export interface DistributedVerdict {
  readonly results: number;
  readonly referrals: number;
  readonly reportsInPacs: number;
  /** Films that were answered otherwise than Success, by reason; they were sent again. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
}

/** Looks whether every acknowledged film is held whole, triaged once, referred once a person, and reported once. */
export async function judgeFilms(held: HeldFilms, films: readonly FilmFile[]): Promise<DistributedVerdict> {
  const [archive, outcomes, referrals, pacs] = [
    await checkArchive(held, films),
    await checkOutcomes(held),
    await checkReferrals(held),
    await checkPacs(held),
  ];
  const wrong = [...archive, ...outcomes.wrong, ...referrals.wrong, ...pacs.wrong];
  const { count: results } = outcomes;
  const refusals = await countRefusals(held);
  return { results, referrals: referrals.count, reportsInPacs: pacs.count, refusals, wrong };
}

async function countRefusals({ database }: HeldFilms): Promise<Readonly<Record<string, number>>> {
  const rows = await database
    .selectFrom('refusals')
    .select((select) => ['code', select.fn.countAll<number>().as('times')])
    .groupBy('code')
    .execute();
  return Object.fromEntries(rows.map(({ code, times }) => [code, times]));
}

interface Check {
  readonly count: number;
  readonly wrong: readonly string[];
}

async function checkArchive(
  { database, objects }: HeldFilms,
  films: readonly FilmFile[],
): Promise<readonly string[]> {
  const rows = await database.selectFrom('exams').select(['sop_uid', 'object_key']).execute();
  const wrong: string[] = [];
  for (const film of films) {
    const [row, ...others] = rows.filter(({ sop_uid: uid }) => uid === film.sopInstanceUid);
    if (row === undefined || others.length > 0) {
      wrong.push(`${film.sopInstanceUid} is held ${row === undefined ? 0 : others.length + 1} times`);
      continue;
    }
    const bytes = await objects.read(row.object_key);
    const dataSet = bytes.subarray(splitPart10(bytes).datasetOffset);
    if (createHash('sha256').update(dataSet).digest('hex') !== film.dataSetSha256) {
      wrong.push(`${film.sopInstanceUid} is not byte-identical`);
    }
  }
  const known = new Set(films.map(({ sopInstanceUid }) => sopInstanceUid));
  return [...wrong, ...rows.flatMap(({ sop_uid: uid }) => (known.has(uid) ? [] : [`${uid} was never sent`]))];
}

/** One result for each film, as the audit trail counts them, and the report objects that belong to it. */
async function checkOutcomes({ database, objects }: HeldFilms): Promise<Check> {
  const exams = await database
    .selectFrom('exams')
    .select(['exam_id', 'state', 'revision', 'analysis_json'])
    .execute();
  const triages = await database
    .selectFrom('audit_trail')
    .select((select) => ['subject', select.fn.countAll<number>().as('times')])
    .where('action', 'like', 'exam %')
    .groupBy('subject')
    .execute();
  const timesOf = new Map(triages.map(({ subject, times }) => [subject, times]));
  const reports = await database.selectFrom('reports').select(['exam_id', 'kind', 'object_key']).execute();
  const kindsOf = Map.groupBy(reports, ({ exam_id: examId }) => examId);
  const open = await database.selectFrom('jobs').select('exam_id').where('state', '!=', 'done').execute();
  const wrong = open.map(({ exam_id: examId }) => `the job of exam ${examId} is not done`);
  for (const { exam_id: examId, state, revision } of exams) {
    const times = timesOf.get(examId) ?? 0;
    if (state === 'pending' || state === 'failed') wrong.push(`exam ${examId} is ${state}`);
    if (times !== 1 || revision !== 0) wrong.push(`exam ${examId} was triaged ${times} times`);
    const kinds = (kindsOf.get(examId) ?? []).map(({ kind }) => kind);
    const expected = state === 'positive' || state === 'negative' ? ['GSPS', 'SC', 'SR'] : [];
    const missing = expected.filter((kind) => !kinds.some((found) => found === kind));
    if (missing.length > 0) wrong.push(`exam ${examId}, ${state}, has no ${missing.join(', ')}`);
    if (new Set(kinds).size !== kinds.length) wrong.push(`exam ${examId} has a report twice`);
  }
  for (const { object_key: key } of reports) {
    await objects.read(key).catch(() => wrong.push(`the report object ${key} is not there`));
  }
  return { count: exams.filter(({ state }) => state !== 'pending').length, wrong };
}

async function checkReferrals({ database }: HeldFilms): Promise<Check> {
  const referrals = await database.selectFrom('referrals').select('person_id').execute();
  const positive = await database
    .selectFrom('exams')
    .select('person_id')
    .distinct()
    .where('state', '=', 'positive')
    .execute();
  const found = Map.groupBy(referrals, (row) => row.person_id);
  const wrong = positive.flatMap(({ person_id: person }) => {
    const count = found.get(person)?.length ?? 0;
    return count === 1 ? [] : [`person ${person} has ${count} referrals`];
  });
  if (found.size > positive.length) wrong.push('somebody without a positive film has a referral');
  return { count: referrals.length, wrong };
}

/** What the PACS holds is what the record says was sent: each report once, and nothing that is not on record. */
async function checkPacs({ database, pacsFolder }: HeldFilms): Promise<Check> {
  const reports = await database.selectFrom('reports').select('sop_uid').execute();
  const undelivered = await database
    .selectFrom('deliveries')
    .select(['exam_id', 'kind', 'state', 'note'])
    .where('state', '!=', 'delivered')
    .execute();
  const files = await readdir(pacsFolder);
  const uids = await Promise.all(
    files.map(async (file) => readHeader(await readFile(join(pacsFolder, file))).sopInstanceUid),
  );
  const inPacs = new Set(uids);
  const known = new Set(reports.map(({ sop_uid: uid }) => uid));
  return {
    count: files.length,
    wrong: [
      ...undelivered.map(
        ({ exam_id: examId, kind, state, note }) => `${kind} of exam ${examId} is ${state}: ${note ?? ''}`,
      ),
      ...[...known].flatMap((uid) => (uid !== null && inPacs.has(uid) ? [] : [`${uid} is not in the PACS`])),
      ...[...inPacs].flatMap((uid) => (known.has(uid) ? [] : [`${uid} in the PACS is not on record`])),
    ],
  };
}
