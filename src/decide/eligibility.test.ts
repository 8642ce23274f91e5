import { describe, expect, it } from 'vitest';
import type { ImageHeader } from '../exam/exam.ts';
import {
  ageAtStudyYears,
  decideEligibility,
  DEFAULT_ELIGIBILITY_RULES,
  isAgeFromNumber,
} from './eligibility.ts';

const HEADER: ImageHeader = {
  studyInstanceUid: '1.2.3',
  seriesInstanceUid: '1.2.3.1',
  sopInstanceUid: '1.2.3.1.1',
  sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1',
  transferSyntaxUid: '1.2.840.10008.1.2.1',
  modality: 'PX',
  patientId: 'P1',
  issuerOfPatientId: null,
  patientName: null,
  patientBirthDate: '19600615',
  patientAgeYears: null,
  patientSex: 'F',
  studyDate: '20250615',
  studyTime: null,
  accessionNumber: null,
  studyDescription: null,
  seriesDescription: null,
  protocolName: null,
  bodyPartExamined: null,
  viewPosition: null,
  viewMeaning: null,
  manufacturer: null,
  manufacturerModelName: null,
  stationName: null,
  rows: 1200,
  columns: 2400,
  bitsStored: 12,
};

function codeOf(header: Partial<ImageHeader>) {
  const decision = decideEligibility({ ...HEADER, ...header });
  return decision.eligible
    ? `eligible at ${decision.ageYears}`
    : `${decision.outcome}: ${decision.reason.code}`;
}

describe('eligibility', () => {
  it('takes a panoramic film of a person of fifty or more', () => {
    expect(codeOf({})).toBe('eligible at 65');
  });

  it('turns fifty on the birthday, not in the year', () => {
    expect(codeOf({ patientBirthDate: '19750615' })).toBe('eligible at 50');
    expect(codeOf({ patientBirthDate: '19750616' })).toBe('not-eligible: age-below-minimum');
  });

  it('counts a birthday on 29 February from 1 March in a common year', () => {
    const age = (studyDate: string) =>
      ageAtStudyYears({ patientBirthDate: '19720229', studyDate, patientAgeYears: null, patientId: null });
    expect([age('20220228'), age('20220301'), age('20240229')]).toEqual([49, 50, 52]);
  });

  it("falls back on Patient's Age where a date is missing", () => {
    expect(codeOf({ patientBirthDate: null, patientAgeYears: 71 })).toBe('eligible at 71');
    expect(codeOf({ studyDate: null, patientAgeYears: 30 })).toBe('not-eligible: age-below-minimum');
  });

  it('takes the age from the personal number where the header tells none, and says so', () => {
    const bare = { patientBirthDate: null, patientId: '19460421-9008' };
    expect(codeOf(bare)).toBe('eligible at 79');
    expect(isAgeFromNumber({ ...HEADER, ...bare })).toBe(true);
    expect(codeOf({ ...bare, patientId: '197610012382' })).toBe('not-eligible: age-below-minimum-by-number');
    // Whatever the header says goes first, and a wrong check digit tells nothing.
    expect(codeOf({ ...bare, patientAgeYears: 71 })).toBe('eligible at 71');
    expect(isAgeFromNumber({ ...HEADER, patientId: '19460421-9008' })).toBe(false);
    expect(codeOf({ ...bare, patientId: '19460421-9009' })).toBe('not-eligible: age-unknown');
    expect(codeOf({ ...bare, studyDate: null })).toBe('not-eligible: age-unknown');
  });

  it('does not know the age without dates, with a birth after the study or with a placeholder date', () => {
    const unknown = 'not-eligible: age-unknown';
    expect(codeOf({ patientBirthDate: null })).toBe(unknown);
    expect(codeOf({ patientBirthDate: '20300101', patientAgeYears: 60 })).toBe(unknown);
    expect(codeOf({ patientBirthDate: '20250616' })).toBe(unknown);
    expect(codeOf({ patientBirthDate: '18500101' })).toBe(unknown);
    expect(codeOf({ patientBirthDate: null, patientAgeYears: 999 })).toBe(unknown);
  });

  it('does not handle other modalities, whoever the patient is', () => {
    expect(codeOf({ modality: 'MR', patientBirthDate: null })).toBe('not-eligible: modality-not-handled');
  });

  it.each(['PX', 'DX', 'CR', 'IO', 'RG', 'OT', 'SC', null])(
    'takes a panoramic of modality %s',
    (modality) => {
      expect(codeOf({ modality })).toBe('eligible at 65');
    },
  );

  it('follows the rules of the site', () => {
    const rules = { ...DEFAULT_ELIGIBILITY_RULES, ageYearsMin: 70 };
    expect(decideEligibility(HEADER, rules)).toMatchObject({
      eligible: false,
      reason: { text: expect.stringContaining('65 years old') as string },
    });
  });
});
