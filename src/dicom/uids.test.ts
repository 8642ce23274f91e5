import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  derivedUid,
  findTransferSyntax,
  IMPLEMENTATION_CLASS_UID,
  IMPLEMENTATION_VERSION_NAME,
  isValidUid,
  newUid,
  TRANSFER_SYNTAXES,
} from './uids.ts';

describe('uids', () => {
  it('makes valid UIDs under 2.25 that differ each time', () => {
    const made = Array.from({ length: 200 }, () => newUid());
    expect(new Set(made).size).toBe(200);
    for (const uid of made) {
      expect(uid).toMatch(/^2\.25\.[1-9]\d*$/);
      expect(isValidUid(uid)).toBe(true);
    }
  });

  it('derives the same valid UID from the same seed, and another from another', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(isValidUid(derivedUid(a))).toBe(true);
        expect(derivedUid(a) === derivedUid(b)).toBe(a === b);
      }),
    );
  });

  it.each([
    '',
    '1',
    '1.',
    '.1',
    '1..2',
    '1.2/3',
    '1.2/..',
    '../../etc',
    '1.2.3 ',
    '1 2',
    '1.2\n',
    '1.a',
    `1.${'2'.repeat(64)}`,
  ])('refuses %j as a name', (text) => {
    expect(isValidUid(text)).toBe(false);
  });

  it('names every transfer syntax once and keeps its own names within the standard', () => {
    expect(new Set(TRANSFER_SYNTAXES.map((entry) => entry.uid)).size).toBe(TRANSFER_SYNTAXES.length);
    expect(findTransferSyntax('1.2.840.10008.1.2')).toMatchObject({ explicitVr: false, encapsulated: false });
    expect(findTransferSyntax('1.2.840.10008.1.2.2')).toMatchObject({ bigEndian: true, explicitVr: true });
    expect(findTransferSyntax('1.2.3')).toBeNull();
    expect(isValidUid(IMPLEMENTATION_CLASS_UID)).toBe(true);
    expect(IMPLEMENTATION_VERSION_NAME.length).toBeLessThanOrEqual(16);
  });
});
