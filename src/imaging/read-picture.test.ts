import { describe, expect, it } from 'vitest';
import { renderPreview, toGreyPicture } from './preview.ts';
import { decodeRaster, encodePng, encodePng16 } from './raster.ts';
import { readPicture } from './read-picture.ts';

describe('reading a picture', () => {
  it('keeps 16 bits', async () => {
    const samples = Uint16Array.from({ length: 600 }, (_, i) => i * 109);
    const { film, bitsStored, problems } = await readPicture(await encodePng16(samples, 30, 20));
    expect([...film.samples]).toEqual([...samples]);
    expect({ columns: film.columns, rows: film.rows, bitsStored, problems }).toEqual({
      columns: 30,
      rows: 20,
      bitsStored: 16,
      problems: [],
    });
  });

  it('turns colours into luminance and says so', async () => {
    const png = await encodePng(Uint8Array.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9]), 2, 2, 3);
    const { film, problems } = await readPicture(png);
    expect([...film.samples]).toEqual([76, 150, 29, 9]);
    expect(problems).toEqual(['colour-converted']);
  });

  it('refuses rubbish and missing files by a code, without the path', async () => {
    await expect(readPicture(Buffer.from('no picture'))).rejects.toMatchObject({
      code: 'pixel-data-unreadable',
    });
    await expect(readPicture('/no/such/Eva Aberg.png')).rejects.toThrow(/^(?!.*Eva)/);
  });
});

describe('a preview', () => {
  const samples = Float32Array.from({ length: 400 * 200 }, (_, i) => 1000 + (i % 400) * 5);
  const film = { columns: 400, rows: 200, samples };

  it('is an 8-bit PNG of the width asked for, windowed from black to white', async () => {
    const picture = await decodeRaster(await renderPreview(film, { columnsMax: 100 }), 1e6);
    expect(picture).toMatchObject({ columns: 100, rows: 50, channels: 1, bitsAllocated: 8 });
    expect([picture.samples[0], picture.samples[99]]).toEqual([0, 255]);
  });

  it('is never larger than the film', () => {
    const { columns, rows, scale } = toGreyPicture(film, 5000);
    expect({ columns, rows, scale }).toEqual({ columns: 400, rows: 200, scale: 1 });
  });
});
