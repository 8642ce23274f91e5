import { describe, expect, it } from 'vitest';
import type { Film } from '../exam/film.ts';
import { plainFilm } from '../imaging/prepare-image.ts';
import { decodeRaster } from '../imaging/raster.ts';
import { exampleReport } from '../testing/example-report.ts';
import {
  exampleDensityReport,
  exampleSpineReport,
  healthySpine,
  SPINE_FILM,
} from '../testing/example-spine.ts';
import { textSvg, textWidthPx } from './label-text.ts';
import { drawOverlay, renderOverlay, renderOverlayPng } from './overlay-image.ts';
import { sideLines, summaryLines } from './overlay-labels.ts';
import { bodyLabel, vertebraLine, vertebraLines } from './spine-labels.ts';
import { planSpine } from './spine-layout.ts';
import { worstVertebra } from '../exam/worst-vertebra.ts';
import { toPicture } from './overlay-layout.ts';
import { planPanoramic } from './panoramic-layout.ts';

const FILM: Film = plainFilm(2800, 1244, new Uint16Array(2800 * 1244).fill(400));
const { analysis } = exampleReport();

describe('the overlay', () => {
  it('shows the film whole at the upper left and never enlarges it', () => {
    const small = planPanoramic(FILM, analysis, 1600);
    expect(small.film).toMatchObject({ left: 0, top: 0, columns: 1600, rows: 711 });
    expect(planPanoramic(FILM, analysis, 9000).film).toMatchObject({ columns: 2800, rows: 1244, scale: 1 });
  });

  it('lays every word and enlarged view below the film, never over it', () => {
    const layout = planPanoramic(FILM, analysis, 1600);
    for (const inset of layout.insets) expect(inset!.top).toBeGreaterThanOrEqual(layout.stripTop);
  });

  it('shows the measured place in the middle of its enlarged view', () => {
    const layout = planPanoramic(FILM, analysis, 1600);
    const side = analysis.panoramic!.sides[0];
    const [x, y] = toPicture(layout.insets[0]!, side.outerPx!);
    expect(x).toBeGreaterThan(layout.insetPx * 0.25);
    expect(x).toBeLessThan(layout.insetPx * 0.9);
    expect(y - layout.stripTop).toBeGreaterThan(layout.insetPx * 0.25);
    expect(y - layout.stripTop).toBeLessThan(layout.insetPx * 0.9);
  });

  it('paints the orange of the margins where the margins are', async () => {
    const picture = await renderOverlay(FILM, analysis, 1600);
    const layout = planPanoramic(FILM, analysis, 1600);
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
    const { columns, rows } = planPanoramic(FILM, analysis, 800);
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

describe('the overlay of a lateral film', () => {
  const lateral = exampleSpineReport().analysis;
  const spine = lateral.spine!;
  const film = plainFilm(
    SPINE_FILM.columns,
    SPINE_FILM.rows,
    new Uint16Array(SPINE_FILM.columns * SPINE_FILM.rows).fill(400),
  );
  const layout = planSpine(film, spine, 1600);
  const worst = worstVertebra(spine)!;

  it('shows the film whole at the left, its words and the worst vertebra at the side of it', () => {
    expect(layout.film).toMatchObject({ left: 0, top: 0, columns: 1000, rows: 1500, scale: 1 });
    expect(layout.columns).toBeLessThanOrEqual(1600);
    expect(layout.insets[0]!.left).toBeGreaterThanOrEqual(layout.stripLeft);
    const [x, y] = toPicture(layout.insets[0]!, worst.pointsPx.superiorMiddle);
    expect(x - layout.insets[0]!.left).toBeCloseTo(layout.insets[0]!.columns / 2, -1);
    expect(y).toBeGreaterThan(layout.insets[0]!.top);
  });

  it('keeps a picture of a whole spine to a size that opens at once', () => {
    const tall = planSpine({ columns: 3000, rows: 9000 }, spine, 1600);
    expect(tall.film.rows).toBe(1600);
    const wide = planSpine({ columns: 4000, rows: 3000 }, spine, 1600);
    expect(wide.columns).toBeLessThanOrEqual(1601);
  });

  it('draws the endplates just outside of the bone, and marks the six points of the worst vertebra', async () => {
    const picture = await renderOverlay(film, lateral, 1600);
    const colourAt = (x: number, y: number) => {
      const at = (Math.floor(y) * picture.columns + Math.floor(x)) * 3;
      return [...picture.rgb.subarray(at, at + 3)] as [number, number, number];
    };
    const [x, y] = toPicture(layout.film, worst.pointsPx.superiorMiddle);
    const [ground] = colourAt(20, 20);
    expect(colourAt(x, y + 4)).toEqual([ground, ground, ground]);
    const above = [1, 2, 3, 4, 5, 6].map((step) => colourAt(x, y - step));
    // Orange, the colour of grade 2.
    expect(above.some(([red, , blue]) => red - blue > 80)).toBe(true);
    const [insetX, insetY] = toPicture(layout.insets[0]!, worst.pointsPx.superiorAnterior);
    const ring = Array.from({ length: 12 }, (_, step) => colourAt(insetX + step, insetY));
    expect(ring.some(([red, , blue]) => red - blue > 80)).toBe(true);
  });

  it.each([
    ['without a finding', exampleSpineReport({ spine: healthySpine() })],
    ['without a vertebra', exampleSpineReport({ spine: { vertebrae: [] } })],
    ['of which a model of the site speaks', exampleDensityReport()],
  ])('is drawn of a film %s, however small, and without a font', async (_name, input) => {
    const small = plainFilm(90, 60, new Uint16Array(90 * 60));
    const picture = await renderOverlay(small, input.analysis, 1600);
    expect(picture.rgb).toHaveLength(picture.columns * picture.rows * 3);
    expect(drawOverlay(small, input.analysis)).not.toContain('<text');
  });

  it('says level, grade, heights and losses with their errors in words, and why a body is not graded', () => {
    expect(spine.vertebrae.map(bodyLabel)).toEqual([
      'T11',
      'T12',
      'L1 grade 2 wedge',
      'L2 corner unclear',
      'L3 grade 1 biconcave',
      'L4',
      'L5 not graded',
    ]);
    expect(vertebraLines(worst, lateral.spacing)).toEqual([
      'Height in front 18.2, in the middle 21.6, behind 26.4 mm',
      'Loss: wedge 31 ± 2 %',
      'Loss: biconcave 18 ± 2 %',
      'Loss: crush 0 ± 2 %',
    ]);
    expect(vertebraLines(worst, { mmPerPx: null, source: 'none' })[0]).toMatch(/110\.0 pixels$/);
    expect(vertebraLine(spine.vertebrae[4]!)).toBe('L3: grade 1 biconcave, 22 ± 2 % lost');
    expect(vertebraLine(spine.vertebrae[3]!)).toMatch(/^L2: a corner is not certain/);
  });

  it('says in its title what was found, and of a negative that it rules nothing out', () => {
    expect(summaryLines(lateral)[0]).toBe('Signs of vertebral fracture: L1 grade 2 wedge');
    const healthy = exampleSpineReport({ spine: healthySpine() }).analysis;
    expect(summaryLines(healthy)[0]).toMatch(/^No vertebral deformity \(does not rule out a fracture/);
    expect(summaryLines(exampleDensityReport().analysis)).toEqual([
      "Low bone density by this site's own model",
      'Score 0.81, limit 0.50; model site-density 2.0.0',
    ]);
  });
});
