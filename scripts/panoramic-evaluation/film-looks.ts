import type { PointPx } from '../../src/exam/film.ts';
import { type Canvas, ellipse, paintPolygon, paintStroke, smoothCurve } from '../phantom/canvas.ts';
import { blurGaussian, paintRightMarker } from '../phantom/film-finish.ts';
import type { SeededRandom } from '../phantom/seeded-random.ts';
import { enlargedBy, IN_PLACE, type Placement, shiftedBy, tiltedAbout } from './film-placement.ts';
import { greyAt } from './grey-at.ts';

/** A film before it is changed: 0 is black, 1 white; where the jaw lies, pixels. */
export interface PlainJaw {
  readonly canvas: Canvas;
  /** Middle outline of an expert, left to right. */
  readonly outline: readonly PointPx[];
  /** Where the borders below the foramina lie, right and left, as far as they are known. */
  readonly sites: readonly PointPx[];
}

/** A film with another look. */
export interface LookedFilm {
  readonly canvas: Canvas;
  readonly bits: 8 | 12;
  readonly placement: Placement;
  readonly hasScale: boolean;
}

/** A way that a film of another device, or of another day, may look. */
export interface FilmLook {
  readonly name: string;
  /** On such films no measurement is the right answer. */
  readonly isRefusalRight: boolean;
  readonly apply: (jaw: PlainJaw, random: SeededRandom) => LookedFilm;
}

/** Every look, in the order in which they are printed; all are made here and none is known to the training. */
export const FILM_LOOKS: readonly FilmLook[] = [
  look('smaller', (jaw) => resized(jaw, 0.6)),
  look('larger', (jaw) => resized(jaw, 1.4)),
  look('no-scale', (jaw) => ({ ...plain(jaw.canvas), hasScale: false })),
  look(
    'flat',
    toned((value) => 0.3 + 0.45 * value),
  ),
  look(
    'dark',
    toned((value) => value ** 1.7),
  ),
  look(
    'bright',
    toned((value) => value ** 0.6),
  ),
  look(
    'window',
    toned((value) => (value - 0.12) / 0.68),
  ),
  look('twelve-bit', ({ canvas }, random) => ({
    ...plain(mapped(canvas, (value) => value + (random.next() - 0.5) / 255)),
    bits: 12,
  })),
  look('gain-seams', gainSeams),
  look('black-frame', (jaw) => framed(jaw, 0)),
  look('white-frame', (jaw) => framed(jaw, 1)),
  look('markers', markers),
  look('noise', ({ canvas }, random) => plain(mapped(canvas, (value) => value + 0.03 * random.normal()))),
  look('blur', ({ canvas }) => plain(blurred(canvas, 2))),
  look('sharpened', sharpened),
  look('tilted-right', (jaw) => tilted(jaw, 4, 0)),
  look('tilted-left', (jaw) => tilted(jaw, -4, 0)),
  look('sheared', (jaw, random) => tilted(jaw, 0, random.next() < 0.5 ? 0.07 : -0.07)),
  look('hyoid', hyoid),
  look('airway', airway),
  look('implants', implants),
  look('plate', plate),
  look('chin-trimmed', (jaw) => chinCut(jaw, 2)),
  look(
    'inverted',
    toned((value) => 1 - value),
    true,
  ),
  look('chin-cut', (jaw) => chinCut(jaw, -2), true),
];

function look(name: string, apply: FilmLook['apply'], isRefusalRight = false): FilmLook {
  return { name, isRefusalRight, apply };
}

function plain(canvas: Canvas): LookedFilm {
  return { canvas, bits: 8, placement: IN_PLACE, hasScale: true };
}

function mapped(canvas: Canvas, tone: (value: number, index: number) => number): Canvas {
  return { ...canvas, values: canvas.values.map((value, index) => tone(value, index)) };
}

function toned(tone: (value: number) => number): FilmLook['apply'] {
  return ({ canvas }) => plain(mapped(canvas, tone));
}

function blurred(canvas: Canvas, sigmaPx: number): Canvas {
  return { ...canvas, values: blurGaussian(canvas.values, canvas.columns, canvas.rows, sigmaPx) };
}

function resized({ canvas }: PlainJaw, factor: number): LookedFilm {
  const [columns, rows] = [Math.round(canvas.columns * factor), Math.round(canvas.rows * factor)];
  const source = factor < 1 ? blurred(canvas, 0.45 / factor) : canvas;
  const placement = enlargedBy(factor);
  return { ...plain(resampled(source, columns, rows, placement)), placement };
}

function tilted({ canvas }: PlainJaw, degrees: number, shear: number): LookedFilm {
  const padPx = 90;
  const placement = tiltedAbout([canvas.columns / 2, canvas.rows / 2], degrees, shear, padPx);
  const [columns, rows] = [canvas.columns + 2 * padPx, canvas.rows + 2 * padPx];
  return { ...plain(resampled(canvas, columns, rows, placement)), placement };
}

/** Bilinear; beyond the film its outermost pixels go on. */
function resampled(canvas: Canvas, columns: number, rows: number, placement: Placement): Canvas {
  const values = new Float32Array(columns * rows);
  const [a, b, c, d, e, f] = placement;
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const [x, y] = [a * column + b * row + c, d * column + e * row + f];
      values[row * columns + column] = greyAt(canvas, x, y);
    }
  }
  const mmPerPx = canvas.mmPerPx * Math.hypot(a, d);
  return { ...canvas, columns, rows, mmPerPx, values };
}

/** Parts of the film were exposed otherwise: two steps across it and one along it. */
function gainSeams({ canvas }: PlainJaw, random: SeededRandom): LookedFilm {
  const [left, right] = [
    random.between(0.2, 0.45) * canvas.columns,
    random.between(0.55, 0.8) * canvas.columns,
  ];
  const level = random.between(0.4, 0.65) * canvas.rows;
  const [gainLeft, gainRight, gainLow] = [
    random.between(0.85, 1.15),
    random.between(0.85, 1.15),
    random.next() < 0.5 ? 0.86 : 1.14,
  ];
  return plain(
    mapped(canvas, (value, index) => {
      const [column, row] = [index % canvas.columns, Math.floor(index / canvas.columns)];
      return (
        value * (column < left ? gainLeft : column > right ? gainRight : 1) * (row > level ? gainLow : 1)
      );
    }),
  );
}

/** A frame with text burnt into it and into the film's corner. */
function framed({ canvas }: PlainJaw, brightness: 0 | 1): LookedFilm {
  const padPx = 60;
  const [columns, rows] = [canvas.columns + 2 * padPx, canvas.rows + 2 * padPx];
  const values = new Float32Array(columns * rows).fill(brightness);
  for (let row = 0; row < canvas.rows; row += 1) {
    const line = canvas.values.subarray(row * canvas.columns, (row + 1) * canvas.columns);
    values.set(line, (row + padPx) * columns + padPx);
  }
  const made = { ...canvas, columns, rows, values };
  const { mmPerPx } = canvas;
  const bottom = (rows - padPx) * mmPerPx;
  writeLetters(made, [8 + padPx * mmPerPx, bottom - 3], 4, 0.9);
  writeLetters(made, [(0.7 * columns - padPx) * mmPerPx, padPx * mmPerPx + 8], 5, 0.9);
  writeLetters(made, [0.45 * columns * mmPerPx, bottom + 5], 3.4, brightness === 0 ? 0.9 : -0.9);
  return { ...plain(made), placement: shiftedBy(-padPx, -padPx) };
}

/** A line of something that looks like text. */
function writeLetters(canvas: Canvas, [x, y]: PointPx, heightMm: number, brightness: number): void {
  for (let letter = 0; letter < 8; letter += 1) {
    const at = x + letter * 0.85 * heightMm;
    const [top, right] = [y - heightMm, at + 0.55 * heightMm];
    const middle = y - (0.3 + 0.1 * (letter % 5)) * heightMm;
    paintStroke(canvas, [[at, y], [at, top], [right, top]], 0.5, brightness, 0.05); // prettier-ignore
    paintStroke(canvas, [[at, middle], [right, middle], [right, letter % 2 === 0 ? y : top]], 0.5, brightness, 0.05); // prettier-ignore
  }
}

/** Letters and arrows of lead, two of them close to the border. */
function markers({ canvas, outline }: PlainJaw, random: SeededRandom): LookedFilm {
  const made = copyOf(canvas);
  const { mmPerPx } = canvas;
  paintRightMarker(made, [10, 0.6 * canvas.rows * mmPerPx], 9);
  for (const share of [0.12, 0.5, 0.85]) {
    const [x, y] = pointAt(outline, share);
    const at: PointPx = [x * mmPerPx + random.between(-4, 4), y * mmPerPx - random.between(-6, 10)];
    paintRightMarker(made, at, random.between(4, 6));
  }
  return plain(made);
}

function sharpened({ canvas }: PlainJaw): LookedFilm {
  const soft = blurred(canvas, 4).values;
  return plain(mapped(canvas, (value, index) => value + 1.3 * (value - (soft[index] ?? 0))));
}

/** Both horns of the hyoid bone, laid across the border near each site. */
function hyoid({ canvas, sites }: PlainJaw, random: SeededRandom): LookedFilm {
  const made = copyOf(canvas);
  for (const site of sites) {
    const [x, y] = inMm(canvas, site);
    const [shift, rise] = [random.between(-10, 10), random.between(-4, 3)];
    const bone = smoothCurve(
      [
        [x + shift - 22, y + rise - 5],
        [x + shift - 6, y + rise + 1],
        [x + shift + 10, y + rise + 2],
        [x + shift + 26, y + rise - 3],
      ],
      8,
      false,
    );
    paintStroke(made, bone, 4.5, 0.09, 0.5);
    paintStroke(made, bone.map(([px, py]) => [px, py + 2] as const), 0.7, 0.05, 0.25); // prettier-ignore
  }
  return plain(made);
}

/** A dark shadow of air that runs down across the border near each site. */
function airway({ canvas, sites }: PlainJaw, random: SeededRandom): LookedFilm {
  const made = copyOf(canvas);
  for (const site of sites) {
    const [x, y] = inMm(canvas, site);
    const [shift, lean] = [random.between(-14, 14), random.between(-8, 8)];
    const shadow = [
      [x + shift + lean, y - 30],
      [x + shift, y],
      [x + shift - lean, y + 20],
    ] as const;
    paintStroke(made, shadow, random.between(7, 11), -0.11, 1.2);
  }
  return plain(made);
}

/** Two screws of metal in front of and behind each foramen, their ends above the canal. */
function implants({ canvas, sites }: PlainJaw, random: SeededRandom): LookedFilm {
  const made = copyOf(canvas);
  for (const site of sites) {
    const [x, y] = inMm(canvas, site);
    for (const along of [-9, 5]) {
      const at = x + along + random.between(-2, 2);
      const screw = [
        [at, y - 34],
        [at + random.between(-1, 1), y - random.between(17, 20)],
      ] as const;
      paintStroke(made, screw, 4, 0.9, 0.15);
    }
  }
  return plain(made);
}

/** A plate of metal with screws along the border of the patient's right, below the foramen. */
function plate({ canvas, outline, sites }: PlainJaw, random: SeededRandom): LookedFilm {
  const made = copyOf(canvas);
  const [site] = sites;
  if (site === undefined) return plain(made);
  const [from, to] = [site[0] - 260, site[0] + 170];
  const along = outline.filter(([x]) => x >= from && x <= to).map((point) => inMm(canvas, point));
  const height = random.between(4, 7);
  const metal = along.filter((_, index) => index % 10 === 0).map(([x, y]) => [x, y - height] as const);
  if (metal.length < 2) return plain(made);
  paintStroke(made, metal, 2.6, 0.8, 0.12);
  for (const [x, y] of metal.filter((_, index) => index % 7 === 3)) {
    paintPolygon(made, ellipse([x, y], 1.3, 1.3), 0.15, 0.1);
    paintStroke(made, [[x, y], [x, y - 7]], 1.6, 0.5, 0.1); // prettier-ignore
  }
  return plain(made);
}

/** The film ends so far below the site that lies higher, or above it; then neither border can be seen. */
function chinCut({ canvas, sites }: PlainJaw, belowMm: number): LookedFilm {
  const ys = sites.map(([, y]) => y);
  const last = (belowMm < 0 ? Math.min(...ys) : Math.max(...ys)) + belowMm / canvas.mmPerPx;
  const rows = Math.max(40, Math.min(canvas.rows, Math.floor(last)));
  return plain({ ...canvas, rows, values: canvas.values.slice(0, rows * canvas.columns) });
}

function copyOf(canvas: Canvas): Canvas {
  return { ...canvas, values: canvas.values.slice() };
}

function inMm({ mmPerPx, midlinePx }: Canvas, [x, y]: PointPx): PointPx {
  return [(x - midlinePx) * mmPerPx, y * mmPerPx];
}

function pointAt(outline: readonly PointPx[], share: number): PointPx {
  return outline[Math.floor(share * (outline.length - 1))] ?? [0, 0];
}
