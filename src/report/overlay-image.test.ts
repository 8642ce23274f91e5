import { describe, expect, it } from 'vitest';
import type { Film, PointPx } from '../exam/film.ts';
import { plainFilm } from '../imaging/prepare-image.ts';
import { decodeRaster } from '../imaging/raster.ts';
import { EXAMPLE_PROFILE, exampleReport, TALKATIVE_SIDE } from '../testing/example-report.ts';
import {
  exampleDensityReport,
  exampleSpineReport,
  healthySpine,
  SPINE_FILM,
} from '../testing/example-spine.ts';
import { textSvg, textWidthPx } from './label-text.ts';
import { cutCortexStrip, directionsOf, type MeasuredCortex } from './cortex-strip.ts';
import { planDrawing } from './overlay-drawing.ts';
import { drawOverlay, renderOverlay, renderOverlayPng } from './overlay-image.ts';
import { sideLines, summaryLines } from './overlay-labels.ts';
import { bodyLabel, vertebraLine, vertebraLines } from './spine-labels.ts';
import { planSpine } from './spine-layout.ts';
import { worstVertebra } from '../exam/worst-vertebra.ts';
import { toPicture } from './overlay-layout.ts';
import { COLOURS } from './overlay-strokes.ts';
import { planPanoramic, type PanoramicLayout } from './panoramic-layout.ts';

const FILM: Film = plainFilm(2800, 1244, new Uint16Array(2800 * 1244).fill(400));
const { analysis } = exampleReport();

/** The example's film with its cortex painted: dark outside, bright band, half as bright marrow. */
function bandedFilm() {
  const example = exampleReport().analysis;
  const { inferiorBorderPx, sides } = example.panoramic!;
  const widthPx = sides[0].widthPx!;
  const rows = new Map(inferiorBorderPx.map(([column, row]) => [column, row]));
  const samples = new Uint16Array(2800 * 1244).fill(100);
  for (let column = 400; column < 2392; column += 1) {
    const from = rows.get(column - (column % 8))!;
    const border = from + ((rows.get(column - (column % 8) + 8)! - from) * (column % 8)) / 8;
    const slope = (rows.get(column - (column % 8) + 8)! - from) / 8;
    for (let row = 0; row < border; row += 1) {
      const depth = (border - row) / Math.hypot(1, slope);
      samples[row * 2800 + column] = depth <= widthPx ? 900 : 500;
    }
  }
  return { film: plainFilm(2800, 1244, samples), analysis: example };
}

describe('the overlay', () => {
  it('shows the film whole at the upper left and never enlarges it', () => {
    const small = planPanoramic(FILM, analysis.panoramic!, 1600);
    expect(small.film).toMatchObject({ left: 0, top: 0, columns: 1600, rows: 711 });
    expect(planPanoramic(FILM, analysis.panoramic!, 9000).film).toMatchObject({
      columns: 2800,
      rows: 1244,
      scale: 1,
    });
  });

  it('lays every word and enlarged view below the film, never over it', () => {
    const layout = planPanoramic(FILM, analysis.panoramic!, 1600);
    for (const inset of layout.insets) expect(inset!.top).toBeGreaterThanOrEqual(layout.stripTop);
  });

  it('shows the measured place in the middle of its enlarged view', () => {
    const layout = planPanoramic(FILM, analysis.panoramic!, 1600);
    const side = analysis.panoramic!.sides[0];
    const [x, y] = toPicture(layout.insets[0]!, side.outerPx!);
    expect(x).toBeGreaterThan(layout.insetPx * 0.25);
    expect(x).toBeLessThan(layout.insetPx * 0.9);
    expect(y - layout.stripTop).toBeGreaterThan(layout.insetPx * 0.25);
    expect(y - layout.stripTop).toBeLessThan(layout.insetPx * 0.9);
  });

  it('paints the orange of the margins on either side of the place, which itself stays free', async () => {
    const picture = await renderOverlay(FILM, analysis, 1600);
    const layout = planPanoramic(FILM, analysis.panoramic!, 1600);
    const side = analysis.panoramic!.sides[0] as MeasuredCortex;
    const { along } = directionsOf(side);
    const redness = (point: PointPx, awayPicturePx: number): number => {
      const [x, y] = toPicture(layout.film, point);
      const [column, row] = [x + along[0] * awayPicturePx, y + along[1] * awayPicturePx];
      const at = (Math.floor(row) * picture.columns + Math.floor(column)) * 3;
      return picture.rgb[at]! - picture.rgb[at + 2]!;
    };
    for (const point of [side.outerPx, side.innerPx]) {
      expect(redness(point, 7 * layout.linePx)).toBeGreaterThan(60);
      expect(redness(point, -7 * layout.linePx)).toBeGreaterThan(60);
      expect(redness(point, 2 * layout.linePx)).toBeLessThan(20);
    }
  });

  it('straightens the cortex beside it: both margins where the width says, dark outside and bright between', () => {
    const { film, analysis: banded } = bandedFilm();
    const [side] = banded.panoramic!.sides;
    const layout = planPanoramic(film, banded.panoramic!, 1600);
    const { window, ...pane } = layout.strips[0]!;
    const size = { columns: pane.columns, rows: pane.rows };
    const measured = side as MeasuredCortex;
    const { picture, profile } = cutCortexStrip(
      film,
      banded.panoramic!.inferiorBorderPx,
      measured,
      window,
      size,
    );
    const rowAt = (depthPx: number) => Math.round((window.depthToPx - depthPx) * pane.zoom - 0.5);
    expect(profile[rowAt(-5)]).toBeLessThan(0.1);
    expect(profile[rowAt(side.widthPx! / 2)]).toBeGreaterThan(0.9);
    expect(profile[rowAt(side.widthPx! + 8)]).toBeCloseTo(0.5, 1);
    expect(profile[rowAt(0)]! + profile[rowAt(side.widthPx!)]!).toBeCloseTo(0.5 + 0.75, 0);
    // Straight from end to end although the border is bent and tilted.
    const row = rowAt(side.widthPx! / 2) * size.columns;
    expect(Math.min(...picture.pixels.subarray(row, row + size.columns))).toBeGreaterThan(200);
  });

  it('makes room for as many lines as are said, and draws the rival margin dashed', () => {
    const talkative = exampleReport({ rightSide: TALKATIVE_SIDE }).analysis;
    const [plain, told] = [analysis, talkative].map((each) => planPanoramic(FILM, each.panoramic!, 1600));
    expect(told!.rows).toBeGreaterThan(plain!.rows + 2 * told!.textPx);
    expect(drawOverlay(FILM, talkative)).toContain(COLOURS.purple);
    expect(drawOverlay(FILM, analysis)).not.toContain(COLOURS.purple);
  });

  it('says the same numbers of a film that was decoded at half its size', () => {
    const half = plainFilm(1400, 622, new Uint16Array(1400 * 622).fill(400));
    const { analysis: unscaled } = exampleReport({ spacing: { mmPerPx: null, source: 'none' } });
    const whole = planDrawing(FILM, unscaled, 1400).layout as PanoramicLayout;
    const reduced = planDrawing(half, unscaled, 1400).layout as PanoramicLayout;
    expect(reduced.paragraphs).toEqual(whole.paragraphs);
    expect(reduced.insets[0]!.extentPx[0] * 2).toBeCloseTo(whole.insets[0]!.extentPx[0], -1);
  });

  it('is a PNG of the planned size', async () => {
    const png = await renderOverlayPng(FILM, analysis, 800);
    const picture = await decodeRaster(png, 1e7);
    const { columns, rows } = planPanoramic(FILM, analysis.panoramic!, 800);
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
    expect(sideLines(analysis.panoramic!.sides[0])).toEqual(['Right: 2.70 ± 0.20 mm', 'PMI 0.21']);
  });

  it('give pixels where there is no scale and the reason where there is no measurement', () => {
    const none = exampleReport({
      spacing: { mmPerPx: null, source: 'none' },
      widthPx: { R: 28, L: null },
    }).analysis;
    const [right, left] = none.panoramic!.sides;
    expect(sideLines(right)[0]).toBe('Right: 28.0 ± 2.1 pixels');
    expect(sideLines(left)).toEqual(['Left: not measured', 'The mental foramen was not found on this side.']);
    expect(summaryLines(none)[1]).toMatch(/^No scale known: widths in pixels/);
    expect(summaryLines(none)[0]).toBe('Low panoramic mandibular index');
  });

  it('say detector scale, and of a negative that it rules nothing out', () => {
    const negative = exampleReport({ widthPx: { R: 40, L: 40 }, pmi: 0.33 }).analysis;
    expect(summaryLines(negative).join(' ')).toMatch(/does not rule out.*detector scale/);
  });

  it('say class, rival margin, widths beside the foramen and how surely that was found', () => {
    const { analysis: talkative } = exampleReport({ rightSide: TALKATIVE_SIDE });
    expect(sideLines(talkative.panoramic!.sides[0])).toEqual([
      'Right: 2.70 ± 0.20 mm',
      'PMI 0.21',
      'Klemetti C2 (C1 20 %, C2 70 %, C3 10 %)',
      'or 4.0 mm if the inner line is counted as cortex',
      '2.5 to 3.2 mm within 5 mm of the foramen; foramen uncertain',
    ]);
  });

  it('name the sign that decided, and the profile that millimetres were corrected by', () => {
    const spacing = { mmPerPx: 0.0959, source: 'detector' } as const;
    expect(summaryLines(exampleReport({ spacing }).analysis)).toEqual([
      'Low panoramic mandibular index',
      'Mean cortical width 2.65 mm, detector scale, not corrected for magnification',
    ]);
    const corrected = exampleReport({ spacing, magnification: 1.25, deviceProfile: EXAMPLE_PROFILE });
    expect(summaryLines(corrected.analysis)).toEqual([
      'Thin mandibular cortex',
      'Mean cortical width 2.12 mm, corrected by profile Room 2 (magnification 1.25, step phantom, 2026-05-04)',
    ]);
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
