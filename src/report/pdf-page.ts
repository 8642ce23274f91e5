/** What a page of a result is set with: titles, rows, numbers, and the letters that every reader of PDF has. */
import type PDFDocument from 'pdfkit';

/** A document that is being written. */
export type Page = InstanceType<typeof PDFDocument>;

/** Left and right margin of A4, points. */
export const MARGIN = 48;
/** Room between the margins. */
export const WIDTH = 595.28 - 2 * MARGIN;
/** Where the foot of the page begins. */
export const BOTTOM = 841.89 - 92;
/** Colour of what is to be read. */
export const INK = '#1b1f24';
/** Colour of what explains it. */
export const MUTED = '#57606a';

/** A heading. */
export function drawTitle(page: Page, title: string): void {
  page.moveDown(0.6).font('Helvetica-Bold').fontSize(10.5).fillColor(INK).text(title, MARGIN, page.y);
  page.moveDown(0.2);
}

/** A row of a table; the last column gets the room that is left. */
export function drawRow(
  page: Page,
  cells: readonly string[],
  columns: { readonly widths: readonly number[]; readonly isHead: boolean; readonly fontSize?: number },
): void {
  const { isHead, fontSize = 9 } = columns;
  const widths = [...columns.widths, WIDTH - columns.widths.reduce((sum, width) => sum + width, 0)];
  page
    .font(isHead ? 'Helvetica-Bold' : 'Helvetica')
    .fontSize(fontSize)
    .fillColor(INK);
  const heights = cells.map((cell, index) =>
    page.heightOfString(writable(cell), { width: (widths[index] ?? 0) - 6 }),
  );
  keepTogether(page, Math.max(...heights));
  const top = page.y;
  let below = top;
  let left = MARGIN;
  for (const [index, cell] of cells.entries()) {
    page.text(writable(cell), left, top, { width: (widths[index] ?? 0) - 6 });
    below = Math.max(below, page.y);
    left += widths[index] ?? 0;
  }
  page.x = MARGIN;
  page.y = below + 2;
  page
    .moveTo(MARGIN, page.y - 1)
    .lineTo(MARGIN + WIDTH, page.y - 1)
    .lineWidth(0.4)
    .stroke('#d0d7de');
}

/** A page break before what would be torn apart. */
export function keepTogether(page: Page, height: number): void {
  if (page.y + height > BOTTOM) page.addPage();
}

/** A decimal comma, as in Swedish; both languages read it. */
export function decimals(value: number, digits: number): string {
  return value.toFixed(digits).replace('.', ',');
}

/** Letters with a stroke, which no normal form takes apart. */
const STROKED: Readonly<Record<string, string>> = { Ł: 'L', ł: 'l', Đ: 'D', đ: 'd', Ħ: 'H', ħ: 'h' };

/**
 * Text in the letters that the fonts of every PDF reader have (WinAnsi: Western Europe). A letter beyond them loses
 * its mark where it has one, and is shown as a question mark else: no font is carried along.
 */
export function writable(text: string): string {
  return Array.from(text.normalize('NFC'), (letter) =>
    [letter, STROKED[letter] ?? '', letter.normalize('NFD').charAt(0)].find((each) => isWritable(each)),
  )
    .map((letter) => letter ?? '?')
    .join('');
}

function isWritable(letter: string): boolean {
  return /^[\x20-\x7e\xa0-\xff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]$/.test(letter);
}
