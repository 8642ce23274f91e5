import { randomUUID } from 'node:crypto';
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Reason, ViewName } from '../exam/analysis.ts';
import type { ImageHeader, InstanceKey } from '../exam/exam.ts';
import { describeNumber } from '../exam/personal-number.ts';
import { dateOf, insertPersonTerms } from './person-terms.ts';
import type { Database, Door, ExamTable } from './schema.ts';
import { addToTallies } from './tallies.ts';

/** Refusals that are remembered: a sender that tries again and again must not fill the record. */
const REFUSALS_MAX = 100_000;

/** The record, or a transaction on it. */
export type Connection = Kysely<Database> | Transaction<Database>;

/** What is known of an instance when its object is durable. */
export interface ReceivedInstance {
  readonly header: ImageHeader;
  readonly dataSetSha256: string;
  readonly objectKey: string;
  readonly objectBytes: number;
  readonly callingAeTitle: string;
  readonly siteId?: string;
  readonly door?: Door;
  readonly view: ViewName;
  readonly ageYears: number | null;
  readonly receivedAtMs: number;
}

/** What an instance that comes again is compared with. */
export type KnownExam = Pick<
  Selectable<ExamTable>,
  'exam_id' | 'data_set_sha256' | 'site_id' | 'object_key' | 'object_removed_at_ms'
>;

/** The exam of an instance, if it was ever acknowledged. */
export function findExam(database: Connection, key: InstanceKey): Promise<KnownExam | undefined> {
  return database
    .selectFrom('exams')
    .select(['exam_id', 'data_set_sha256', 'site_id', 'object_key', 'object_removed_at_ms'])
    .where('study_uid', '=', key.studyInstanceUid)
    .where('series_uid', '=', key.seriesInstanceUid)
    .where('sop_uid', '=', key.sopInstanceUid)
    .executeTakeFirst();
}

/** Writes the exam of a new instance, its person, and nothing else. Returns the exam's identifier. */
export async function insertExam(database: Connection, received: ReceivedInstance): Promise<string> {
  const { header } = received;
  const examId = randomUUID();
  await database
    .insertInto('exams')
    .values({
      exam_id: examId,
      person_id: await recordPerson(database, header, received.receivedAtMs),
      study_uid: header.studyInstanceUid,
      series_uid: header.seriesInstanceUid,
      sop_uid: header.sopInstanceUid,
      sop_class_uid: header.sopClassUid,
      transfer_syntax_uid: header.transferSyntaxUid,
      data_set_sha256: received.dataSetSha256,
      object_key: received.objectKey,
      object_bytes: received.objectBytes,
      calling_ae_title: received.callingAeTitle,
      ...(received.siteId === undefined ? {} : { site_id: received.siteId }),
      ...(received.door === undefined ? {} : { door: received.door }),
      header_json: JSON.stringify(header),
      study_date: header.studyDate,
      accession_number: header.accessionNumber,
      modality: header.modality,
      view_name: received.view,
      age_years: received.ageYears,
      state: 'pending',
      reasons_json: JSON.stringify([] satisfies Reason[]),
      analysis_json: null,
      received_at_ms: received.receivedAtMs,
      finished_at_ms: null,
    })
    .execute();
  await addToTallies(database, { 'exam pending': 1 });
  return examId;
}

/** Notes that the object of an exam was gone and is held again, under another key. */
export async function recordHeldAnew(
  database: Connection,
  examId: string,
  held: { readonly objectKey: string; readonly objectBytes: number },
): Promise<void> {
  await database
    .updateTable('exams')
    .set({ object_key: held.objectKey, object_bytes: held.objectBytes, object_removed_at_ms: null })
    .where('exam_id', '=', examId)
    .execute();
}

/** Records a C-STORE that was answered otherwise than Success. */
export async function recordRefusal(
  database: Connection,
  refusal: {
    readonly atMs: number;
    readonly callingAeTitle: string;
    readonly sopInstanceUid: string | null;
    readonly code: string;
    readonly detail: string;
  },
): Promise<void> {
  await database
    .insertInto('refusals')
    .values({
      at_ms: refusal.atMs,
      calling_ae_title: refusal.callingAeTitle,
      sop_uid: refusal.sopInstanceUid,
      code: refusal.code,
      detail: refusal.detail,
    })
    .execute();
  await database
    .deleteFrom('refusals')
    .where('refusal_id', '<=', sql<number>`(select max(refusal_id) from refusals) - ${REFUSALS_MAX}`)
    .execute();
}

async function recordPerson(
  database: Connection,
  header: ImageHeader,
  receivedAtMs: number,
): Promise<string> {
  const identityKey = identityKeyOf(header);
  const onDate = dateOf(receivedAtMs);
  const number = describeNumber(header.patientId ?? '', onDate);
  const personId = randomUUID();
  const person = await database
    .insertInto('persons')
    .values({
      person_id: personId,
      identity_key: identityKey,
      issuer: header.issuerOfPatientId,
      patient_id: header.patientId,
      name: header.patientName,
      birth_date: header.patientBirthDate ?? number.birthDate,
      sex: header.patientSex ?? number.sex,
    })
    // A row that is known stays as it is; to write it keeps it from being merged until the film is committed.
    .onConflict((conflict) => conflict.column('identity_key').doUpdateSet({ identity_key: identityKey }))
    .returning(['person_id', 'name', 'patient_id', 'is_protected', 'merged_into'])
    .executeTakeFirstOrThrow();
  if (person.person_id === personId) await insertPersonTerms(database, [person], onDate);
  // A film that still carries an identity that was corrected belongs to the person whose it turned out to be.
  return person.merged_into ?? person.person_id;
}

function identityKeyOf(header: ImageHeader): string {
  const patientId = header.patientId?.trim() ?? '';
  if (patientId === '') return JSON.stringify(['study', header.studyInstanceUid]);
  return patientIdentityKey(header.issuerOfPatientId, patientId);
}

/** The key of a person that a Patient ID names; a sender that names no issuer has an empty one. */
export function patientIdentityKey(issuer: string | null, patientId: string): string {
  return JSON.stringify(['patient', issuer?.trim() ?? '', patientId.trim()]);
}
