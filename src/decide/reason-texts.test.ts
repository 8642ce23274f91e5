import { describe, expect, it } from 'vitest';
import { ERRORS } from '../errors.ts';
import { DISCLAIMER, isReasonCode, REASON_TEXTS, reasonOf, reasonText } from './reason-texts.ts';

const PLACEHOLDER = /\{(\w+)(?:\.\d)?\}/g;

/** What decides that a film is negative. */
const NEGATIVES = [
  'mcw-at-or-above-threshold',
  'pmi-at-or-above-threshold',
  'no-vertebral-deformity',
  'vertebral-deformity-not-counted',
] as const;

describe('the texts of reasons', () => {
  const codes = Object.keys(REASON_TEXTS);

  it.each(codes)('%s has an English and a Swedish sentence that quote the same values', (code) => {
    const texts = REASON_TEXTS[code as keyof typeof REASON_TEXTS];
    for (const text of [texts.en, texts.sv]) expect(text).toMatch(/^([A-ZÅÄÖ]|\{level\}).*\.$/);
    expect(texts.en).not.toBe(texts.sv);
    expect(texts.sv.match(PLACEHOLDER) ?? []).toEqual(texts.en.match(PLACEHOLDER) ?? []);
  });

  it('cover every code of the table of errors', () => {
    expect(Object.keys(ERRORS).filter((code) => !isReasonCode(code))).toEqual([]);
  });

  it('never name a disease: a finding is no diagnosis', () => {
    const all = codes.flatMap((code) => Object.values(REASON_TEXTS[code as keyof typeof REASON_TEXTS]));
    expect(all.filter((text) => /osteopor|osteopen|benskör|sjukdom|disease/i.test(text))).toEqual([]);
  });

  it('say of every negative finding that it does not rule out low bone density', () => {
    for (const code of NEGATIVES) {
      expect(reasonText(code, 'en')).toContain('does not rule out');
      expect(reasonText(code, 'sv')).toContain('utesluter inte');
    }
    expect(DISCLAIMER.en).toContain('not a diagnosis');
    expect(DISCLAIMER.en).toContain('does not rule out');
  });

  it('quote numbers with the decimals asked for and a comma in Swedish', () => {
    const values = { meanWidthMm: 2.7, limitMm: 3 };
    expect(reasonText('mcw-below-threshold', 'en', values)).toContain(
      '2.70 mm on average, below the referral limit of 3.0 mm',
    );
    expect(reasonText('mcw-below-threshold', 'sv', values)).toContain('2,70 mm');
  });

  it('show a missing value as a dash and an unknown code as it is', () => {
    expect(reasonText('no-model-for-view', 'en')).toContain('(–)');
    expect(reasonText('from-the-future', 'en')).toBe('Other reason: from-the-future.');
    expect(reasonText('toString', 'sv')).toBe('Annan orsak: toString.');
  });

  it('keep their values, so that another language can be written later', () => {
    const reason = reasonOf('age-below-minimum', { ageYears: 12, ageYearsMin: 50 });
    expect(reason.text).toContain('12 years old');
    expect(reasonText(reason.code, 'sv', reason.values)).toContain('12 år');
  });
});
