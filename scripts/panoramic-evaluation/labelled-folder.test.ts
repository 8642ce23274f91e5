import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSiteFilms } from './labelled-folder.ts';

const HEADER =
  'film,side,reading,foramenX,foramenY,foramenVisibility,widthPx,nearDecision,otherWidthPx,mci,quality';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'osteotriage-labels-'));
  for (const name of ['images', 'mask-expert1']) mkdirSync(join(folder, name));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function put(...paths: readonly string[]): void {
  for (const path of paths) writeFileSync(join(folder, path), '');
}

function trace(...lines: readonly string[]): void {
  writeFileSync(join(folder, 'cortical-tracings.csv'), ['# a remark', HEADER, ...lines].join('\n'));
}

describe("a site's own labelled films", () => {
  it('are read with masks and tracings, and belong to no fold', async () => {
    put('images/a.png', 'images/b.tif', 'mask-expert1/a.png', 'mask-expert1/b.png');
    trace('a,R,1,100,50,plain,42.5,1,30,C2,good', 'a,L,1,200,55,guess,,0,,NA,not-assessable');
    const { films, folds, mmPerPx } = await openSiteFilms(folder, 0.1);
    expect([folds, mmPerPx]).toEqual([null, 0.1]);
    expect(films.map(({ film }) => film)).toEqual(['a', 'b']);
    expect(films[0]?.tracings[0]).toMatchObject({ widthPx: 42.5, isNear: true, otherWidthPx: 30, mci: 'C2' });
    expect(films[0]?.tracings[1]).toMatchObject({ widthPx: null, mci: null });
    expect(films[0]?.foramina.map(({ side, foramenPx }) => [side, foramenPx])).toEqual([
      ['R', [100, 50]],
      ['L', [200, 55]],
    ]);
  });

  it('are refused with what to do where something is missing', async () => {
    await expect(openSiteFilms(folder, 0.1)).rejects.toThrow(/images has no films: put PNG/);
    put('images/a.png');
    await expect(openSiteFilms(folder, 0.1)).rejects.toThrow(/mask-expert1\/a.png is missing/);
    put('mask-expert1/a.png');
    trace('z,R,1,100,50,plain,42.5,1,30,C2,good');
    await expect(openSiteFilms(folder, 0.1)).rejects.toThrow(/there is no film z in images/);
    trace('a,R,1,100,fifty,plain,42.5,1,30,C2,good');
    await expect(openSiteFilms(folder, 0.1)).rejects.toThrow(/foramenY of row 1 is no number/);
    writeFileSync(join(folder, 'cortical-tracings.csv'), 'film,side\na,R');
    await expect(openSiteFilms(folder, 0.1)).rejects.toThrow(/add the column reading, foramenX/);
  });
});
