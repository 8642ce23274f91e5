/** The only importer of pdfkit: the result of one film on a page of A4, for a clinic without a PACS. */
import PDFDocument from 'pdfkit';
import { assessmentsOf } from '../decide/assessments.ts';
import { DISCLAIMER, reasonText } from '../decide/reason-texts.ts';
import { POLICY_VERSION } from '../decide/referral-policy.ts';
import { asTriageError } from '../errors.ts';
import type { Reason } from '../exam/analysis.ts';
import type { ExamState } from '../exam/exam-state.ts';
import type { FilmIdentity, Standing } from '../exam/standing.ts';
import { drawMeasurements } from './pdf-measurements.ts';
import {
  BOTTOM,
  drawTitle,
  INK,
  keepTogether,
  MARGIN,
  MUTED,
  type Page,
  WIDTH,
  writable,
} from './pdf-page.ts';
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

/** What an outcome means, in the words of a finding and never of a diagnosis. */
const OUTCOMES: Readonly<
  Record<ExamState, { readonly sv: string; readonly en: string; readonly colour: string }>
> = {
  positive: {
    sv: 'Fynd som talar för fortsatt utredning',
    en: 'A finding that speaks for further assessment',
    colour: '#9a3412',
  },
  negative: {
    sv: 'Inget fynd enligt gränserna här',
    en: 'No finding by the limits set here',
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
  const { standing, softwareVersion } = input;
  // The title names the film and not the person: it is shown where the page itself is not.
  const { page, done } = openPdf(
    `Osteotriage ${standing.sopInstanceUid}`,
    softwareVersion,
    standing.finishedAtMs ?? standing.receivedAtMs,
  );
  drawHead(page, input);
  drawIdentity(page, input);
  drawReasons(page, input);
  drawMeasurements(page, input.standing.analysis);
  drawPicture(page, input);
  drawFoot(page, input);
  page.end();
  return done;
}

/** Begins a document on A4; `done` has its bytes once it is ended. */
export function openPdf(
  title: string,
  softwareVersion: string,
  madeAtMs: number,
): { readonly page: Page; readonly done: Promise<Buffer> } {
  const page = new PDFDocument({
    size: 'A4',
    margin: MARGIN,
    info: {
      Title: title,
      Producer: `osteotriage ${softwareVersion}`,
      Creator: 'osteotriage',
      CreationDate: new Date(madeAtMs),
    },
  });
  const chunks: Buffer[] = [];
  const done = new Promise<Buffer>((settle, fail) => {
    page.on('data', (chunk: Buffer) => chunks.push(chunk));
    page.on('end', () => settle(Buffer.concat(chunks)));
    page.on('error', (thrown: unknown) => fail(asTriageError(thrown)));
  });
  return { page, done };
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
  for (const reason of [...standing.reasons, ...suggestionsOf(standing)]) {
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

/** What a finding asks for, in the words of a reason. */
function suggestionsOf({ analysis }: Standing): readonly Reason[] {
  const assessments = analysis === null ? [] : assessmentsOf(analysis);
  return assessments.map((assessment) => {
    const code = `asks-${assessment}` as const;
    return { code, text: reasonText(code, 'en') };
  });
}

function drawPicture(page: Page, { overlayPng }: ResultPdfInput): void {
  if (overlayPng === null) return;
  const isOnNewPage = BOTTOM - page.y - 10 < 160;
  if (isOnNewPage) page.addPage();
  page.image(overlayPng, MARGIN, page.y + 8, {
    fit: [WIDTH, Math.min(BOTTOM - page.y - 10, isOnNewPage ? 560 : 330)],
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

/** A name of DICOM as people read it. */
export function nameInWords(name: string | null): string | null {
  const [alphabetic = ''] = (name ?? '').split('=');
  const parts = alphabetic.split('^').filter((part) => part !== '');
  return parts.length === 0 ? null : parts.join(', ');
}

/** A date of DICOM as Swedes write it. */
export function dateInWords(date: string | null): string | null {
  return date === null ? null : date.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3');
}

/** Date and time of the site. */
function timeInWords(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toLocaleString('sv-SE', { timeZoneName: 'short' });
}
