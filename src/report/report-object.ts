/** What the objects of a report have in common: whose they are, who made them, their names. */
import type { DicomHeader } from '../dicom/read-header.ts';
import { derivedUid } from '../dicom/uids.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import { POLICY_VERSION } from '../decide/referral-policy.ts';
import type { AnalysisResult, ViewName } from '../exam/analysis.ts';
import type { ImageHeader, InstanceKey } from '../exam/exam.ts';

/** Who writes the report. */
export interface ReportIdentity {
  readonly manufacturer: string;
  readonly modelName: string;
  readonly softwareVersion: string;
  /** Names this installation; required of enhanced equipment (PS3.3 section C.7.5.2). */
  readonly deviceSerialNumber: string;
  readonly deviceUid: string;
}

/** An object in its study and series. */
export interface ReportReference extends InstanceKey {
  readonly sopClassUid: string;
}

/** What one report is made from. */
export interface ReportInput {
  /** The film's; its patient is the one the report is about, corrected where a person corrected it. */
  readonly header: ImageHeader & Partial<Pick<DicomHeader, 'studyId' | 'referringPhysicianName'>>;
  readonly analysis: AnalysisResult;
  /** 0 for the first report of a film; every revision has names of its own. */
  readonly revision: number;
  /** The structured report that this one takes the place of. */
  readonly predecessor: ReportReference | null;
  /** When the report was made; a retry passes the same, and writes the same bytes. */
  readonly reportedAtMs: number;
  readonly identity: ReportIdentity;
}

/** The objects that are written of one exam. */
type ReportPart = 'structured-report' | 'secondary-capture' | 'presentation-state';

/** Numbers that keep the new series below those of the device in a viewer's list. */
const SERIES_NUMBERS: Readonly<Record<ReportPart, string>> = {
  'structured-report': '9901',
  'secondary-capture': '9902',
  'presentation-state': '9903',
};

/**
 * A UID that is the same whenever the same revision of a film's report is written by the same models and policy,
 * so that what is written again after a crash is the same object and a PACS that has it already is right to say so.
 */
export function reportUid({ analysis, header, revision }: ReportInput, purpose: string): string {
  const models = analysis.models.map(({ name, version }) => `${name}@${version}`).sort();
  // A PACS that moved a film to another study or series sends it under its old SOP Instance UID: that is another exam.
  const film = [header.studyInstanceUid, header.seriesInstanceUid, header.sopInstanceUid];
  const seed = [...film, ...models, `policy@${POLICY_VERSION}`, purpose];
  return derivedUid((revision === 0 ? seed : [...seed, `revision@${revision}`]).join('|'));
}

/** Attributes of patient, study, series, equipment and SOP common modules, in a new series of the ORIGINAL study. */
export function commonAttributes(input: ReportInput, part: ReportPart, sopClassUid: string): DicomDataset {
  const { header, reportedAtMs } = input;
  const { date, time } = localDateTime(reportedAtMs);
  return {
    SpecificCharacterSet: 'ISO_IR 192',
    SOPClassUID: sopClassUid,
    SOPInstanceUID: reportUid(input, part),
    InstanceCreationDate: date,
    InstanceCreationTime: time,
    ...personAndStudy(header),
    SeriesInstanceUID: reportUid(input, `${part}-series`),
    SeriesNumber: SERIES_NUMBERS[part],
    SeriesDate: date,
    SeriesTime: time,
    InstanceNumber: '1',
    // A presentation state has its own names for when it was made (PS3.3 section C.11.10).
    ...(part === 'presentation-state'
      ? { PresentationCreationDate: date, PresentationCreationTime: time }
      : { ContentDate: date, ContentTime: time }),
    ...equipment(input.identity),
  };
}

// What says which study it is must read as in the film: a PACS holds them as one.
function personAndStudy(header: ReportInput['header']): DicomDataset {
  const sex = header.patientSex ?? '';
  return {
    PatientName: header.patientName ?? '',
    PatientID: header.patientId ?? '',
    ...(header.issuerOfPatientId === null ? {} : { IssuerOfPatientID: header.issuerOfPatientId }),
    PatientBirthDate: header.patientBirthDate ?? '',
    PatientSex: ['M', 'F', 'O'].includes(sex) ? sex : '',
    StudyInstanceUID: header.studyInstanceUid,
    StudyDate: header.studyDate ?? '',
    StudyTime: isTime(header.studyTime) ? header.studyTime : '',
    ReferringPhysicianName: header.referringPhysicianName ?? '',
    StudyID: header.studyId ?? '',
    AccessionNumber: header.accessionNumber ?? '',
    ...(header.studyDescription === null ? {} : { StudyDescription: header.studyDescription }),
  };
}

function equipment(identity: ReportIdentity): DicomDataset {
  return {
    Manufacturer: identity.manufacturer,
    ManufacturerModelName: identity.modelName,
    DeviceSerialNumber: identity.deviceSerialNumber,
    SoftwareVersions: [identity.softwareVersion, `policy ${POLICY_VERSION}`],
  };
}

/** Unpaired, and so without a laterality (PS3.3 section C.7.3.1). */
const BODY_PARTS: Readonly<Record<ViewName, string>> = {
  panoramic: 'JAW',
  'spine-lateral': 'SPINE',
  'spine-frontal': 'SPINE',
  'chest-frontal': 'CHEST',
  'chest-lateral': 'CHEST',
  other: '',
};

/** What the film shows, as the pictures of it say. */
export function bodyPartOf({ view }: AnalysisResult): string {
  return view === null ? '' : BODY_PARTS[view.name];
}

/** A time of day that a device wrote and that is one (PS3.5 section 6.2, TM). */
function isTime(text: string | null): text is string {
  return text !== null && /^\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?$/.test(text);
}

/** Date and time of the site, as every other object of the study has them. */
function localDateTime(timeMs: number): { readonly date: string; readonly time: string } {
  const at = new Date(timeMs);
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${String(at.getFullYear()).padStart(4, '0')}${two(at.getMonth() + 1)}${two(at.getDate())}`;
  return { date, time: `${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}` };
}
