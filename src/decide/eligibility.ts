import type { Outcome } from '../exam/analysis.ts';
import type { ImageHeader } from '../exam/exam.ts';
import { describeNumber } from '../exam/personal-number.ts';
import { reasonOf, type ReasonInWords } from './reason-texts.ts';

/** Which films are assessed; configuration of the site. */
export interface EligibilityRules {
  /** Whole years at the examination; younger patients are not assessed. */
  readonly ageYearsMin: number;
  /** Modalities (0008,0060) that may carry a film of a handled view. */
  readonly modalities: readonly string[];
}

/** The rules where a site sets none: fifty years, as in the Swedish pathway after fracture. */
export const DEFAULT_ELIGIBILITY_RULES: EligibilityRules = {
  ageYearsMin: 50,
  // A panoramic often comes as Secondary Capture, with the modality OT or SC.
  modalities: ['PX', 'DX', 'CR', 'IO', 'RG', 'OT', 'SC'],
};

/** Whether a film is assessed, and if not, why. */
export type Eligibility =
  | { readonly eligible: true; readonly ageYears: number }
  | {
      readonly eligible: false;
      readonly outcome: Extract<Outcome, 'not-eligible'>;
      readonly reason: ReasonInWords;
    };

/** No one is older; a birth date that says so is a placeholder such as 19000101 or a mistake. */
const AGE_YEARS_MAX = 125;

/**
 * Decides whether a film is read. The modality comes first, then the person; the view is looked at afterwards, with
 * the picture: so a patient who is too young is never shown as a film that failed.
 */
export function decideEligibility(
  header: ImageHeader,
  rules: EligibilityRules = DEFAULT_ELIGIBILITY_RULES,
): Eligibility {
  const { modality } = header;
  if (isDxaModality(modality)) return refuse(reasonOf('dxa-result'));
  if (modality !== null && !rules.modalities.includes(modality)) {
    return refuse(reasonOf('modality-not-handled', { modality }));
  }
  const { ageYears, isFromNumber } = findAge(header);
  if (ageYears === null) return refuse(reasonOf('age-unknown'));
  if (ageYears < rules.ageYearsMin) {
    const values = { ageYears, ageYearsMin: rules.ageYearsMin };
    return refuse(reasonOf(isFromNumber ? 'age-below-minimum-by-number' : 'age-below-minimum', values));
  }
  return { eligible: true, ageYears };
}

/** Whether a modality is that of what a DXA scanner makes: bone densitometry, or a report. */
export function isDxaModality(modality: string | null): boolean {
  return modality === 'BMD' || modality === 'SR';
}

/** What an age is told from. */
export type AgeSource = Pick<ImageHeader, 'patientBirthDate' | 'studyDate' | 'patientAgeYears' | 'patientId'>;

/**
 * Whole years at the examination by the calendar; Patient's Age (0010,1010) where a date is missing, and where that is
 * missing too, the personal number. Dates that contradict each other give null even so: then it is not known whose
 * film it is.
 */
export function ageAtStudyYears(header: AgeSource): number | null {
  return findAge(header).ageYears;
}

/** Whether only the personal number tells the age: the header has neither dates nor Patient's Age. */
export function isAgeFromNumber(header: AgeSource): boolean {
  return findAge(header).isFromNumber;
}

function findAge({ patientBirthDate, studyDate, patientAgeYears, patientId }: AgeSource): {
  readonly ageYears: number | null;
  readonly isFromNumber: boolean;
} {
  const known = patientBirthDate === null || studyDate === null ? patientAgeYears : null;
  if (known !== null) return { ageYears: plausibleAge(known), isFromNumber: false };
  if (studyDate === null) return { ageYears: null, isFromNumber: false };
  if (patientBirthDate !== null) {
    return { ageYears: yearsBetween(patientBirthDate, studyDate), isFromNumber: false };
  }
  const { birthDate } = describeNumber(patientId ?? '', studyDate);
  if (birthDate === null) return { ageYears: null, isFromNumber: false };
  return { ageYears: yearsBetween(birthDate, studyDate), isFromNumber: true };
}

/** Whole years from a birth date to a day, both YYYYMMDD; null where the birth date is not known or not plausible. */
export function ageYearsOn(birthDate: string | null, day: string): number | null {
  return birthDate === null ? null : yearsBetween(birthDate, day);
}

function yearsBetween(birth: string, study: string): number | null {
  const years = Number(study.slice(0, 4)) - Number(birth.slice(0, 4));
  // Month and day compare as text; who was born on 29 February is a year older on 1 March.
  const hadBirthday = study.slice(4) >= birth.slice(4);
  return plausibleAge(hadBirthday ? years : years - 1);
}

function plausibleAge(ageYears: number): number | null {
  if (!Number.isFinite(ageYears)) return null;
  return ageYears >= 0 && ageYears <= AGE_YEARS_MAX ? ageYears : null;
}

function refuse(reason: ReasonInWords): Eligibility {
  return { eligible: false, outcome: 'not-eligible', reason };
}
