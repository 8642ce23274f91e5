import type { Reason, ViewName } from '../exam/analysis.ts';
import { ASSESSMENT_TEXTS } from './assessment-texts.ts';
import { CORRECTION_TEXTS } from './correction-texts.ts';
import { MEASUREMENT_TEXTS } from './measurement-texts.ts';
import { REFUSAL_TEXTS } from './refusal-texts.ts';
import { VIEW_TEXTS, VIEW_WORDS } from './view-texts.ts';
import { SPINE_TEXTS } from './spine-texts.ts';

/** The languages that reasons are written in. */
export type Language = 'en' | 'sv';

/** One text in every language. `{name.2}` stands for the value of that name with two decimals. */
export type TextInLanguages = Readonly<Record<Language, string>>;

/** The values that a text quotes, by name. */
export type ReasonValues = Readonly<Record<string, number | string>>;

/** A reason that keeps the values its text quotes, so that another language can be written from it later. */
export interface ReasonInWords extends Reason {
  readonly values: ReasonValues;
}

/** Texts of eligibility, policy, measurement and quality. Findings, never diagnoses. */
const FINDING_TEXTS = {
  'opted-out': {
    en: 'The patient has declined this assessment: the film is held and was not read.',
    sv: 'Patienten har avböjt denna bedömning: bilden förvaras och har inte lästs.',
  },
  'age-unknown': {
    en: 'The age at the examination is not known: birth date or study date is missing or contradictory.',
    sv: 'Åldern vid undersökningen är okänd: födelsedatum eller undersökningsdatum saknas eller är motsägelsefullt.',
  },
  'age-below-minimum': {
    en: 'The patient was {ageYears} years old at the examination; films are assessed from {ageYearsMin} years.',
    sv: 'Patienten var {ageYears} år vid undersökningen; bilder bedöms från {ageYearsMin} år.',
  },
  'age-below-minimum-by-number': {
    en: 'The patient was {ageYears} years old at the examination, as the personal identity number says; films are assessed from {ageYearsMin} years.',
    sv: 'Patienten var {ageYears} år vid undersökningen enligt personnumret; bilder bedöms från {ageYearsMin} år.',
  },
  'age-from-number': {
    en: 'The film carries no date of birth: the age comes from the personal identity number.',
    sv: 'Bilden saknar födelsedatum: åldern är hämtad ur personnumret.',
  },
  'modality-not-handled': {
    en: 'Images of the modality {modality} are not assessed.',
    sv: 'Bilder av modaliteten {modality} bedöms inte.',
  },
  'dxa-result': {
    en: 'This is a result from a DXA scanner: it is held for its referral and not assessed.',
    sv: 'Detta är ett resultat från en DXA-utrustning: det sparas till sin remiss och bedöms inte.',
  },
  'mcw-below-threshold': {
    en: 'Mandibular cortical width {meanWidthMm.2} mm on average, below the referral limit of {limitMm.1} mm. A finding for triage, not a diagnosis.',
    sv: 'Mandibulans kortikala bredd är i medeltal {meanWidthMm.2} mm, under remissgränsen {limitMm.1} mm. Ett fynd för triage, ingen diagnos.',
  },
  'mcw-at-or-above-threshold': {
    en: 'Mandibular cortical width {meanWidthMm.2} mm on average, not below the referral limit of {limitMm.1} mm. This does not rule out low bone density.',
    sv: 'Mandibulans kortikala bredd är i medeltal {meanWidthMm.2} mm, inte under remissgränsen {limitMm.1} mm. Detta utesluter inte låg bentäthet.',
  },
  'pmi-below-threshold': {
    en: 'Panoramic mandibular index {meanPmi.2} on average, below the limit of {limitPmi.2}. A finding for triage, not a diagnosis.',
    sv: 'Panoramic mandibular index är i medeltal {meanPmi.2}, under gränsen {limitPmi.2}. Ett fynd för triage, ingen diagnos.',
  },
  'pmi-at-or-above-threshold': {
    en: 'Panoramic mandibular index {meanPmi.2} on average, not below the limit of {limitPmi.2}. This does not rule out low bone density.',
    sv: 'Panoramic mandibular index är i medeltal {meanPmi.2}, inte under gränsen {limitPmi.2}. Detta utesluter inte låg bentäthet.',
  },
  'cortex-porous': {
    en: "Klemetti's class of the cortex {meanClass.2} on average (0 is C1, 2 is C3), above the limit of {limitClass.1}: clearly porous. A finding for triage, not a diagnosis.",
    sv: 'Klemettis klass för kortikalis är i medeltal {meanClass.2} (0 är C1, 2 är C3), över gränsen {limitClass.1}: tydligt porös. Ett fynd för triage, ingen diagnos.',
  },
  'cortex-not-porous': {
    en: "Klemetti's class of the cortex {meanClass.2} on average (0 is C1, 2 is C3), not above the limit of {limitClass.1}. This does not rule out low bone density.",
    sv: 'Klemettis klass för kortikalis är i medeltal {meanClass.2} (0 är C1, 2 är C3), inte över gränsen {limitClass.1}. Detta utesluter inte låg bentäthet.',
  },
  'score-by-width': {
    en: 'Sorting score {score.2}: one half at the limit of the width, moved by PMI and class where they were read. For sorting the worklist only: it is no probability.',
    sv: 'Sorteringspoäng {score.2}: en halv vid breddens gräns, påverkad av PMI och klass där de avlästs. Endast för att sortera arbetslistan: den är ingen sannolikhet.',
  },
  'score-by-indices': {
    en: 'Sorting score {score.2}: one half where the worse of PMI and class meets its limit, moved by the other. For sorting the worklist only: it is no probability.',
    sv: 'Sorteringspoäng {score.2}: en halv där det sämre av PMI och klass når sin gräns, påverkad av det andra. Endast för att sortera arbetslistan: den är ingen sannolikhet.',
  },
  'width-not-compared': {
    en: 'Mandibular cortical width {meanWidthMm.2} mm on average at detector scale. It was held against no limit: the device has no calibration here, and this site has set no limit for its detector.',
    sv: 'Mandibulans kortikala bredd är i medeltal {meanWidthMm.2} mm i detektorns skala. Den jämfördes inte med någon gräns: apparaten saknar kalibrering här och platsen har inte satt någon gräns för sin detektor.',
  },
  'near-threshold': {
    en: 'The mean lies within one standard error of the limit: read the picture before you act on it.',
    sv: 'Medelvärdet ligger inom ett medelfel från gränsen: granska bilden innan den används som underlag.',
  },
  'cortical-index-not-read': {
    en: 'The mandibular cortical index (Klemetti) could not be read on either side.',
    sv: 'Mandibulärt kortikalindex (Klemetti) kunde inte avläsas på någon sida.',
  },
  'too-small': {
    en: 'The picture has too few pixels to be measured.',
    sv: 'Bilden har för få bildpunkter för att kunna mätas.',
  },
  'flat-image': {
    en: 'The picture is blank or has hardly any contrast.',
    sv: 'Bilden är tom eller har knappt någon kontrast.',
  },
  'mostly-clipped': {
    en: 'Most of the picture is pure black or pure white.',
    sv: 'Det mesta av bilden är helt svart eller helt vitt.',
  },
  'no-side-assessable': {
    en: 'The cortical width could not be measured on either side.',
    sv: 'Den kortikala bredden kunde inte mätas på någon sida.',
  },
  'one-side-only': {
    en: 'Only one side could be measured; the film is judged by that side.',
    sv: 'Endast en sida kunde mätas; bilden bedöms utifrån den sidan.',
  },
  'detector-scale-not-corrected': {
    en: 'Millimetres are at detector scale, not corrected for the magnification of the device.',
    sv: 'Millimetrar avser detektorns skala och är inte korrigerade för apparatens förstoring.',
  },
  'device-calibration-old': {
    en: 'The calibration of the device ({calibratedOn}) lies more than two years from the day of the film: calibrate the device anew.',
    sv: 'Apparatens kalibrering ({calibratedOn}) ligger mer än två år från bildens dag: kalibrera apparaten på nytt.',
  },
  'no-spacing': {
    en: 'The film carries no pixel spacing, so no width in millimetres is given.',
    sv: 'Bilden saknar uppgift om pixelavstånd, så ingen bredd i millimeter anges.',
  },
  'pmi-unavailable': {
    en: 'The panoramic mandibular index could not be measured.',
    sv: 'Panoramic mandibular index kunde inte mätas.',
  },
  'foramen-not-found': {
    en: 'The mental foramen was not found on this side.',
    sv: 'Foramen mentale hittades inte på denna sida.',
  },
  'border-not-visible': {
    en: 'The inferior border of the mandible is not visible below the mental foramen.',
    sv: 'Mandibulans nedre kant syns inte under foramen mentale.',
  },
  'out-of-picture': {
    en: 'The place of measurement lies outside the picture.',
    sv: 'Mätstället ligger utanför bilden.',
  },
  'contrast-too-low': {
    en: 'The contrast is too low to measure the cortex.',
    sv: 'Kontrasten är för låg för att mäta kortikalis.',
  },
  'margin-unclear': {
    en: 'The inner margin of the cortex is not distinct enough to measure.',
    sv: 'Kortikalis inre begränsning är inte tillräckligt tydlig för att mätas.',
  },
  'width-implausible': {
    en: 'The measured width is not plausible for a mandibular cortex.',
    sv: 'Den uppmätta bredden är inte rimlig för mandibulans kortikalis.',
  },
  'not-a-panoramic': {
    en: 'The image does not look like a panoramic radiograph.',
    sv: 'Bilden ser inte ut som en panoramaröntgenbild.',
  },
} as const satisfies Record<string, TextInLanguages>;

/** Every text by its code. */
export const REASON_TEXTS = {
  ...REFUSAL_TEXTS,
  ...VIEW_TEXTS,
  ...ASSESSMENT_TEXTS,
  ...SPINE_TEXTS,
  ...FINDING_TEXTS,
  ...MEASUREMENT_TEXTS,
  ...CORRECTION_TEXTS,
};

/** A code that has a text in every language. */
export type ReasonCode = keyof typeof REASON_TEXTS;

/** The sentence that goes with every result, burnt into the picture and written into the report. */
export const DISCLAIMER: TextInLanguages = {
  en: 'A finding for triage, not a diagnosis. It does not rule out low bone density or a vertebral fracture. Research use until the site has validated it.',
  sv: 'Ett fynd för triage, ingen diagnos. Det utesluter inte låg bentäthet eller kotfraktur. Forskningsbruk tills enheten har validerat det.',
};

const UNKNOWN_TEXT: TextInLanguages = {
  en: 'Other reason: {code}.',
  sv: 'Annan orsak: {code}.',
};

/** Whether a code has its own text. */
export function isReasonCode(code: string): code is ReasonCode {
  return Object.hasOwn(REASON_TEXTS, code);
}

/**
 * The text of a reason in one language. A code from a newer model that has no text yet is shown as it is rather
 * than hidden.
 */
export function reasonText(code: string, language: Language, values: ReasonValues = {}): string {
  const known = isReasonCode(code);
  const template = known ? REASON_TEXTS[code][language] : UNKNOWN_TEXT[language];
  const quoted: ReasonValues = known ? values : { code };
  return template.replaceAll(/\{(\w+)(?:\.(\d))?\}/g, (_match, name: string, decimals?: string) => {
    const value = quoted[name];
    if (value === undefined) return '–';
    if (typeof value === 'string') return isViewName(value) ? VIEW_WORDS[value][language] : value;
    const digits = decimals === undefined ? String(value) : value.toFixed(Number(decimals));
    return language === 'sv' ? digits.replace('.', ',') : digits;
  });
}

function isViewName(value: string): value is ViewName {
  return Object.hasOwn(VIEW_WORDS, value);
}

/** A reason with its English text and the values it quotes. */
export function reasonOf(code: ReasonCode, values: ReasonValues = {}): ReasonInWords {
  return { code, text: reasonText(code, 'en', values), values };
}
