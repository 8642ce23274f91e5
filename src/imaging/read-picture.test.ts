import { describe, expect, it } from 'vitest';
import { valuesOfFilm } from '../testing/value-films.ts';
import { encodePng, encodePng16 } from './raster.ts';
import { readPicture } from './read-picture.ts';

describe('reading a picture', () => {
  it('keeps 16 bits', async () => {
    const samples = Uint16Array.from({ length: 600 }, (_, i) => i * 109);
    const { film, bitsStored, problems } = await readPicture(await encodePng16(samples, 30, 20));
    expect(valuesOfFilm(film)).toEqual([...samples]);
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
    expect(valuesOfFilm(film)).toEqual([76, 150, 29, 9]);
    expect(problems).toEqual(['colour-converted']);
  });

  it('refuses rubbish and missing files by a code, without the path', async () => {
    await expect(readPicture(Buffer.from('no picture'))).rejects.toMatchObject({
      code: 'pixel-data-unreadable',
    });
    await expect(readPicture('/no/such/Eva Aberg.png')).rejects.toThrow(/^(?!.*Eva)/);
  });
});
