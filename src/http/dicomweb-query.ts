/** Search (QIDO-RS, PS3.18 10.6): what is asked for, and studies, series and instances as data sets. Pure. */
import type { HeldInstance } from '../database/dicomweb-records.ts';
import type { StudyFilter } from '../database/study-search.ts';
import { elementOfTag } from '../dicom/element-dictionary.ts';
import { isValidUid } from '../dicom/uids.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import { TriageError } from '../errors.ts';

/** A search as it was understood. */
export interface Search {
  readonly studies: StudyFilter;
  readonly series: { readonly modality?: string; readonly uid?: string };
  readonly instances: { readonly sopClassUid?: string; readonly uid?: string };
  /** Matching keys that are not looked at; the answer says so. */
  readonly ignored: readonly string[];
}

const MODALITY_OF_REPORT = { SR: 'SR', SC: 'OT', GSPS: 'PR', PDF: 'DOC' } as const;
const SERIES_NUMBER_OF_REPORT = { SR: 9901, SC: 9902, GSPS: 9903, PDF: 9904 } as const;
/** Parameters of an address that are no matching keys. */
const PLAIN_PARAMETERS: readonly string[] = ['limit', 'offset', 'includefield', 'fuzzymatching', 'accept'];

/** Reads the matching keys, by keyword or by tag. Throws request-invalid on a value that cannot match. */
export function readSearch(query: Readonly<Record<string, string>>): Search {
  const keys = new Map<string, string>();
  for (const [name, value] of Object.entries(query)) {
    if (PLAIN_PARAMETERS.includes(name) || value === '') continue;
    keys.set(keywordOf(name), value);
  }
  const take = (keyword: string): string | undefined => {
    const value = keys.get(keyword);
    keys.delete(keyword);
    return value;
  };
  const dates = take('StudyDate');
  const uids = take('StudyInstanceUID');
  return {
    studies: defined({
      studyUids: uids === undefined ? undefined : uidList(uids),
      patientId: take('PatientID'),
      patientName: take('PatientName'),
      accessionNumber: take('AccessionNumber'),
      // Viewers ask for several, though the standard knows lists of UIDs only.
      modalities: take('ModalitiesInStudy')
        ?.split(/[,\\]/)
        .map((modality) => modality.trim()),
      studyDates: dates === undefined ? undefined : dateRange(dates),
    }),
    series: defined({ modality: take('Modality'), uid: take('SeriesInstanceUID') }),
    instances: defined({ sopClassUid: take('SOPClassUID'), uid: take('SOPInstanceUID') }),
    ignored: [...keys.keys()],
  };
}

/** One data set for each study, in the order of the UIDs. */
export function describeStudies(
  studyUids: readonly string[],
  held: readonly HeldInstance[],
  root: string,
): readonly DicomDataset[] {
  return studyUids.flatMap((uid) => {
    const mine = held.filter((instance) => instance.studyInstanceUid === uid);
    const [first] = mine;
    if (first === undefined) return [];
    return [
      {
        ...studyAttributes(first, root),
        ModalitiesInStudy: [
          ...new Set(mine.map((instance) => modalityOf(instance)).filter((name) => name !== '')),
        ],
        NumberOfStudyRelatedSeries: new Set(mine.map(({ seriesInstanceUid }) => seriesInstanceUid)).size,
        NumberOfStudyRelatedInstances: mine.length,
      },
    ];
  });
}

/** One data set for each series of a study. */
export function describeSeries(
  held: readonly HeldInstance[],
  search: Search,
  root: string,
): readonly DicomDataset[] {
  const { modality, uid } = search.series;
  const bySeries = Map.groupBy(held, ({ seriesInstanceUid }) => seriesInstanceUid);
  return [...bySeries.values()].flatMap((mine) => {
    const [first] = mine;
    if (first === undefined || (uid !== undefined && uid !== first.seriesInstanceUid)) return [];
    if (modality !== undefined && modality !== modalityOf(first)) return [];
    return [
      {
        ...studyAttributes(first, root),
        ...seriesAttributes(first, root),
        NumberOfSeriesRelatedInstances: mine.length,
      },
    ];
  });
}

/** One data set for each instance. */
export function describeInstances(
  held: readonly HeldInstance[],
  search: Search,
  root: string,
): readonly DicomDataset[] {
  const { sopClassUid, uid } = search.instances;
  return held
    .filter((instance) => uid === undefined || uid === instance.sopInstanceUid)
    .filter((instance) => sopClassUid === undefined || sopClassUid === instance.sopClassUid)
    .map((instance) => describeInstance(instance, root));
}

/** What the record knows of one instance. */
export function describeInstance(instance: HeldInstance, root: string): DicomDataset {
  const { header, kind } = instance;
  const isFilm = kind === 'film';
  return {
    ...studyAttributes(instance, root),
    ...seriesAttributes(instance, root),
    SOPClassUID: instance.sopClassUid,
    SOPInstanceUID: instance.sopInstanceUid,
    InstanceNumber: isFilm ? (header.instanceNumber ?? null) : 1,
    InstanceAvailability: 'ONLINE',
    RetrieveURL: instanceUrl(instance, root),
    AvailableTransferSyntaxUID: instance.transferSyntaxUid,
    ...(isFilm
      ? defined({
          Rows: header.rows ?? undefined,
          Columns: header.columns ?? undefined,
          BitsAllocated: header.bitsAllocated ?? undefined,
          NumberOfFrames: header.numberOfFrames,
        })
      : {}),
  };
}

/** Where an instance is retrieved from. */
export function instanceUrl(instance: HeldInstance, root: string): string {
  return `${seriesUrl(instance, root)}/instances/${instance.sopInstanceUid}`;
}

function seriesUrl({ studyInstanceUid, seriesInstanceUid }: HeldInstance, root: string): string {
  return `${root}/studies/${studyInstanceUid}/series/${seriesInstanceUid}`;
}

// The person is the one of the record, so that a corrected identity is found under its right name.
function studyAttributes({ header, person, studyInstanceUid }: HeldInstance, root: string): DicomDataset {
  return {
    SpecificCharacterSet: 'ISO_IR 192',
    StudyDate: header.studyDate,
    StudyTime: header.studyTime,
    AccessionNumber: header.accessionNumber,
    InstanceAvailability: 'ONLINE',
    ReferringPhysicianName: header.referringPhysicianName ?? null,
    StudyDescription: header.studyDescription,
    PatientName: person.name,
    PatientID: person.patient_id,
    IssuerOfPatientID: person.issuer,
    PatientBirthDate: person.birth_date,
    PatientSex: person.sex,
    StudyInstanceUID: studyInstanceUid,
    StudyID: header.studyId ?? null,
    RetrieveURL: `${root}/studies/${studyInstanceUid}`,
  };
}

function seriesAttributes(instance: HeldInstance, root: string): DicomDataset {
  const { header, kind } = instance;
  return {
    Modality: modalityOf(instance),
    SeriesDescription: kind === 'film' ? header.seriesDescription : `Osteotriage ${kind}`,
    SeriesInstanceUID: instance.seriesInstanceUid,
    SeriesNumber: kind === 'film' ? (header.seriesNumber ?? null) : SERIES_NUMBER_OF_REPORT[kind],
    RetrieveURL: seriesUrl(instance, root),
  };
}

function modalityOf({ kind, header }: HeldInstance): string {
  return kind === 'film' ? (header.modality ?? '') : MODALITY_OF_REPORT[kind];
}

function keywordOf(name: string): string {
  if (!/^[0-9a-f]{8}$/i.test(name)) return name;
  return elementOfTag(Number.parseInt(name, 16))?.keyword ?? name;
}

function uidList(text: string): readonly string[] {
  const uids = text.split(/[,\\]/).map((uid) => uid.trim());
  if (uids.length > 100 || !uids.every((uid) => isValidUid(uid))) {
    throw new TriageError('request-invalid', 'StudyInstanceUID must be valid UIDs, at most 100');
  }
  return uids;
}

/** A day, or a range with a hyphen, either end left open (PS3.4 C.2.2.2.5). */
function dateRange(text: string): NonNullable<StudyFilter['studyDates']> {
  const match = /^(\d{8})?(-)?(\d{8})?$/.exec(text);
  const [, from, hyphen, to] = match ?? [];
  if (
    match === null ||
    (from === undefined && to === undefined) ||
    (hyphen === undefined && to !== undefined)
  ) {
    throw new TriageError(
      'request-invalid',
      'StudyDate must be YYYYMMDD or a range such as 20260101-20260131',
    );
  }
  if (hyphen === undefined) return defined({ from, to: from });
  return defined({ from, to });
}

/** Without the members that are undefined. */
function defined<Value extends object>(
  value: Value,
): { [Key in keyof Value]?: Exclude<Value[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [Key in keyof Value]?: Exclude<Value[Key], undefined>;
  };
}
