/** What is said of the mandibular cortex in words: on pictures, on pages and in reports. Pure. */
import type {
  AnalysisResult,
  CorticalIndex,
  PanoramicFinding,
  ReportedSide,
  Spacing,
} from '../exam/analysis.ts';
import type { Language, TextInLanguages } from './reason-texts.ts';
import { mmPerPxOf } from './referral-policy.ts';

/** How surely the foramen was found, by the confidence that the model states. */
export type ForamenStanding = 'found' | 'uncertain' | 'estimated';

/** From here on a foramen is called found, and below the second limit no more than estimated. */
const FOUND_MIN = 0.75;
const UNCERTAIN_MIN = 0.45;

const TEXTS = {
  pixels: { en: 'pixels', sv: 'bildpunkter' },
  class: {
    en: 'Klemetti {class} (C1 {c1} %, C2 {c2} %, C3 {c3} %)',
    sv: 'Klemetti {class} (C1 {c1} %, C2 {c2} %, C3 {c3} %)',
  },
  margin: { en: 'defects of the margin {depth} deep', sv: 'defekter i begränsningen {depth} djupa' },
  residuesNone: { en: 'no residue layer', sv: 'inget lager av rester' },
  residuesOne: { en: 'one residue layer', sv: 'ett lager av rester' },
  residues: { en: '{count} residue layers', sv: '{count} lager av rester' },
  porosity: { en: '{share} % of the band dark', sv: '{share} % av bandet mörkt' },
  rivalWider: {
    en: 'or {width} if the inner line is counted as cortex',
    sv: 'eller {width} om den inre linjen räknas till kortikalis',
  },
  rivalNarrower: {
    en: 'or {width} if the inner line is not counted as cortex',
    sv: 'eller {width} om den inre linjen inte räknas till kortikalis',
  },
  beside: {
    en: '{from} to {to} within {reach} of the foramen',
    sv: '{from} till {to} inom {reach} från foramen',
  },
  besideEven: { en: '{to} within {reach} of the foramen', sv: '{to} inom {reach} från foramen' },
  found: { en: 'foramen found', sv: 'foramen funnet' },
  uncertain: { en: 'foramen uncertain', sv: 'foramen osäkert' },
  estimated: { en: 'foramen estimated', sv: 'foramen uppskattat' },
  scaleNone: {
    en: 'no scale known: widths in pixels of the image',
    sv: 'skala saknas: bredder i bildpunkter',
  },
  scaleProfile: {
    en: 'corrected by profile {name} (magnification {magnification}, {source}, {date})',
    sv: 'korrigerat med profilen {name} (förstoring {magnification}, {source}, {date})',
  },
  scaleMagnification: {
    en: 'corrected for magnification {magnification}',
    sv: 'korrigerat för förstoringen {magnification}',
  },
  scaleStated: {
    en: 'corrected for magnification {magnification}, as the film states',
    sv: 'korrigerat för förstoringen {magnification} enligt bilden själv',
  },
  scaleCalibrated: { en: 'calibrated by the device', sv: 'kalibrerat av apparaten' },
  scaleDetector: {
    en: 'detector scale, not corrected for magnification',
    sv: 'detektorns skala, ej korrigerad för förstoring',
  },
} as const satisfies Record<string, TextInLanguages>;

/** A number with fixed decimals, with a comma in Swedish. */
function decimalText(value: number, decimals: number, language: Language): string {
  const text = value.toFixed(decimals);
  return language === 'sv' ? text.replace('.', ',') : text;
}

/** The width with one standard error, `3.42 ± 0.25 mm`; pixels where the film has no scale, null where unmeasured. */
export function widthText(side: ReportedSide, language: Language): string | null {
  const { widthPx, uncertaintyPx } = side;
  if (!side.assessable || widthPx === null) return null;
  const scale = scaleOf(side);
  const decimals = scale === null ? 1 : 2;
  const value = decimalText(widthPx * (scale ?? 1), decimals, language);
  const error =
    uncertaintyPx === null ? '' : ` ± ${decimalText(uncertaintyPx * (scale ?? 1), decimals, language)}`;
  return `${value}${error} ${unitText(scale, language)}`;
}

/** What else the width may be, where the rule of residues hardly decides; null where it decides. */
export function rivalText(side: ReportedSide, language: Language): string | null {
  const { otherWidthPx, widthPx } = side;
  if (!side.assessable || otherWidthPx === null || widthPx === null) return null;
  const name = otherWidthPx > widthPx ? 'rivalWider' : 'rivalNarrower';
  return fill(TEXTS[name][language], { width: shortLength(side, otherWidthPx, language) });
}

/** From which to which width was read beside the foramen, and how far from it; null where fewer than two were. */
export function besideText(side: ReportedSide, language: Language): string | null {
  const read = side.widthsBeside.flatMap(({ alongPx, widthPx }) =>
    widthPx === null ? [] : [{ awayPx: Math.abs(alongPx), widthPx }],
  );
  if (!side.assessable || read.length < 2) return null;
  const scale = scaleOf(side);
  const widths = read.map(({ widthPx }) => widthPx);
  const reachPx = Math.max(...read.map(({ awayPx }) => awayPx));
  const [from, to] = [Math.min(...widths), Math.max(...widths)].map((px) =>
    decimalText(px * (scale ?? 1), scale === null ? 0 : 1, language),
  );
  const unit = unitText(scale, language);
  return fill(TEXTS[from === to ? 'besideEven' : 'beside'][language], {
    from: from ?? '',
    to: `${to ?? ''} ${unit}`,
    reach: `${decimalText(reachPx * (scale ?? 1), 0, language)} ${unit}`,
  });
}

/** Klemetti's class with how sure the reading is of each, `Klemetti C2 (C1 20 %, C2 70 %, C3 10 %)`. */
export function classText({ class: name, probabilities }: CorticalIndex, language: Language): string {
  const percent = (share: number) => decimalText(share * 100, 0, language);
  const { C1, C2, C3 } = probabilities;
  return fill(TEXTS.class[language], { class: name, c1: percent(C1), c2: percent(C2), c3: percent(C3) });
}

/** What the class was read from, in one line; null where there is no class. */
export function signsText(side: ReportedSide, language: Language): string | null {
  if (side.mci === null) return null;
  const { roughnessPx, residueLayers, porosityShare } = side.mci.signs;
  const residues =
    residueLayers === 0 ? 'residuesNone' : residueLayers === 1 ? 'residuesOne' : ('residues' as const);
  return [
    fill(TEXTS.margin[language], { depth: shortLength(side, roughnessPx, language) }),
    fill(TEXTS[residues][language], { count: String(residueLayers) }),
    fill(TEXTS.porosity[language], { share: decimalText(porosityShare * 100, 0, language) }),
  ].join(', ');
}

/** How surely the foramen was found; null where it was not looked for or not found at all. */
export function foramenStanding({ foramenConfidence }: ReportedSide): ForamenStanding | null {
  if (foramenConfidence === null) return null;
  if (foramenConfidence >= FOUND_MIN) return 'found';
  return foramenConfidence >= UNCERTAIN_MIN ? 'uncertain' : 'estimated';
}

/** The same in words. */
export function foramenText(side: ReportedSide, language: Language): string | null {
  const standing = foramenStanding(side);
  return standing === null ? null : TEXTS[standing][language];
}

/** What the millimetres of a panoramic film are, and by whose word. */
export function scaleText(
  spacing: Spacing,
  { magnification, deviceProfile }: Pick<PanoramicFinding, 'magnification' | 'deviceProfile'>,
  language: Language,
): string {
  const { source, statedMagnification } = spacing;
  const factor = (value: number) => ({ magnification: decimalText(value, 2, language) });
  if (mmPerPxOf(spacing, magnification) === null) return TEXTS.scaleNone[language];
  if (magnification !== null && deviceProfile !== null) {
    const { name, source: by, calibratedOn: date } = deviceProfile;
    return fill(TEXTS.scaleProfile[language], { ...factor(magnification), name, source: by, date });
  }
  if (magnification !== null) return fill(TEXTS.scaleMagnification[language], factor(magnification));
  if (statedMagnification !== undefined) {
    return fill(TEXTS.scaleStated[language], factor(statedMagnification));
  }
  return TEXTS[source === 'calibrated' ? 'scaleCalibrated' : 'scaleDetector'][language];
}

/** Which sign decided on a panoramic film: the first reason's; null where none did. */
export function decidingSign({ reasons }: Pick<AnalysisResult, 'reasons'>): 'width' | 'pmi' | 'class' | null {
  const code = reasons[0]?.code ?? '';
  if (code.startsWith('mcw-')) return 'width';
  if (code.startsWith('pmi-') && code !== 'pmi-unavailable') return 'pmi';
  return code.startsWith('cortex-') ? 'class' : null;
}

/** Millimetres a pixel as this side is reported, whatever size of the film its pixels are of; null without a scale. */
function scaleOf({ widthMm, widthPx }: ReportedSide): number | null {
  return widthMm === null || widthPx === null || widthPx === 0 ? null : widthMm / widthPx;
}

function unitText(scale: number | null, language: Language): string {
  return scale === null ? TEXTS.pixels[language] : 'mm';
}

/** A length that is given in passing: a tenth of a millimetre or a whole pixel. */
function shortLength(side: ReportedSide, lengthPx: number, language: Language): string {
  const scale = scaleOf(side);
  return `${decimalText(lengthPx * (scale ?? 1), scale === null ? 0 : 1, language)} ${unitText(scale, language)}`;
}

function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}
