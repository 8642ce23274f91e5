import { describe, expect, it } from 'vitest';
import {
  ageAndSexOf,
  dateOf,
  durationOf,
  nameOf,
  numberOf,
  quotedWidthMm,
  spokenCode,
  spokenFinding,
  spokenReason,
} from './display.ts';
import { fillWords, WORDS } from './words.ts';
import type { WordKey } from './words.ts';

const person = (name: string) => ({ name, patientId: 'TEST-1', birthDate: null, sex: 'F' });

describe('names and ages', () => {
  it.each([
    ['Almgren^Ingrid', 'Almgren, Ingrid'],
    ['Almgren^Ingrid^Maria^Dr', 'Almgren, Ingrid Maria'],
    ['=山田^太郎', '山田, 太郎'],
    ['Almgren', 'Almgren'],
    ['^Ingrid', 'Ingrid'],
    ['', 'Name unknown'],
  ])('reads %j as %j', (written, read) => {
    expect(nameOf(person(written), WORDS.en)).toBe(read);
  });

  it('says when the age is not known', () => {
    expect(ageAndSexOf(person('A'), 71, WORDS.sv)).toBe('71 år, kvinna');
    expect(ageAndSexOf({ ...person('A'), sex: null }, null, WORDS.en)).toBe('age unknown');
  });
});

describe('time since arrival', () => {
  const after = (seconds: number, language: 'en' | 'sv' = 'en'): string =>
    durationOf(
      '2026-11-22T08:00:00Z',
      new Date(Date.UTC(2026, 10, 22, 8, 0, seconds)).toISOString(),
      language,
    );

  it.each([
    [-30, 'less than 1 min'],
    [59, 'less than 1 min'],
    [60, '1 min'],
    [3_599, '59 min'],
    [3_600, '1 h 0 min'],
    [86_399, '23 h 59 min'],
    [90_000, '1 day 1 h'],
    [8 * 86_400, '8 days'],
  ])('after %d s it is %j', (seconds, text) => {
    expect(after(seconds)).toBe(text);
  });

  it('is said in Swedish too', () => {
    expect(after(90_000, 'sv')).toBe('1 dag 1 tim');
  });
});

describe('numbers and dates', () => {
  it('follow the language, and an absent number is a dash and never 0', () => {
    expect(numberOf(2.4, 2, 'en')).toBe('2.40');
    expect(numberOf(2.4, 2, 'sv')).toBe('2,40');
    expect(numberOf(null, 2, 'en')).toBe('–');
  });

  it('read DICOM and ISO dates alike', () => {
    expect(dateOf('20261120')).toBe('2026-11-20');
    expect(dateOf('2026-11-20')).toBe('2026-11-20');
  });
});

describe('reasons', () => {
  const text = 'Mandibular cortical width 2.41 mm on average.';
  const values = { meanWidthMm: 2.41, limitMm: 3 };

  it('are written in Swedish from the values that came along', () => {
    const spoken = spokenReason({ code: 'mcw-below-threshold', text, ...{ values } }, 'sv');
    expect(spoken.language).toBe('sv');
    expect(spoken.text).toContain('2,41 mm');
  });

  it('stay English, and say so, where a Swedish text would have gaps', () => {
    expect(spokenReason({ code: 'mcw-below-threshold', text }, 'sv')).toEqual({ text, language: 'en' });
  });

  it('give a row the width that their text quotes, so that the two never differ', () => {
    const reasons = [{ code: 'mcw-below-threshold', text, ...{ values: { meanWidthMm: 2.99 } } }];
    expect(quotedWidthMm(reasons, 2.996)).toBe(2.99);
    expect(quotedWidthMm([], 2.5)).toBe(2.5);
  });

  it('are short on the worklist, and the finding stands in when there are none', () => {
    const reasons = [{ code: 'mcw-below-threshold', text, ...{ values } }];
    expect(spokenFinding({ finding: 'x', reasons }, 'sv', WORDS.sv).text).toContain('gränsen 3,0 mm');
    expect(spokenFinding({ finding: 'Thin cortex', reasons: [] }, 'sv', WORDS.sv)).toEqual({
      text: 'Thin cortex',
      language: 'en',
    });
  });

  it('show a code that has no words yet rather than hide it', () => {
    expect(spokenCode('moon-in-picture', 'en')).toBe('moon in picture');
    expect(spokenCode('foramen-not-found', 'sv')).toContain('Foramen mentale');
  });
});

describe('the words', () => {
  it('quote the same values in both languages', () => {
    const quoted = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
    for (const key of Object.keys(WORDS.en) as WordKey[]) {
      expect(quoted(WORDS.sv[key]), key).toEqual(quoted(WORDS.en[key]));
      expect(WORDS.sv[key], key).not.toBe('');
    }
  });

  it('leave a value that is missing visible', () => {
    expect(fillWords('{a} of {b}', { a: 1 })).toBe('1 of {b}');
  });
});
