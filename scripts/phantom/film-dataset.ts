import type { DicomElement, DicomLayout } from './dicom-file.ts';
import { deriveUid, element } from './dicom-file.ts';

/** SOP classes that a panoramic film comes as (PS3.4 Annex B.5). */
export const SOP_CLASSES = {
  computedRadiography: '1.2.840.10008.5.1.4.1.1.1',
  digitalXRay: '1.2.840.10008.5.1.4.1.1.1.1',
  intraOral: '1.2.840.10008.5.1.4.1.1.1.3',
  secondaryCapture: '1.2.840.10008.5.1.4.1.1.7',
} as const;

/** An invented person. */
export interface Person {
  readonly id: string;
  readonly name: string;
  /** DA, or null where the sender left it out. */
  readonly birthDate: string | null;
  readonly sex: 'F' | 'M' | 'O';
}

/** All that a fixture's data set says, apart from the pixels. */
export interface FilmDescription {
  /** Names the fixture; its UIDs follow from it. */
  readonly key: string;
  readonly seed: number;
  readonly person: Person;
  readonly sopClassUid: string;
  readonly modality: string;
  readonly studyDate: string;
  readonly studyDescription?: string;
  readonly seriesDescription?: string;
  readonly bodyPart?: string;
  readonly viewPosition?: string;
  readonly viewCode?: CodedView;
  readonly presentationLutShape?: 'INVERSE';
  readonly photometric: 'MONOCHROME1' | 'MONOCHROME2';
  readonly columns: number;
  readonly rows: number;
  readonly bits: number;
  readonly spacing: FilmSpacing;
}

/** A view as a code: SNOMED CT's number and words (PS3.16 CID 4010). */
export interface CodedView {
  readonly value: string;
  readonly meaning: string;
}

/** What a file says of its scale: millimetres a pixel at the detector, and what corrects them. */
export interface FilmSpacing {
  readonly imagerMmPerPx?: number;
  readonly magnification?: number;
  readonly calibratedMmPerPx?: number;
}

/** The identifiers of a fixture. */
export function identifyFilm(film: Pick<FilmDescription, 'key' | 'seed' | 'person'>): {
  study: string;
  series: string;
  instance: string;
} {
  return {
    study: deriveUid('study', film.seed, film.person.id, film.key),
    series: deriveUid('series', film.seed, film.person.id, film.key),
    instance: deriveUid('instance', film.seed, film.person.id, film.key),
  };
}

/** The elements of a film's data set with its pixels. */
export function describeFilm(film: FilmDescription, pixels: Uint8Array, layout: DicomLayout): DicomElement[] {
  const uids = identifyFilm(film);
  const allocated = film.bits <= 8 ? 8 : 16;
  return [
    element(0x00080005, 'CS', 'ISO_IR 192'),
    element(
      0x00080008,
      'CS',
      film.sopClassUid === SOP_CLASSES.secondaryCapture ? 'DERIVED\\PRIMARY' : 'ORIGINAL\\PRIMARY',
    ),
    element(0x00080016, 'UI', film.sopClassUid),
    element(0x00080018, 'UI', uids.instance),
    element(0x00080020, 'DA', film.studyDate),
    element(0x00080023, 'DA', film.studyDate),
    element(0x00080030, 'TM', '101500'),
    element(0x00080050, 'SH', `FIX${film.person.id.slice(-4)}`),
    element(0x00080060, 'CS', film.modality),
    element(0x00080064, 'CS', 'WSD'),
    element(0x00080070, 'LO', 'Osteotriage fixtures'),
    element(0x00080080, 'LO', 'Påhittade folktandvården'),
    element(0x00080090, 'PN', 'Fantom^Frida'),
    ...optional(0x00081030, 'LO', film.studyDescription),
    ...optional(0x0008103e, 'LO', film.seriesDescription),
    element(0x00081090, 'LO', 'Fantom 1'),
    element(0x00100010, 'PN', film.person.name),
    element(0x00100020, 'LO', film.person.id),
    element(0x00100021, 'LO', 'OSTEOTRIAGE-FIXTURE'),
    element(0x00100030, 'DA', film.person.birthDate ?? ''),
    element(0x00100040, 'CS', film.person.sex),
    ...optional(0x00180015, 'CS', film.bodyPart),
    ...optional(0x00185101, 'CS', film.viewPosition),
    ...describeSpacing(film.spacing),
    element(0x0020000d, 'UI', uids.study),
    element(0x0020000e, 'UI', uids.series),
    element(0x00200010, 'SH', 'FIX'),
    element(0x00200011, 'IS', '1'),
    element(0x00200013, 'IS', '1'),
    element(0x00200020, 'CS', ''),
    element(0x00280002, 'US', [1]),
    element(0x00280004, 'CS', film.photometric),
    element(0x00280010, 'US', [film.rows]),
    element(0x00280011, 'US', [film.columns]),
    element(0x00280100, 'US', [allocated]),
    element(0x00280101, 'US', [film.bits]),
    element(0x00280102, 'US', [film.bits - 1]),
    element(0x00280103, 'US', [0]),
    element(0x00281050, 'DS', String(2 ** (film.bits - 1))),
    element(0x00281051, 'DS', String(2 ** film.bits)),
    ...describeViewCode(film.viewCode),
    ...optional(0x20500020, 'CS', film.presentationLutShape),
    element(0x7fe00010, allocated === 8 && layout.explicitVr ? 'OB' : 'OW', pixels),
  ];
}

function optional(tag: number, vr: string, value: string | undefined): DicomElement[] {
  return value === undefined ? [] : [element(tag, vr, value)];
}

function describeViewCode(code: CodedView | undefined): DicomElement[] {
  if (code === undefined) return [];
  const item = [
    element(0x00080100, 'SH', code.value),
    element(0x00080102, 'SH', 'SCT'),
    element(0x00080104, 'LO', code.meaning),
  ];
  return [element(0x00540220, 'SQ', [item])];
}

/** A decimal string holds 16 characters at most (PS3.5 section 6.2). */
function pairOf(mmPerPx: number): string {
  return `${mmPerPx.toFixed(8)}\\${mmPerPx.toFixed(8)}`;
}

function describeSpacing(spacing: FilmSpacing): DicomElement[] {
  const elements: DicomElement[] = [];
  if (spacing.imagerMmPerPx !== undefined)
    elements.push(element(0x00181164, 'DS', pairOf(spacing.imagerMmPerPx)));
  if (spacing.magnification !== undefined)
    elements.push(element(0x00181114, 'DS', spacing.magnification.toFixed(4)));
  if (spacing.calibratedMmPerPx !== undefined) {
    elements.push(element(0x00280030, 'DS', pairOf(spacing.calibratedMmPerPx)));
    elements.push(element(0x00280a02, 'CS', 'GEOMETRY'));
    elements.push(element(0x00280a04, 'LO', 'Invented calibration'));
  }
  return elements;
}
