/** The straightened strip of a side as SVG: depths, both margins, the rival one, and the profile of greys. */
import type { CortexStrip, MeasuredCortex } from './cortex-strip.ts';
import { textSvg, textWidthPx } from './label-text.ts';
import { COLOURS, lineSvg, px } from './overlay-strokes.ts';
import type { PanoramicLayout, StripPane } from './panoramic-layout.ts';

/** Letters of the axis and of the margins, as a share of those of the words. */
const SMALL = 0.72;

/** Depths between ticks: the smallest that keeps them this many letter sizes apart. */
const TICK_LETTERS = 1.6;
const TICK_STEPS_MM = [1, 2, 5, 10];
const TICK_STEPS_PX = [5, 10, 20, 50, 100, 200, 500];

/** Everything that is drawn over and beside the picture of one strip. */
export function stripSvg(
  layout: PanoramicLayout,
  pane: StripPane,
  side: MeasuredCortex,
  { profile }: CortexStrip,
): string {
  const { linePx } = layout;
  const { left, top, columns, rows, profileColumns } = pane;
  const frame = (x: number, width: number) =>
    `<rect x="${px(x)}" y="${px(top)}" width="${px(width)}" height="${px(rows)}" fill="none" stroke="#808080" stroke-width="${px(linePx * 0.7)}"/>`;
  return [
    ...axisSvg(layout, pane, side),
    curveSvg(layout, pane, profile),
    frame(left, columns + profileColumns),
    lineSvg(
      [
        [left + columns, top],
        [left + columns, top + rows],
      ],
      { colour: '#808080', widthPx: linePx * 0.7, opacity: 1 },
    ),
    ...marginsSvg(layout, pane, side),
  ].join('');
}

/** Row of the picture at a depth. */
function rowAt({ top, window, zoom }: StripPane, depthPx: number): number {
  return top + (window.depthToPx - depthPx) * zoom;
}

/** Depth 0 is the border; numbers in the unit that the width is given in. */
function axisSvg(layout: PanoramicLayout, pane: StripPane, side: MeasuredCortex): string[] {
  const { linePx, textPx } = layout;
  const { left, window, zoom } = pane;
  const mmPerPx = side.widthMm === null ? null : side.widthMm / side.widthPx;
  const steps = mmPerPx === null ? TICK_STEPS_PX : TICK_STEPS_MM.map((mm) => mm / mmPerPx);
  const sizePx = textPx * SMALL;
  const index = steps.findIndex((step) => step * zoom >= TICK_LETTERS * sizePx);
  const stepPx = steps[index] ?? Infinity;
  const unit = mmPerPx === null ? 'px' : 'mm';
  const parts = [
    textSvg(
      unit,
      { left: left - textWidthPx(unit, sizePx) - linePx * 5, baseline: pane.top + sizePx * 0.8, sizePx },
      COLOURS.detail,
    ),
  ];
  for (let depthPx = 0; depthPx < window.depthToPx - (1.8 * sizePx) / zoom; depthPx += stepPx) {
    const y = rowAt(pane, depthPx);
    const text = (depthPx * (mmPerPx ?? 1)).toFixed(0);
    parts.push(
      lineSvg(
        [
          [left - linePx * 3.5, y],
          [left, y],
        ],
        { colour: COLOURS.detail, widthPx: linePx * 0.7, opacity: 1 },
      ),
      textSvg(
        text,
        { left: left - linePx * 5 - textWidthPx(text, sizePx), baseline: y + sizePx * 0.36, sizePx },
        COLOURS.detail,
      ),
    );
  }
  return parts;
}

/** The mean grey at each depth: bright bone reaches to the right. */
function curveSvg({ linePx }: PanoramicLayout, pane: StripPane, profile: Float64Array): string {
  const { left, top, columns, profileColumns } = pane;
  const [from, room] = [left + columns + linePx * 3, profileColumns - linePx * 6];
  const points = Array.from(profile, (value, row) => [from + value * room, top + row + 0.5] as const);
  return lineSvg(
    points.filter(([x], row) => row % 2 === 0 && !Number.isNaN(x)),
    { colour: COLOURS.text, widthPx: linePx * 0.9, opacity: 1 },
  );
}

/** A line across the profile at each margin, and its two ends on the picture, which stays free to be judged between. */
function marginsSvg(layout: PanoramicLayout, pane: StripPane, side: MeasuredCortex): string[] {
  const { linePx, textPx } = layout;
  const { left, columns, profileColumns } = pane;
  const sizePx = textPx * SMALL;
  const margin = (depthPx: number, text: string, colour: string, dashPx?: number): string => {
    const y = rowAt(pane, depthPx);
    const stroke = { colour, widthPx: linePx, opacity: 1, ...(dashPx === undefined ? {} : { dashPx }) };
    const right = left + columns + profileColumns;
    const label = { left: left + columns + linePx * 3, baseline: y - linePx * 2, sizePx };
    return [
      lineSvg(
        [
          [left, y],
          [left + columns * 0.22, y],
        ],
        stroke,
      ),
      lineSvg(
        [
          [left + columns * 0.78, y],
          [right, y],
        ],
        stroke,
      ),
      textSvg(text, label, colour),
    ].join('');
  };
  const { widthPx, otherWidthPx } = side;
  return [
    margin(0, '', COLOURS.orange),
    margin(widthPx, depthText(side, widthPx), COLOURS.orange),
    ...(otherWidthPx === null
      ? []
      : [margin(otherWidthPx, `${depthText(side, otherWidthPx)}?`, COLOURS.purple, linePx * 3)]),
  ];
}

function depthText({ widthMm, widthPx }: MeasuredCortex, depthPx: number): string {
  return widthMm === null ? depthPx.toFixed(0) : ((depthPx * widthMm) / widthPx).toFixed(1);
}
