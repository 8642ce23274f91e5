import type { Kysely } from 'kysely';
import { acceptReferral, referPerson } from '../database/referral-records.ts';
import type { ProcedureStep, StepOrder } from '../database/procedure-records.ts';
import type { Database } from '../database/schema.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { Assessment } from '../exam/assessment.ts';
import type { ImageHeader } from '../exam/exam.ts';
import { insertTestExam } from './record-fixtures.ts';

/** An open referral of the person of a header; the number makes its film and, where none is given, its ID unique. */
export async function insertTestReferral(
  database: Kysely<Database>,
  number: number,
  change: Partial<ImageHeader> = {},
  assessments: readonly Assessment[] = ['frax', 'dxa'],
): Promise<string> {
  const examId = await insertTestExam(database, number, { patientId: `T-${number}`, ...change });
  const { person_id: personId } = await database
    .selectFrom('exams')
    .select('person_id')
    .where('exam_id', '=', examId)
    .executeTakeFirstOrThrow();
  const nowMs = 1_700_000_000_000 + number;
  return referPerson(database, { personId, examId, assessments, policyVersion: '1.0.0', nowMs });
}

/** A referral that was accepted, with its step. */
export async function insertAcceptedReferral(
  database: Kysely<Database>,
  number: number,
  change: Partial<ImageHeader> = {},
  order: Partial<StepOrder> = {},
): Promise<ProcedureStep> {
  const referralId = await insertTestReferral(database, number, change);
  return acceptReferral(database, {
    referralId,
    stationAeTitle: null,
    scheduledDate: '20260706',
    scheduledTime: '133000',
    nowMs: 1_700_000_000_000 + number,
    actor: 'test',
    ...order,
  });
}

/** The state of a referral. */
export async function referralState(database: Kysely<Database>, referralId: string): Promise<string> {
  const row = await database
    .selectFrom('referrals')
    .select('state')
    .where('referral_id', '=', referralId)
    .executeTakeFirstOrThrow();
  return row.state;
}

/** What a scanner says when it begins a step (N-CREATE, PS3.4 Table F.7.2-1), of an invented person. */
export function beginningOf(
  step: Partial<Pick<ProcedureStep, 'step_id' | 'study_uid' | 'accession_number'>>,
  patient: { readonly id: string; readonly name?: string } = { id: 'T-1' },
): DicomDataset {
  return {
    SpecificCharacterSet: 'ISO_IR 100',
    ScheduledStepAttributesSequence: [
      {
        AccessionNumber: step.accession_number ?? null,
        ReferencedStudySequence: [],
        StudyInstanceUID: step.study_uid ?? '1.2.3.99',
        RequestedProcedureDescription: null,
        ScheduledProcedureStepID: step.step_id ?? null,
        ScheduledProcedureStepDescription: null,
        ScheduledProtocolCodeSequence: [],
        RequestedProcedureID: null,
      },
    ],
    PatientName: patient.name ?? 'Påhittad^Åsa',
    PatientID: patient.id,
    PatientBirthDate: '19500101',
    PatientSex: 'F',
    ReferencedPatientSequence: [],
    PerformedProcedureStepID: 'P1',
    PerformedStationAETitle: 'DXA1',
    PerformedStationName: null,
    PerformedLocation: null,
    PerformedProcedureStepStartDate: '20260706',
    PerformedProcedureStepStartTime: '134500',
    PerformedProcedureStepStatus: 'IN PROGRESS',
    PerformedProcedureStepDescription: null,
    PerformedProcedureTypeDescription: null,
    ProcedureCodeSequence: [],
    PerformedProcedureStepEndDate: null,
    PerformedProcedureStepEndTime: null,
    Modality: 'BMD',
    StudyID: null,
    PerformedProtocolCodeSequence: [],
    PerformedSeriesSequence: [],
  };
}

/** What it says at the end (N-SET). */
export function endOf(status: 'COMPLETED' | 'DISCONTINUED'): DicomDataset {
  return {
    PerformedProcedureStepStatus: status,
    PerformedProcedureStepEndDate: '20260706',
    PerformedProcedureStepEndTime: '135500',
    PerformedSeriesSequence: [
      {
        PerformingPhysicianName: null,
        OperatorsName: null,
        ProtocolName: 'Hip',
        SeriesInstanceUID: '1.2.3.99.1',
        SeriesDescription: null,
        RetrieveAETitle: null,
        ReferencedImageSequence: [],
        ReferencedNonImageCompositeSOPInstanceSequence: [],
      },
    ],
  };
}
