import { describe, expect, it } from 'vitest';
import { holdsYcc, readJpeg2000Size } from './codestream.ts';

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

/** A main header of 24 x 18 with its tile grid; only what is read of it. */
function siz(corner: number, tile: number, origin: number): Buffer {
  const bytes = Buffer.alloc(64);
  Buffer.from('ff4fff510029', 'hex').copy(bytes);
  const fields = [24, 18, corner, corner, tile, tile, 0, origin];
  fields.forEach((field, index) => bytes.writeUInt32BE(field, 8 + 4 * index));
  Buffer.from('00010f0101', 'hex').copy(bytes, 40);
  Buffer.from('ffd9', 'hex').copy(bytes, 62);
  return bytes;
}

describe('the main header of JPEG 2000', () => {
  it('gives the size', () => {
    expect(readJpeg2000Size(siz(0, 24, 0))).toMatchObject({
      columns: 24,
      rows: 18,
      components: 1,
      precision: 16,
    });
  });

  it.each([
    ['the first tile begins behind the image', siz(0, 24, 16)],
    ['the first tile ends before the image', siz(12, 4, 2)],
    ['tiles have no size', siz(0, 0, 0)],
    ['the image has no size', siz(30, 40, 0)],
  ])('is refused where %s', (_, bytes) => {
    expect(() => readJpeg2000Size(bytes)).toThrow('do not cover');
  });
});
