import type { DicomLayout } from './dicom-file.ts';
import { LAYOUTS } from './dicom-file.ts';
import type { CodedView, Person } from './film-dataset.ts';
import { SOP_CLASSES } from './film-dataset.ts';
import type { ExpectedOutcome } from './fixture-catalogue.ts';
import type { OtherKind } from './other-phantoms.ts';
import type { CortexClass } from './jaw-geometry.ts';
import type { SpineFilmKind } from './spine/spine-phantom.ts';
import type { WantedDeformity } from './spine/spine-shape.ts';
import type { Dentition } from './tooth-painting.ts';

/** A simulated lateral film of a fixture. */
export interface SpinePlan {
  readonly kind: SpineFilmKind;
  /** Its one deformity; null asks for a sound spine. */
  readonly deformity: WantedDeformity | null;
  readonly facing?: 'left' | 'right';
  /** How far the finished picture is turned clockwise. */
  readonly turnDegrees?: 90 | 180 | 270;
}

/** One whole film of the set; what is left out takes the usual value. */
export interface FilmPlan {
  readonly name: string;
  readonly description: string;
  readonly person: Person;
  readonly expected: ExpectedOutcome;
  /** A thin cortex is drawn at 1.7 to 2.5 mm, a wide one at 3.9 to 5.2 mm, at the scale the file states. */
  readonly cortex?: 'thin' | 'wide';
  readonly mci?: CortexClass;
  readonly dentition?: Dentition;
  readonly cropLeftMm?: number;
  readonly scale?: number;
  readonly other?: OtherKind;
  readonly spine?: SpinePlan;
  readonly layout?: DicomLayout;
  readonly sopClassUid?: string;
  readonly modality?: string;
  /** null leaves the element out. */
  readonly studyDescription?: string | null;
  readonly seriesDescription?: string;
  readonly bodyPart?: string | null;
  readonly viewPosition?: string;
  readonly viewCode?: CodedView;
  readonly photometric?: 'MONOCHROME1';
  /** Stated beside the photometric interpretation, as the standard asks of a MONOCHROME1 digital film. */
  readonly presentationLutShape?: 'INVERSE';
  readonly size?: readonly [number, number];
  readonly bits?: number;
  /** How the file states its scale; `magnified` and `calibrated` correct the detector's by this factor. */
  readonly spacing?: 'detector' | 'none' | 'not-a-number' | 'magnified' | 'calibrated';
}

const POSITIVE: ExpectedOutcome = { outcome: 'positive', reason: 'pmi-below-threshold', view: 'panoramic' };
const NEGATIVE: ExpectedOutcome = {
  outcome: 'negative',
  reason: 'pmi-at-or-above-threshold',
  view: 'panoramic',
};
// Where the millimetres are corrected, the width decides.
const THIN: ExpectedOutcome = { ...POSITIVE, reason: 'mcw-below-threshold' };
const WIDE: ExpectedOutcome = { ...NEGATIVE, reason: 'mcw-at-or-above-threshold' };

let count = 0;

/** An invented person whose number cannot be mistaken for a Swedish personal identity number. */
function invent(name: string, birthDate: string | null, sex: 'F' | 'M'): Person {
  count += 1;
  return { id: `FANTOM-${String(count).padStart(4, '0')}`, name, birthDate, sex };
}

const ASA = invent('Påhitt^Åsa', '19520314', 'F');

/** The whole films, in the order of the catalogue. */
export const FILM_PLANS: readonly FilmPlan[] = [
  { name: 'wide-cortex', description: 'wide, even cortex (C1), uncompressed', person: invent('Exempel^Örjan', '19610702', 'M'), expected: NEGATIVE, cortex: 'wide', size: [2000, 860], seriesDescription: 'OPG' },
  { name: 'thin-cortex', description: 'thin cortex, JPEG Lossless', person: ASA, expected: POSITIVE, cortex: 'thin', layout: LAYOUTS.jpegLossless },
  { name: 'thin-cortex-again', description: 'another film of the same person: one referral', person: ASA, expected: POSITIVE, cortex: 'thin', layout: LAYOUTS.jpegLs, sopClassUid: SOP_CLASSES.computedRadiography, size: [2240, 960] },
  { name: 'porous-cortex', description: 'thin and porous cortex (C3), JPEG 2000', person: invent('Hittepå^Märta', '19441121', 'F'), expected: POSITIVE, cortex: 'thin', mci: 'C3', layout: LAYOUTS.jpeg2000, size: [2440, 1060] },
  { name: 'eroded-cortex', description: 'wide cortex with semilunar defects (C2)', person: invent('Låtsas^Nils', '19550909', 'M'), expected: NEGATIVE, cortex: 'wide', mci: 'C2', layout: LAYOUTS.jpegLs },
  { name: 'toothless', description: 'toothless jaw with a thin cortex', person: invent('Fantasi^Göta', '19380105', 'F'), expected: POSITIVE, cortex: 'thin', dentition: 'none', layout: LAYOUTS.jpeg2000 },
  { name: 'toothless-wide', description: 'toothless jaw with a wide cortex', person: invent('Sagosson^Sten', '19470617', 'M'), expected: NEGATIVE, cortex: 'wide', dentition: 'none', layout: LAYOUTS.jpeg2000, bits: 10 },
  { name: 'side-cut-off', description: 'the right side is cut away: judged by the left side alone', person: invent('Diktad^Elsa', '19500228', 'F'), expected: POSITIVE, cortex: 'thin', cropLeftMm: 118, layout: LAYOUTS.jpegLs, size: [1500, 1060] },
  { name: 'child', description: 'a child of eleven', person: invent('Barnfantom^Lova', '20140810', 'F'), expected: { outcome: 'not-eligible', reason: 'age-below-minimum', view: 'panoramic' }, cortex: 'thin', dentition: 'mixed', scale: 0.9, layout: LAYOUTS.jpegLs, size: [2000, 880] },
  { name: 'birth-date-missing', description: 'no birth date and no age', person: invent('Okänd^Okänd', null, 'F'), expected: { outcome: 'not-eligible', reason: 'age-unknown', view: 'panoramic' }, cortex: 'thin', layout: LAYOUTS.jpegLs, size: [2000, 880] },
  { name: 'monochrome1', description: 'MONOCHROME1: white is the lowest value', person: invent('Omvänd^Olle', '19590430', 'M'), expected: NEGATIVE, cortex: 'wide', photometric: 'MONOCHROME1', layout: LAYOUTS.jpegLossless },
  { name: 'rle', description: 'RLE Lossless, 8 bit', person: invent('Kedja^Rut', '19460711', 'F'), expected: POSITIVE, cortex: 'thin', layout: LAYOUTS.rle, bits: 8, size: [2000, 860], dentition: 'partial' },
  { name: 'sixteen-bit', description: '16 bits stored, JPEG 2000', person: invent('Bitström^Ivar', '19640301', 'M'), expected: NEGATIVE, cortex: 'wide', layout: LAYOUTS.jpeg2000, bits: 16, size: [2000, 880] },
  { name: 'implicit-vr', description: 'Implicit VR Little Endian, 8 bit, Secondary Capture', person: invent('Underförstådd^Ulla', '19530503', 'F'), expected: NEGATIVE, cortex: 'wide', layout: LAYOUTS.implicit, bits: 8, sopClassUid: SOP_CLASSES.secondaryCapture, size: [2000, 860] },
  { name: 'big-endian', description: 'Explicit VR Big Endian', person: invent('Baklänges^Bo', '19490812', 'M'), expected: POSITIVE, cortex: 'thin', layout: LAYOUTS.bigEndian, bits: 10, size: [2000, 860] },
  { name: 'baseline-jpeg', description: 'JPEG Baseline (lossy), 8 bit, Secondary Capture', person: invent('Förlust^Frej', '19510215', 'M'), expected: NEGATIVE, cortex: 'wide', layout: LAYOUTS.jpegBaseline, bits: 8, sopClassUid: SOP_CLASSES.secondaryCapture, size: [2600, 1130] },
  { name: 'no-spacing', description: 'no spacing at all: judged by the ratio (PMI)', person: invent('Måttlös^Maj', '19480920', 'F'), expected: POSITIVE, cortex: 'thin', spacing: 'none', layout: LAYOUTS.jpegLs },
  { name: 'spacing-not-a-number', description: 'the spacing reads NaN: as if there were none', person: invent('Otal^Oskar', '19450606', 'M'), expected: POSITIVE, cortex: 'thin', spacing: 'not-a-number', layout: LAYOUTS.jpeg2000, size: [2000, 880] },
  { name: 'magnification-stated', description: 'Estimated Radiographic Magnification Factor 1.3: the widths are divided by it', person: invent('Förstoring^Fia', '19540404', 'F'), expected: THIN, cortex: 'thin', spacing: 'magnified', layout: LAYOUTS.jpegLs },
  { name: 'calibrated', description: 'calibrated Pixel Spacing beside the detector spacing', person: invent('Kalibrering^Karl', '19570127', 'M'), expected: WIDE, cortex: 'wide', spacing: 'calibrated', layout: LAYOUTS.jpeg2000 },
  { name: 'no-panoramic', description: 'a step wedge and balls, labelled as panoramic', person: invent('Trappa^Tyra', '19600606', 'F'), expected: { outcome: 'not-assessable', reason: 'not-a-panoramic', view: 'panoramic' }, other: 'step-wedge', size: [1300, 600], layout: LAYOUTS.jpegLs },
  { name: 'hand-as-panoramic', description: 'a hand, labelled as panoramic', person: invent('Handfast^Henning', '19620818', 'M'), expected: { outcome: 'not-assessable', reason: 'not-a-panoramic', view: 'panoramic' }, other: 'hand', size: [1000, 800], layout: LAYOUTS.jpeg2000 },
  { name: 'spine-frontal', description: 'frontal spine: no model is installed for this view', person: invent('Ryggrad^Ragna', '19430707', 'F'), expected: { outcome: 'not-assessable', reason: 'no-model-for-view', view: 'spine-frontal' }, other: 'spine-frontal', modality: 'DX', studyDescription: 'Helrygg frontal', bodyPart: 'SPINE', viewPosition: 'AP', size: [420, 1000], layout: LAYOUTS.jpegLs },
  { name: 'ultrasound', description: 'a modality that is not handled', person: invent('Ekosson^Edvin', '19560505', 'M'), expected: { outcome: 'not-eligible', reason: 'modality-not-handled', view: null }, other: 'chest', modality: 'US', sopClassUid: SOP_CLASSES.secondaryCapture, studyDescription: 'Ultraljud sköldkörtel', bodyPart: 'NECK', bits: 8, size: [800, 600], layout: LAYOUTS.rle },
]; // prettier-ignore
