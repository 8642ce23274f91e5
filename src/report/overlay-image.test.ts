import { describe, expect, it } from 'vitest';
import type { Film } from '../exam/film.ts';
import { plainFilm } from '../imaging/prepare-image.ts';
import { decodeRaster } from '../imaging/raster.ts';
import { exampleReport } from '../testing/example-report.ts';
import { textSvg, textWidthPx } from './label-text.ts';
import { drawOverlay, renderOverlay, renderOverlayPng } from './overlay-image.ts';
import { sideLines, summaryLines } from './overlay-labels.ts';
import { planOverlay, toPicture } from './overlay-layout.ts';

const FILM: Film = plainFilm(2800, 1244, new Uint16Array(2800 * 1244).fill(400));
const { analysis } = exampleReport();

describe('the overlay', () => {
  it('shows the film whole at the upper left and never enlarges it', () => {
    const small = planOverlay(FILM, analysis, 1600);
    expect(small.film).toMatchObject({ left: 0, top: 0, columns: 1600, rows: 711 });
    expect(planOverlay(FILM, analysis, 9000).film).toMatchObject({ columns: 2800, rows: 1244, scale: 1 });
  });

  it('lays every word and enlarged view below the film, never over it', () => {
    const layout = planOverlay(FILM, analysis, 1600);
    for (const inset of layout.insets) expect(inset!.top).toBeGreaterThanOrEqual(layout.stripTop);
  });

  it('shows the measured place in the middle of its enlarged view', () => {
    const layout = planOverlay(FILM, analysis, 1600);
    const side = analysis.panoramic!.sides[0];
    const [x, y] = toPicture(layout.insets[0]!, side.outerPx!);
    expect(x).toBeGreaterThan(layout.insetPx * 0.25);
    expect(x).toBeLessThan(layout.insetPx * 0.9);
    expect(y - layout.stripTop).toBeGreaterThan(layout.insetPx * 0.25);
    expect(y - layout.stripTop).toBeLessThan(layout.insetPx * 0.9);
  });

  it('paints the orange of the margins where the margins are', async () => {
    const picture = await renderOverlay(FILM, analysis, 1600);
    const layout = planOverlay(FILM, analysis, 1600);
    for (const point of [analysis.panoramic!.sides[0].outerPx!, analysis.panoramic!.sides[0].innerPx!]) {
      const [x, y] = toPicture(layout.film, point);
      const at = (Math.floor(y) * picture.columns + Math.floor(x)) * 3;
      const [red, green, blue] = [...picture.rgb.subarray(at, at + 3)];
      expect(red! - blue!).toBeGreaterThan(80);
      expect(green!).toBeLessThan(red!);
    }
  });

  it('is a PNG of the planned size', async () => {
    const png = await renderOverlayPng(FILM, analysis, 800);
    const picture = await decodeRaster(png, 1e7);
    const { columns, rows } = planOverlay(FILM, analysis, 800);
    expect([picture.columns, picture.rows, picture.channels]).toEqual([columns, rows, 3]);
  });

  it.each([
    ['a film without a side', exampleReport({ widthPx: { R: null, L: null } }).analysis],
    ['a film that was not measured', { ...analysis, panoramic: null, outcome: 'not-eligible' as const }],
  ])('is drawn of %s too', async (_name, other) => {
    const film = plainFilm(300, 120, new Uint16Array(300 * 120));
    const picture = await renderOverlay(film, other, 1600);
    expect(picture.rgb).toHaveLength(picture.columns * picture.rows * 3);
  });

  it('needs no font of the machine: there is no text element, only outlines', () => {
    expect(drawOverlay(FILM, analysis)).not.toContain('<text');
  });
});

describe('the words of the overlay', () => {
  it('give width with its standard error, and the index', () => {
    expect(sideLines(analysis, analysis.panoramic!.sides[0])).toEqual(['Right: 2.70 ± 0.20 mm', 'PMI 0.21']);
  });

  it('give pixels where there is no scale and the reason where there is no measurement', () => {
    const none = exampleReport({
      spacing: { mmPerPx: null, source: 'none' },
      widthPx: { R: 28, L: null },
    }).analysis;
    const [right, left] = none.panoramic!.sides;
    expect(sideLines(none, right)[0]).toBe('Right: 28.0 ± 2.1 pixels');
    expect(sideLines(none, left)).toEqual([
      'Left: not measured',
      'The mental foramen was not found on this side.',
    ]);
    expect(summaryLines(none)[1]).toContain('No scale known');
    expect(summaryLines(none)[0]).toBe('Low panoramic mandibular index');
  });

  it('say detector scale, and of a negative that it rules nothing out', () => {
    const negative = exampleReport({ widthPx: { R: 40, L: 40 } }).analysis;
    expect(summaryLines(negative).join(' ')).toMatch(/does not rule out.*detector scale/);
  });

  it('have an outline for every letter, a wider line for more of them', () => {
    expect(textWidthPx('Åäö ±', 20)).toBeGreaterThan(textWidthPx('Åä', 20));
    expect(textSvg('Ö', { left: 0, baseline: 10, sizePx: 10 }, '#fff')).toContain('<path');
  });
});
