import { describe, expect, it } from 'vitest';
import { decodeText } from './character-set.ts';

describe('character sets', () => {
  it.each([
    ['ISO_IR 100', Buffer.from('Åkerström^Märta', 'latin1'), 'Åkerström^Märta'],
    ['ISO 2022 IR 100', Buffer.from('Öberg', 'latin1'), 'Öberg'],
    ['\\ISO 2022 IR 100', Buffer.from('\x1b-AÅsa', 'latin1'), 'Åsa'],
    ['ISO_IR 192', Buffer.from('Łukasz Ström', 'utf8'), 'Łukasz Ström'],
    ['ISO_IR 203', Buffer.from([0xa4, 0x31]), '€1'],
    ['ISO_IR 144', Buffer.from([0xbb, 0xee, 0xda]), 'Люк'],
    ['ISO_IR 6', Buffer.from('Svensson'), 'Svensson'],
    [null, Buffer.from('Berg'), 'Berg'],
  ])('reads %s', (term, bytes, wanted) => {
    expect(decodeText(bytes, term)).toBe(wanted);
  });

  it('reads undeclared letters as UTF-8 where they are that, else as Latin-1', () => {
    expect(decodeText(Buffer.from('Sjögren', 'utf8'), null)).toBe('Sjögren');
    expect(decodeText(Buffer.from('Sjögren', 'latin1'), null)).toBe('Sjögren');
    expect(decodeText(Buffer.from('Sjögren', 'latin1'), 'NO SUCH SET')).toBe('Sjögren');
  });

  it('switches sets at escapes and does not show the escapes', () => {
    const mixed = Buffer.concat([
      Buffer.from('Ivanov \x1b-L', 'latin1'),
      Buffer.from([0xbb]),
      Buffer.from('\x1b-A\xc5', 'latin1'),
    ]);
    expect(decodeText(mixed, 'ISO 2022 IR 6\\ISO 2022 IR 144\\ISO 2022 IR 100')).toBe('Ivanov ЛÅ');
    expect(decodeText(Buffer.from('ab\x1b', 'latin1'), null)).toBe('ab');
  });

  it.each(['^', '=', '\\', '\r\n'])(
    'goes back to the first set at %j, where no escape is asked for',
    (delimiter) => {
      const value = Buffer.concat([
        Buffer.from('\x1b-L', 'latin1'),
        Buffer.from([0xbb, 0xee, 0xda]),
        Buffer.from(`${delimiter}Åsa ÄÖ`, 'latin1'),
      ]);
      expect(decodeText(value, 'ISO 2022 IR 100\\ISO 2022 IR 144')).toBe(`Люк${delimiter}Åsa ÄÖ`);
    },
  );
});
