import { Hl7Message } from '@medplum/core';
import { describe, expect, it } from 'vitest';
import { encodeMessage, escapeText, headerSegment, messageText, segment, timeText } from './segment.ts';

describe('a segment', () => {
  it('has its fields where their numbers say, and ends with the last that is given', () => {
    expect(segment('OBX', { 1: 1, 5: ['a', null, ['b', 'c']], 8: null })).toBe('OBX|1||||a^^b&c');
    expect(headerSegment({ 3: 'HERE', 9: ['ORU', 'R01'], 10: 'ID' })).toBe('MSH|^~\\&|HERE||||||ORU^R01|ID');
  });

  it('lets no letter of a text be taken for a separator, and no line break or frame begin in it', () => {
    expect(escapeText('a|b^c~d\\e&f')).toBe('a\\F\\b\\S\\c\\R\\d\\E\\e\\T\\f');
    expect(escapeText('one\r\ntwo\nthree\u000b\u001c')).toBe('one\\.br\\two\\.br\\three  ');
    const text = messageText([
      headerSegment({ 3: 'HERE' }),
      segment('PID', { 5: ['Evil|PID^X', 'A&B~C'] }),
      segment('NTE', { 3: 'a\rMSH|fake' }),
    ]);
    const parsed = Hl7Message.parse(text);
    // Nothing stands behind the last carriage return.
    expect(parsed.segments.map(({ name }) => name)).toEqual(['MSH', 'PID', 'NTE', '']);
    expect(parsed.getSegment('PID')?.getField(5).getComponent(2)).toBe('A\\T\\B\\R\\C');
  });

  it('is sent in the character set that the header names; Latin-1 keeps what it has letters for', () => {
    expect(encodeMessage('Åsa Öström – Łuk 3 ± 1', 'UNICODE UTF-8').toString('utf8')).toBe(
      'Åsa Öström – Łuk 3 ± 1',
    );
    expect(encodeMessage('Åsa Öström – Łuk ő 字 3 ± 1', '8859/1').toString('latin1')).toBe(
      'Åsa Öström - Luk o ? 3 ± 1',
    );
  });

  it('writes times with their zone', () => {
    expect(timeText(Date.UTC(2026, 10, 22, 21, 5, 9, 900))).toBe('20261122210509+0000');
  });
});
