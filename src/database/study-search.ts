/** Finds the studies that a site may see, those that came last first, along an index whatever is asked. */
import { type Expression, type ExpressionBuilder, type Kysely, sql, type SqlBool } from 'kysely';
import type { ReportKind } from '../exam/exam-state.ts';
import type { Database } from './schema.ts';

/** What a study is looked for by; wildcards `*` and `?` in the texts, an empty filter is every study. */
export interface StudyFilter {
  readonly studyUids?: readonly string[];
  readonly patientId?: string;
  readonly patientName?: string;
  readonly accessionNumber?: string;
  /** One of these. */
  readonly modalities?: readonly string[];
  /** YYYYMMDD, both ends included. */
  readonly studyDates?: { readonly from?: string; readonly to?: string };
}

const REPORT_MODALITIES: Readonly<Partial<Record<string, ReportKind>>> = { SR: 'SR', OT: 'SC', PR: 'GSPS' };
/** A film makes a study in most cases, so that one page of films gives a page of studies. */
const PAGE_FILMS = 300;

interface FoundFilm {
  readonly study_uid: string;
  readonly exam_id: string;
  readonly received_at_ms: number;
}

/** The studies of a site that the filter fits, those that came last first. */
export async function findStudyUids(
  database: Kysely<Database>,
  siteId: string,
  filter: StudyFilter,
  page: { readonly limit: number; readonly offset: number },
): Promise<readonly string[]> {
  const end = page.offset + page.limit;
  const studyUids = new Set<string>();
  let after: FoundFilm | undefined;
  while (studyUids.size < end) {
    const films: readonly FoundFilm[] = await listFilms(database, siteId, filter, after);
    for (const { study_uid } of films) studyUids.add(study_uid);
    after = films.at(-1);
    if (films.length < PAGE_FILMS) break;
  }
  return [...studyUids].slice(page.offset, end);
}

/** What leads to few films: then the planner is kept from going along all of the site's. */
type Lead = 'key' | 'days' | null;

function leadOf({ studyUids, patientId, patientName, accessionNumber, studyDates }: StudyFilter): Lead {
  const texts = [patientId, patientName, accessionNumber];
  if (studyUids !== undefined || texts.some((text) => text !== undefined && prefixOf(text) !== ''))
    return 'key';
  const { from, to } = studyDates ?? {};
  // Within one month; days are written YYYYMMDD.
  return from !== undefined && from.slice(0, 6) === to?.slice(0, 6) ? 'days' : null;
}

async function listFilms(
  database: Kysely<Database>,
  siteId: string,
  filter: StudyFilter,
  after: FoundFilm | undefined,
): Promise<readonly FoundFilm[]> {
  const lead = leadOf(filter);
  const receivedAtMs =
    lead === null ? sql<number>`exams.received_at_ms` : sql<number>`exams.received_at_ms + 0`;
  const isOf = (column: 'exams.site_id' | 'exam_senders.site_id') =>
    lead === 'key'
      ? sql<SqlBool>`coalesce(${sql.ref(column)}, '') = ${siteId}`
      : sql<SqlBool>`${sql.ref(column)} = ${siteId}`;
  const films = () => {
    let query = database
      .selectFrom('exams')
      .select(['exams.study_uid', 'exams.exam_id', 'exams.received_at_ms'])
      .where('exams.object_removed_at_ms', 'is', null)
      .where((eb) => eb.and(conditionsOf(eb, filter)))
      .orderBy(receivedAtMs, 'desc')
      .orderBy('exams.exam_id', 'desc')
      .limit(PAGE_FILMS);
    if (after !== undefined) {
      query = query.where(
        sql<SqlBool>`(${receivedAtMs}, exams.exam_id) < (${after.received_at_ms}, ${after.exam_id})`,
      );
    }
    return query;
  };
  const own = films().where(isOf('exams.site_id'));
  const later = films()
    .innerJoin('exam_senders', 'exam_senders.exam_id', 'exams.exam_id')
    .where(isOf('exam_senders.site_id'));
  return database
    .selectFrom(own.as('own'))
    .selectAll()
    .unionAll(database.selectFrom(later.as('later')).selectAll())
    .orderBy('received_at_ms', 'desc')
    .orderBy('exam_id', 'desc')
    .limit(PAGE_FILMS)
    .execute();
}

function conditionsOf(
  eb: ExpressionBuilder<Database, 'exams'>,
  { studyUids, patientId, patientName, accessionNumber, modalities, studyDates }: StudyFilter,
): Expression<SqlBool>[] {
  const conditions: Expression<SqlBool>[] = [];
  if (studyUids !== undefined) conditions.push(eb('exams.study_uid', 'in', [...studyUids]));
  if (accessionNumber !== undefined) conditions.push(likeness('exams.accession_number', accessionNumber));
  if (studyDates?.from !== undefined) conditions.push(eb('exams.study_date', '>=', studyDates.from));
  if (studyDates?.to !== undefined) conditions.push(eb('exams.study_date', '<=', studyDates.to));
  const ofPerson = [
    ...(patientId === undefined ? [] : [likeness('persons.patient_id', patientId)]),
    ...(patientName === undefined ? [] : [likeness('persons.name', patientName)]),
  ];
  if (ofPerson.length > 0) {
    const persons = eb
      .selectFrom('persons')
      .select('persons.person_id')
      .where((of) => of.and(ofPerson));
    conditions.push(eb('exams.person_id', 'in', persons));
  }
  if (modalities !== undefined) {
    const kinds = modalities.flatMap((modality) => REPORT_MODALITIES[modality] ?? []);
    const asFilm = eb('exams.modality', 'in', [...modalities]);
    const reports = eb
      .selectFrom('reports')
      .select('reports.kind')
      .whereRef('reports.exam_id', '=', 'exams.exam_id')
      .where('reports.kind', 'in', kinds);
    conditions.push(kinds.length === 0 ? asFilm : eb.or([asFilm, eb.exists(reports)]));
  }
  return conditions;
}

/** `*` is any text and `?` any letter (PS3.4 section C.2.2.2.4); everything else stands for itself. */
function likeness(column: string, text: string): Expression<SqlBool> {
  const value = sql`lower(${sql.ref(column)})`;
  const whole = asciiLowerCase(text);
  const prefix = prefixOf(whole);
  if (prefix === whole) return sql<SqlBool>`${value} = ${whole}`;
  const pattern = whole
    .replaceAll(/[\\%_]/g, (letter) => `\\${letter}`)
    .replaceAll('*', '%')
    .replaceAll('?', '_');
  const like = sql<SqlBool>`${value} LIKE ${pattern} ESCAPE '\\'`;
  if (prefix === '') return like;
  // What begins with the same letters stands together in the index.
  return sql<SqlBool>`${value} >= ${prefix} AND ${value} < ${`${prefix}\u{10FFFF}`} AND ${like}`;
}

function prefixOf(text: string): string {
  return /^[^*?]*/.exec(text)?.[0] ?? '';
}

/** As lower() of both engines does it, which leaves letters such as Å as they are. */
function asciiLowerCase(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}
