/**
 * The vocabulary of an exam.
 *
 * - **Instance**: one DICOM image as it was received and is held, identified by study, series and SOP instance UID.
 * - **Exam**: one received instance on its way through triage; it has a triage state and, apart from it, deliveries.
 * - **Person**: issuer and Patient ID together. One person has at most one open referral.
 * - **Referral**: an entry on the DXA referral worklist, with all films that speak for it.
 * - **Report**: a structured report (SR) and a picture (Secondary Capture) of one exam.
 * - **Delivery**: the sending of one report object to one PACS: a second axis, never mixed with the triage state.
 */

/** What names a stored DICOM object. */
export interface InstanceKey {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
}

/** Whose an object is, as the patient module says it (PS3.3 section C.7.1.1). */
export type PatientIdentity = Pick<
  ImageHeader,
  'patientId' | 'issuerOfPatientId' | 'patientName' | 'patientBirthDate' | 'patientSex'
>;

/** What the service reads from a data set's header; strings are decoded text, absent is null. */
export interface ImageHeader extends InstanceKey {
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  readonly modality: string | null;
  readonly patientId: string | null;
  readonly issuerOfPatientId: string | null;
  readonly patientName: string | null;
  /** YYYYMMDD as in DICOM, validated, else null. */
  readonly patientBirthDate: string | null;
  /** Patient's Age in whole years (0010,1010), else null. */
  readonly patientAgeYears: number | null;
  readonly patientSex: string | null;
  readonly studyDate: string | null;
  readonly studyTime: string | null;
  readonly accessionNumber: string | null;
  readonly studyDescription: string | null;
  readonly seriesDescription: string | null;
  readonly protocolName: string | null;
  readonly bodyPartExamined: string | null;
  readonly viewPosition: string | null;
  /** Code meanings of View Code and Anatomic Region sequences, joined. */
  readonly viewMeaning: string | null;
  readonly manufacturer: string | null;
  readonly manufacturerModelName: string | null;
  readonly stationName: string | null;
  readonly rows: number | null;
  readonly columns: number | null;
  readonly bitsStored: number | null;
}
