import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  keyValues,
  matchesKeys,
  matchesPattern,
  matchesStart,
  parseDateKey,
  parseTimeKey,
  type KeyVr,
} from './attribute-matching.ts';

describe('matching of one key', () => {
  const cases: readonly [what: string, vr: KeyVr, keys: string[], stored: string | null, matches: boolean][] =
    [
      ['no key is universal', 'LO', [], 'T-1', true],
      ['no key matches a value that is not known', 'LO', [], null, true],
      ['an unknown value matches no key', 'LO', ['T-1'], null, false],
      ['an empty value matches no key', 'LO', ['T*'], '', false],
      ['a single value', 'LO', ['T-1'], 'T-1', true],
      ['a single value with padding in the record', 'LO', ['T-1'], 'T-1 ', true],
      ['another single value', 'LO', ['T-1'], 'T-10', false],
      ['case counts in identifiers', 'LO', ['t-1'], 'T-1', false],
      ['case counts in codes', 'CS', ['bmd'], 'BMD', false],
      ['any of several values', 'CS', ['CR', 'BMD'], 'BMD', true],
      ['an asterisk at the end', 'LO', ['1950*'], '19500101-1234', true],
      ['an asterisk at the start', 'LO', ['*1234'], '19500101-1234', true],
      ['an asterisk on both sides', 'LO', ['*0101*'], '19500101-1234', true],
      ['a question mark for one character', 'SH', ['A?C'], 'ABC', true],
      ['a question mark for no character', 'SH', ['A?C'], 'AC', false],
      ['a question mark for one character outside ASCII', 'LO', ['?B'], 'ÅB', true],
      ['a wildcard is a letter in a UID', 'UI', ['1.2.*'], '1.2.3', false],
      ['a list of UIDs', 'UI', ['1.2.3', '1.2.4'], '1.2.4', true],
      ['a UID that is not in the list', 'UI', ['1.2.3', '1.2.4'], '1.2.40', false],
      ['an AE title', 'AE', ['DXA1'], 'DXA1', true],
      ['letters with a meaning elsewhere', 'LO', ['a.c(d)[e]$'], 'a.c(d)[e]$', true],
      ['a dot is only a dot', 'LO', ['a.c'], 'abc', false],
      ['a name whatever its case', 'PN', ['PÅHITTAD^ÅSA'], 'Påhittad^Åsa', true],
      ['a name by its beginning', 'PN', ['påh*'], 'Påhittad^Åsa', true],
      ['a name by its given name', 'PN', ['*^åsa'], 'Påhittad^Åsa', true],
      ['the family name alone is another name', 'PN', ['Påhittad'], 'Påhittad^Åsa', false],
      ['trailing delimiters say nothing', 'PN', ['Påhittad^Åsa^^^'], 'Påhittad^Åsa', true],
      ['trailing delimiters of the record say nothing', 'PN', ['Påhittad^Åsa'], 'Påhittad^Åsa^^^', true],
      ['letters written with a combining accent', 'PN', ['Pa\u030ahittad^A\u030asa'], 'Påhittad^Åsa', true],
      ['a name in its second group', 'PN', ['山田^太郎'], 'Yamada^Tarou=山田^太郎', true],
      ['a name by groups', 'PN', ['Yamada*=山田*'], 'Yamada^Tarou=山田^太郎', true],
      ['a name of which one group differs', 'PN', ['Yamada*=田中*'], 'Yamada^Tarou=山田^太郎', false],
      ['å is not a', 'PN', ['Pahittad*'], 'Påhittad^Åsa', false],
      ['a question mark in a name', 'PN', ['P?hittad^?sa'], 'Påhittad^Åsa', true],
    ];
  it.each(cases)('%s', (_what, vr, keys, stored, matches) => {
    expect(matchesKeys(vr, keys, stored)).toBe(matches);
  });

  it('takes empty keys and lone asterisks as universal', () => {
    expect(keyValues({ Modality: null }, 'Modality')).toEqual([]);
    expect(keyValues({ Modality: '' }, 'Modality')).toEqual([]);
    expect(keyValues({ Modality: '*' }, 'Modality')).toEqual([]);
    expect(keyValues({}, 'Modality')).toEqual([]);
    expect(keyValues({ Modality: ['CR', ' BMD '] }, 'Modality')).toEqual(['CR', 'BMD']);
    expect(keyValues({ PatientWeight: 70 }, 'PatientWeight')).toEqual(['70']);
  });

  it('matches patterns as the plain definition does', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
    const plain = (pattern: string, text: string): boolean =>
      new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'su').test(text);
    fc.assert(
      fc.property(letters, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 }), (pattern, text) => {
        expect(matchesPattern(pattern, text)).toBe(plain(pattern, text));
      }),
      { numRuns: 500 },
    );
  });

  it('does not take for ever over a pattern that was made for it', () => {
    const started = performance.now();
    expect(matchesPattern(`${'*a'.repeat(30)}b`, 'a'.repeat(5_000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('matching of the start', () => {
  const at = { date: '20260706', time: '1330' };
  const cases: readonly [what: string, date: string | null, time: string | null, matches: boolean][] = [
    ['no key', null, null, true],
    ['the day', '20260706', null, true],
    ['the day as it was once written', '2026.07.06', null, true],
    ['another day', '20260707', null, false],
    ['a range of days', '20260705-20260707', null, true],
    ['a range that ends before', '20260701-20260705', null, false],
    ['from a day on', '20260706-', null, true],
    ['until a day', '-20260706', null, true],
    ['until the day before', '-20260705', null, false],
    ['the hour', null, '13', true],
    ['the minute', null, '1330', true],
    ['the second', null, '133000', true],
    ['another second', null, '133001', false],
    ['a range of times on any day', null, '1300-1400', true],
    ['a range of times that ends with the minute', null, '1200-1330', true],
    ['a range of times that ends before', null, '0800-1200', false],
    ['times as they were once written', null, '13:00-14:00', true],
    ['a day and a range of times', '20260706', '1300-1400', true],
    ['a day and other times', '20260706', '1400-1500', false],
    // PS3.4 Table K.6-1: two ranges are one span of time.
    ['a span over days whose times would not match by themselves', '20260705-20260707', '1800-1000', true],
    ['a span that starts later that day', '20260706-20260707', '1400-1000', false],
    ['a span that ended earlier that day', '20260705-20260706', '0800-1300', false],
    ['a span that ends later that day', '20260705-20260706', '0800-1400', true],
    ['a span without an end', '20260706-', '1300-', true],
    ['a span without a beginning', '-20260706', '-1400', true],
    ['a span without a beginning that ended earlier', '-20260706', '-1300', false],
  ];
  it.each(cases)('%s', (_what, date, time, matches) => {
    const dates = date === null ? null : parseDateKey(date)!;
    const times = time === null ? null : parseTimeKey(time)!;
    expect(matchesStart(dates, times, at)).toBe(matches);
  });

  it.each(['x', '2026', '20260706-20260707-20260708', '-', '2026-07-06'])('%s is no date', (key) => {
    expect(parseDateKey(key)).toBeUndefined();
  });

  it.each(['x', '1', '25', '1260', '-', '12-13-14'])('%s is no time', (key) => {
    expect(parseTimeKey(key)).toBeUndefined();
  });
});
