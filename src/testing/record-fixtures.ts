import type { Kysely } from 'kysely';
import { insertExam } from '../database/exam-records.ts';
import type { NewJob } from '../database/job-records.ts';
import type { Database } from '../database/schema.ts';
import type { ImageHeader } from '../exam/exam.ts';

/** A job of the day's work. */
export function routineJob(examId: string): NewJob {
  return { examId, priority: 'routine', traceParent: null };
}

/** The header of a film of an invented person. */
export function inventedHeader(change: Partial<ImageHeader> = {}): ImageHeader {
  return {
    studyInstanceUid: '1.2.3',
    seriesInstanceUid: '1.2.3.1',
    sopInstanceUid: '1.2.3.1.1',
    sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1',
    transferSyntaxUid: '1.2.840.10008.1.2.1',
    modality: 'PX',
    patientId: 'T-1',
    issuerOfPatientId: 'TEST',
    patientName: 'Påhittad^Åsa',
    patientBirthDate: '19500101',
    patientAgeYears: null,
    patientSex: 'F',
    studyDate: '20260101',
    studyTime: null,
    accessionNumber: null,
    studyDescription: null,
    seriesDescription: null,
    protocolName: null,
    bodyPartExamined: 'JAW',
    viewPosition: null,
    viewMeaning: null,
    manufacturer: null,
    manufacturerModelName: null,
    stationName: null,
    rows: 10,
    columns: 10,
    bitsStored: 12,
    ...change,
  };
}

/** An exam as intake would have written it; the number makes its instance unique. */
export function insertTestExam(
  database: Kysely<Database>,
  number: number,
  change: Partial<ImageHeader> = {},
): Promise<string> {
  return insertExam(database, {
    header: inventedHeader({ sopInstanceUid: `1.2.3.1.${number}`, ...change }),
    dataSetSha256: 'a'.repeat(64),
    objectKey: `objects/aa/${number}.dcm`,
    objectBytes: 10,
    callingAeTitle: 'TEST',
    view: 'panoramic',
    ageYears: 76,
    receivedAtMs: 1_700_000_000_000 + number,
  });
}
