/** The only importer of pdfkit: the result of one film on a page of A4, for a clinic without a PACS. */
import PDFDocument from 'pdfkit';
import { DISCLAIMER, isReasonCode, reasonText } from '../decide/reason-texts.ts';
import { POLICY_VERSION } from '../decide/referral-policy.ts';
import { asTriageError } from '../errors.ts';
import type { ReportedSide } from '../exam/analysis.ts';
import type { ExamState } from '../exam/exam-state.ts';
import type { FilmIdentity, Standing } from '../exam/standing.ts';
import { swedishText } from './result-json.ts';

/** What a page is made from. */
export interface ResultPdfInput {
  readonly standing: Standing;
  readonly film: FilmIdentity;
  readonly siteName: string;
  readonly softwareVersion: string;
  /** The film with what was found drawn on it; null where no pixels were read. */
  readonly overlayPng: Buffer | null;
}

type Page = InstanceType<typeof PDFDocument>;

const MARGIN = 48;
const WIDTH = 595.28 - 2 * MARGIN;
const BOTTOM = 841.89 - 92;
const INK = '#1b1f24';
const MUTED = '#57606a';

/** What an outcome means, in the words of a finding and never of a diagnosis. */
const OUTCOMES: Readonly<
  Record<ExamState, { readonly sv: string; readonly en: string; readonly colour: string }>
> = {
  positive: {
    sv: 'Fynd som talar för remiss till bentäthetsmätning (DXA)',
    en: 'A finding that speaks for referral to bone densitometry (DXA)',
    colour: '#9a3412',
  },
  negative: {
    sv: 'Inget fynd under remissgränsen',
    en: 'No finding below the referral limit',
    colour: '#14532d',
  },
  'not-assessable': {
    sv: 'Bilden kunde inte bedömas',
    en: 'The film could not be assessed',
    colour: '#713f12',
  },
  'not-eligible': {
    sv: 'Bilden ingår inte i bedömningen',
    en: 'The film is not eligible for assessment',
    colour: '#374151',
  },
  failed: {
    sv: 'Bilden kunde inte läsas; den finns kvar hos tjänsten',
    en: 'The film could not be read; the service keeps it',
    colour: '#713f12',
  },
  pending: { sv: 'Bilden väntar på bedömning', en: 'The film waits to be assessed', colour: '#374151' },
};

/** Makes the PDF; the same input gives the same bytes. */
export function makeResultPdf(input: ResultPdfInput): Promise<Buffer> {
  const { standing } = input;
  const page = new PDFDocument({
    size: 'A4',
    margin: MARGIN,
    // The title names the film and not the person: it is shown where the page itself is not.
    info: {
      Title: `Osteotriage ${standing.sopInstanceUid}`,
      Producer: `osteotriage ${input.softwareVersion}`,
      Creator: 'osteotriage',
      CreationDate: new Date(standing.finishedAtMs ?? standing.receivedAtMs),
    },
  });
  const chunks: Buffer[] = [];
  const done = new Promise<Buffer>((settle, fail) => {
    page.on('data', (chunk: Buffer) => chunks.push(chunk));
    page.on('end', () => settle(Buffer.concat(chunks)));
    page.on('error', (thrown: unknown) => fail(asTriageError(thrown)));
  });
  drawHead(page, input);
  drawIdentity(page, input);
  drawReasons(page, input);
  drawMeasurements(page, input);
  drawPicture(page, input);
  drawFoot(page, input);
  page.end();
  return done;
}

function drawHead(page: Page, { standing }: ResultPdfInput): void {
  page
    .font('Helvetica-Bold')
    .fontSize(15)
    .fillColor(INK)
    .text('Osteotriage: resultat / result', MARGIN, MARGIN);
  page
    .fontSize(9)
    .fillColor('#b91c1c')
    .text('FORSKNINGSBRUK – INTE FÖR DIAGNOS  /  RESEARCH USE – NOT FOR DIAGNOSIS', { width: WIDTH });
  const { sv, en, colour } = OUTCOMES[standing.state];
  const top = page.y + 8;
  page.roundedRect(MARGIN, top, WIDTH, 42, 4).fill(colour);
  page
    .font('Helvetica-Bold')
    .fontSize(13)
    .fillColor('#ffffff')
    .text(sv, MARGIN + 10, top + 8, { width: WIDTH - 20 });
  page
    .font('Helvetica')
    .fontSize(10)
    .text(en, MARGIN + 10, top + 25, { width: WIDTH - 20 });
  page.fillColor(INK);
  page.y = top + 52;
}

function drawIdentity(page: Page, { film, standing, siteName }: ResultPdfInput): void {
  const revision = standing.revision === 0 ? [] : [['Revision', String(standing.revision + 1)] as const];
  const rows = [
    ['Patient', nameInWords(film.patientName)],
    ['Patient-ID / Patient ID', film.patientId],
    [
      'Född, kön / Born, sex',
      [dateInWords(film.patientBirthDate), film.patientSex].filter(Boolean).join(', '),
    ],
    ['Undersökning / Study', [dateInWords(film.studyDate), film.studyDescription].filter(Boolean).join(', ')],
    ['Remissnummer / Accession no.', film.accessionNumber],
    ['Modalitet / Modality', film.modality],
    ['Enhet / Site', siteName],
    ['Bild / Film', standing.sopInstanceUid],
    ['Bedömd / Assessed', timeInWords(standing.finishedAtMs)],
    ...revision,
  ] as const;
  for (const [name, value] of rows) {
    if (value === null || value === '') continue;
    const top = page.y;
    page.font('Helvetica').fontSize(9).fillColor(MUTED).text(name, MARGIN, top, { width: 150 });
    const below = page.y;
    page.fillColor(INK).text(writable(value), MARGIN + 155, top, { width: WIDTH - 155 });
    page.y = Math.max(below, page.y) + 1;
  }
  page.x = MARGIN;
}

function drawReasons(page: Page, { standing }: ResultPdfInput): void {
  drawTitle(page, 'Skäl / Reasons');
  for (const reason of standing.reasons) {
    keepTogether(page, 30);
    page
      .font('Helvetica')
      .fontSize(9.5)
      .fillColor(INK)
      .text(writable(`• ${swedishText(reason)}`), { width: WIDTH });
    page
      .fontSize(8.5)
      .fillColor(MUTED)
      .text(writable(reason.text), MARGIN + 8, page.y, { width: WIDTH - 8 });
    page.x = MARGIN;
    page.moveDown(0.3);
  }
}

function drawMeasurements(page: Page, { standing }: ResultPdfInput): void {
  const { panoramic = null, spacing } = standing.analysis ?? {};
  if (panoramic === null) return;
  keepTogether(page, 90);
  drawTitle(page, 'Mätvärden / Measurements');
  const head = ['Sida / Side', 'Kortikal bredd / Cortical width', 'PMI', 'Anmärkning / Note'];
  drawRow(page, head, true);
  for (const side of panoramic.sides) drawRow(page, sideCells(side), false);
  const mean = panoramic.meanWidthMm === null ? '–' : `${decimals(panoramic.meanWidthMm, 2)} mm`;
  drawRow(page, ['Medel / Mean', mean, '', scaleInWords(panoramic.magnification, spacing?.source)], false);
  page.font('Helvetica').fontSize(8).fillColor(MUTED);
  page.text('± är ett medelfel. / ± is one standard error.', MARGIN, page.y + 2, { width: WIDTH });
}

function sideCells(side: ReportedSide): readonly string[] {
  const name = side.side === 'R' ? 'Höger / Right' : 'Vänster / Left';
  if (!side.assessable) return [name, '–', '–', notAssessed(side.reason)];
  const { widthMm, widthPx, uncertaintyPx, pmi } = side;
  const mmPerPx = widthMm === null || widthPx === null || widthPx === 0 ? null : widthMm / widthPx;
  const within = (value: number | null, scale: number, digits: number): string =>
    value === null ? '' : ` ± ${decimals(value * scale, digits)}`;
  const width =
    widthMm !== null && mmPerPx !== null
      ? `${decimals(widthMm, 2)}${within(uncertaintyPx, mmPerPx, 2)} mm`
      : widthPx === null
        ? '–'
        : `${decimals(widthPx, 1)}${within(uncertaintyPx, 1, 1)} px`;
  return [name, width, pmi === null ? '–' : decimals(pmi, 2), ''];
}

function drawPicture(page: Page, { overlayPng }: ResultPdfInput): void {
  if (overlayPng === null) return;
  const left = BOTTOM - page.y - 10;
  if (left < 160) page.addPage();
  page.image(overlayPng, MARGIN, page.y + 8, {
    fit: [WIDTH, Math.min(BOTTOM - page.y - 10, 330)],
    align: 'center',
  });
}

function drawFoot(page: Page, { standing, softwareVersion }: ResultPdfInput): void {
  const models = (standing.analysis?.models ?? []).map(
    ({ name, version, sha256 }) => `${name} ${version} (${sha256.slice(0, 8)})`,
  );
  const made = [`osteotriage ${softwareVersion}`, `policy ${POLICY_VERSION}`, ...models].join(' · ');
  // Below the bottom margin pdfkit would begin a page of its own.
  page.page.margins.bottom = 0;
  page
    .font('Helvetica-Bold')
    .fontSize(8)
    .fillColor(INK)
    .text(DISCLAIMER.sv, MARGIN, BOTTOM + 6, { width: WIDTH });
  page.font('Helvetica').text(DISCLAIMER.en, { width: WIDTH });
  page.fontSize(7).fillColor(MUTED).text(writable(made), { width: WIDTH });
}

function drawTitle(page: Page, title: string): void {
  page.moveDown(0.6).font('Helvetica-Bold').fontSize(10.5).fillColor(INK).text(title, MARGIN, page.y);
  page.moveDown(0.2);
}

function drawRow(page: Page, cells: readonly string[], isHead: boolean): void {
  const widths = [85, 150, 45, WIDTH - 280];
  const top = page.y;
  page
    .font(isHead ? 'Helvetica-Bold' : 'Helvetica')
    .fontSize(9)
    .fillColor(INK);
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
function keepTogether(page: Page, height: number): void {
  if (page.y + height > BOTTOM) page.addPage();
}

function notAssessed(code: string | null): string {
  if (code === null || !isReasonCode(code)) return code ?? '';
  return `${reasonText(code, 'sv')} / ${reasonText(code, 'en')}`;
}

function scaleInWords(magnification: number | null, source: string | undefined): string {
  if (source === 'none') return 'ingen skala / no scale';
  return magnification === null
    ? 'detektorns skala / detector scale'
    : `förstoring / magnification ${decimals(magnification, 2)}`;
}

/** A decimal comma, as in Swedish; both languages read it. */
function decimals(value: number, digits: number): string {
  return value.toFixed(digits).replace('.', ',');
}

function nameInWords(name: string | null): string | null {
  const [alphabetic = ''] = (name ?? '').split('=');
  const parts = alphabetic.split('^').filter((part) => part !== '');
  return parts.length === 0 ? null : parts.join(', ');
}

function dateInWords(date: string | null): string | null {
  return date === null ? null : date.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3');
}

/** Date and time of the site. */
function timeInWords(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toLocaleString('sv-SE', { timeZoneName: 'short' });
}

/** Letters with a stroke, which no normal form takes apart. */
const STROKED: Readonly<Record<string, string>> = { Ł: 'L', ł: 'l', Đ: 'D', đ: 'd', Ħ: 'H', ħ: 'h' };

/**
 * Text in the letters that the fonts of every PDF reader have (WinAnsi: Western Europe). A letter beyond them loses
 * its mark where it has one, and is shown as a question mark else: no font is carried along.
 */
function writable(text: string): string {
  return Array.from(text.normalize('NFC'), (letter) =>
    [letter, STROKED[letter] ?? '', letter.normalize('NFD').charAt(0)].find((each) => isWritable(each)),
  )
    .map((letter) => letter ?? '?')
    .join('');
}

function isWritable(letter: string): boolean {
  return /^[\x20-\x7e\xa0-\xff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]$/.test(letter);
}
