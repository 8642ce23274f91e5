import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeNumber, numberDigits } from './personal-number.ts';

const TODAY = '20261122';
const read = (patientId: string) => {
  const { kind, shown, birthDate, sex } = describeNumber(patientId, TODAY);
  return [kind, shown, birthDate, sex];
};

// Numbers of Skatteverket's test series and of Inera's examples; they name nobody.
describe('a personnummer', () => {
  it.each([
    '19121212-1212',
    '191212121212',
    '121212+1212',
    '19121212+1212',
    '19121212 1212',
    ' 191212121212 ',
  ])('is read in the spelling %j', (spelling) =>
    expect(read(spelling)).toEqual(['personnummer', '19121212-1212', '19121212', 'M']),
  );

  it('without a century is of the youngest person it may name, with a plus of one a hundred years older', () => {
    expect(read('121212-1212')).toEqual(['personnummer', '20121212-1212', '20121212', 'M']);
    expect(describeNumber('121212-1212', '20121211').shown).toBe('19121212-1212');
    expect(describeNumber('121212-1212', '20121212').shown).toBe('20121212-1212');
    expect(describeNumber('121212+1212', '20121211').shown).toBe('18121212-1212');
  });

  it('tells the sex by the last digit but one', () => {
    expect(read('194604219008')).toEqual(['personnummer', '19460421-9008', '19460421', 'F']);
  });

  it('with sixty added to its day is a samordningsnummer', () => {
    expect(read('19701063-2391')).toEqual(['samordningsnummer', '19701063-2391', '19701003', 'M']);
  });

  it('with a wrong check digit, a day that never was or a day to come is shown, and tells nothing', () => {
    for (const wrong of ['19121212-1213', '20270101-1230', '19110229-0003']) {
      expect(read(wrong)).toEqual(['invalid', wrong, null, null]);
    }
    expect(read('121212-1213')).toEqual(['invalid', '20121212-1213', null, null]);
  });

  it('has exactly one check digit', () => {
    const serial = fc.integer({ min: 0, max: 999 }).map((value) => String(value).padStart(3, '0'));
    const days = fc.date({ min: new Date('1900-01-01'), max: new Date('2026-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(days, serial, (day, number) => {
        const date = day.toISOString().slice(0, 10).replaceAll('-', '');
        const kinds = Array.from('0123456789', Number).map(
          (digit) => describeNumber(`${date}-${number}${digit}`, TODAY).kind,
        );
        expect(kinds.filter((kind) => kind === 'personnummer')).toHaveLength(1);
        expect(kinds.filter((kind) => kind === 'invalid')).toHaveLength(9);
      }),
      { numRuns: 50 },
    );
  });
});

describe('other Patient IDs', () => {
  it.each([
    ['991981000010', 'Stockholm'],
    ['19810829M071', 'Västra Götaland'],
    ['19930829-X802', 'Västra Götaland with a hyphen'],
    ['19810829SU3A', 'Värmland'],
    ['22460421AB12', 'national'],
    ['198108320014', 'Inera'],
  ])('%s is a reserve number (%s), shown as it came', (number) => {
    expect(read(number)).toEqual(['reservnummer', number, null, null]);
  });

  it.each(['TEST-1001', '', '1234567890', '1212121213', '123456789012', 'T-1', '19811329M071', '19121212'])(
    '%j is nothing of the kind',
    (patientId) => expect(read(patientId)).toEqual(['other', patientId, null, null]),
  );
});

describe('the digits by which a person is found', () => {
  it('are those with and without the century, whatever the spelling', () => {
    expect(numberDigits('19121212-1212')).toEqual(['191212121212', '1212121212']);
    expect(numberDigits('121212+1212')).toEqual(['1212121212']);
    expect(numberDigits('TEST-1001')).toEqual([]);
  });
});
