import type { ViewName } from '../exam/analysis.ts';
import type { ImageHeader } from '../exam/exam.ts';

/** What a header says of the view, and how sure that is; the image itself confirms or denies it later. */
export interface ViewReading {
  readonly name: ViewName;
  readonly confidence: number;
}

type ViewFields = Pick<
  ImageHeader,
  | 'modality'
  | 'sopClassUid'
  | 'bodyPartExamined'
  | 'viewPosition'
  | 'viewMeaning'
  | 'studyDescription'
  | 'seriesDescription'
  | 'protocolName'
>;

/** Letters of Swedish count as letters, which \b does not know. */
function words(...alternatives: string[]): RegExp {
  return new RegExp(`(?<![A-ZÅÄÖ])(?:${alternatives.join('|')})(?![A-ZÅÄÖ])`);
}

const PANORAMIC = words(
  'PAN',
  'PANO',
  'OPG',
  'OPT',
  'DPT',
  'PANORAMIC',
  'PANORAMA[A-ZÅÄÖ]*',
  'PANTOMOGRA[A-Z]*',
  'ORTHO?PANTOMOGRA[A-Z]*',
  'ORTOPANTOMOGRA[A-Z]*',
);
const INTRA_ORAL = words('BITEWINGS?', 'PERIAPICAL', 'APIKAL[A-ZÅÄÖ]*', 'INTRAORAL', 'INTRA-ORAL');
const CEPHALOMETRIC = words('CEPH[A-Z]*', 'KEFAL[A-Z]*', 'PROFILRÖNTGEN', 'TELERADIO[A-Z]*');
const SPINE = words(
  '[CTL]?SPINE',
  '[TL]S?-?SPINE',
  'LUMBAR[A-Z]*',
  'THORACOLUMBAR',
  'VERTEBRA[A-Z]*',
  'LÄNDRYGG[A-ZÅÄÖ]*',
  'LANDRYGG[A-Z]*',
  'BRÖSTRYGG[A-ZÅÄÖ]*',
  'BROSTRYGG[A-Z]*',
  'RYGG[A-ZÅÄÖ]*',
  'KOTPELARE[A-Z]*',
  'COLUMNA',
);
const CHEST = words('CHEST', 'THORAX', 'LUNG(?:S|OR|A)?', 'HJÄRTA[- ]?LUNGOR', 'PULM[A-Z]*', 'RÖNTGEN PULM');
const LATERAL = words(
  'LL',
  'RL',
  'LAT',
  'LATERAL',
  'LATERALT',
  'SIDA',
  'SIDO',
  'SIDOBILD',
  'SIDE',
  'SAGITTAL',
);
const FRONTAL = words('PA', 'AP', 'FRONTAL', 'FRONT', 'ANTERO-?POSTERIOR', 'POSTERO-?ANTERIOR', 'RAKT?');
const LIMB = words(
  'LEG',
  'HIP',
  'PELVIS',
  'EXTREMITY',
  'LOWER ?EXTREMITY',
  'UPPER ?EXTREMITY',
  'KNEE',
  'FEMUR',
);
const JAW = words(
  'JAW',
  'MANDIBLE',
  'MANDIBULA',
  'KÄKE',
  'UNDERKÄKE',
  'KÄKAR',
  'JAWS AND TEETH',
  'JAW REGION',
);

/** The view by Modality, body part, view position, view codes and descriptions, in English and Swedish. */
export function viewOfImage(header: ViewFields): ViewReading {
  const modality = normalise(header.modality);
  const coded = normalise(header.bodyPartExamined, header.viewMeaning);
  const described = normalise(header.seriesDescription, header.protocolName, header.studyDescription);
  const all = `${coded} ${described}`;
  if (CEPHALOMETRIC.test(all)) return { name: 'other', confidence: 0.8 };
  if (modality === 'IO' || INTRA_ORAL.test(all)) return { name: 'other', confidence: 0.9 };
  if (modality === 'PX') return { name: 'panoramic', confidence: 0.99 };
  // There are panoramas of legs and pelves too: another body part in the header speaks against the jaw.
  if (PANORAMIC.test(all) && regionOf(coded) === null && !LIMB.test(coded))
    return { name: 'panoramic', confidence: JAW.test(all) ? 0.97 : 0.9 };
  const view = projectionOf(header, all);
  // The body part is filled in by the examination; a description can name several ("thorax och ländrygg").
  const region = regionOf(coded) ?? regionOf(described);
  if (region === null || region.isNeck) return { name: 'other', confidence: 0.5 };
  if (view === null) return { name: 'other', confidence: 0.3 };
  return { name: `${region.name}-${view.name}`, confidence: view.confidence };
}

function projectionOf(header: ViewFields, all: string) {
  const position = normalise(header.viewPosition);
  for (const [text, confidence] of [
    [position, 0.95],
    [normalise(header.viewMeaning), 0.95],
    [all, 0.8],
  ] as const) {
    const isLateral = LATERAL.test(text);
    const isFrontal = FRONTAL.test(text);
    if (isLateral !== isFrontal) return { name: isLateral ? 'lateral' : 'frontal', confidence } as const;
  }
  return null;
}

function regionOf(text: string): { readonly name: 'spine' | 'chest'; readonly isNeck: boolean } | null {
  const isNeck = words('CSPINE', 'C-SPINE', 'CERVICAL', 'HALSRYGG[A-ZÅÄÖ]*', 'NECK').test(text);
  if (isNeck || SPINE.test(text)) return { name: 'spine', isNeck };
  return CHEST.test(text) ? { name: 'chest', isNeck: false } : null;
}

function normalise(...texts: (string | null)[]): string {
  return texts
    .filter((text) => text !== null)
    .join(' ')
    .normalize('NFC')
    .toUpperCase()
    .replace(/[_/,;:.()\d]+/g, ' ')
    .trim();
}
