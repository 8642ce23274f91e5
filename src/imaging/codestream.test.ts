import { describe, expect, it } from 'vitest';
import { holdsYcc } from './codestream.ts';

const FRAME_HEADER = 'ffc0 0011 08 0010 0010 03 001100 011100 021100';
const jpeg = (...segments: string[]): Buffer =>
  Buffer.from(['ffd8', ...segments, FRAME_HEADER, 'ffda'].join('').replace(/\s/g, ''), 'hex');

describe('what a colour JPEG says of its colours', () => {
  it.each([
    ['JFIF means YCbCr', jpeg('ffe0 0010 4a46494600 0102 00 0001 0001 0000'), true],
    ['Adobe says YCbCr', jpeg('ffee 000e 41646f6265 0064 0000 0000 01'), true],
    ['Adobe says RGB', jpeg('ffee 000e 41646f6265 0064 0000 0000 00'), false],
    [
      'an Adobe segment that ends before its mark says nothing',
      jpeg('ffee 000c 41646f6265 0000 0000 00'),
      null,
    ],
    ['no mark says nothing', jpeg(), null],
  ])('%s', (_, bytes, expected) => {
    expect(holdsYcc(bytes)).toBe(expected);
  });
});
