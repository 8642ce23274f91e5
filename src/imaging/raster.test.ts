import { describe, expect, it } from 'vitest';
import { TriageError } from '../errors.ts';
import { decodeRaster, encodeJpeg, encodePng, encodePng16, layOver, rasterizeSvg } from './raster.ts';

const COLUMNS = 37;
const ROWS = 23;

function ramp8(): Uint8Array {
  return Uint8Array.from({ length: COLUMNS * ROWS }, (_, i) => (i * 7) % 256);
}

describe('raster', () => {
  it('gives an 8-bit grey PNG back exactly', async () => {
    const png = await encodePng(ramp8(), COLUMNS, ROWS);
    const picture = await decodeRaster(png, 1e6);
    expect(picture).toMatchObject({ columns: COLUMNS, rows: ROWS, channels: 1, bitsAllocated: 8 });
    expect(Buffer.from(picture.samples).equals(Buffer.from(ramp8()))).toBe(true);
  });

  it('keeps all 16 bits of a grey PNG', async () => {
    const samples = Uint16Array.from({ length: COLUMNS * ROWS }, (_, i) => (i * 77 + 1) % 65536);
    const picture = await decodeRaster(await encodePng16(samples, COLUMNS, ROWS), 1e6);
    expect(picture.bitsAllocated).toBe(16);
    expect([...picture.samples]).toEqual([...samples]);
  });

  it('gives an RGB PNG back exactly and drops alpha', async () => {
    const rgba = Uint8Array.from({ length: 4 * 6 }, (_, i) => (i % 4 === 3 ? 128 : i * 9));
    const picture = await decodeRaster(await encodePng(rgba, 3, 2, 4), 1e6);
    expect(picture.channels).toBe(3);
    expect([...picture.samples]).toEqual([...rgba].filter((_, i) => i % 4 !== 3));
  });

  it('refuses a truncated JPEG instead of filling it with grey', async () => {
    const jpeg = await encodeJpeg(ramp8(), COLUMNS, ROWS);
    await expect(decodeRaster(jpeg.subarray(0, jpeg.length * 0.7), 1e6)).rejects.toMatchObject({
      code: 'pixel-data-unreadable',
    });
  });

  it('refuses a picture above the limit before decoding it', async () => {
    const png = await encodePng(ramp8(), COLUMNS, ROWS);
    const refused = decodeRaster(png, COLUMNS * ROWS - 1);
    await expect(refused).rejects.toBeInstanceOf(TriageError);
    await expect(refused).rejects.toMatchObject({ code: 'film-too-large' });
  });

  it('draws an SVG over a grey film and leaves the rest grey', async () => {
    const grey = new Uint8Array(100).fill(50);
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect x="2" y="3" width="4" height="2" fill="#ff0000"/></svg>';
    const rgb = layOver(grey, await rasterizeSvg(svg));
    expect(rgb.length).toBe(300);
    expect([...rgb.subarray((3 * 10 + 2) * 3, (3 * 10 + 2) * 3 + 3)]).toEqual([255, 0, 0]);
    expect([...rgb.subarray(0, 3)]).toEqual([50, 50, 50]);
  });
});
