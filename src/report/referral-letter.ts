/** The letter that asks the DXA department for a measurement: one referral on A4, in one language. */
import type { ReferralFacts } from '../database/referral-facts.ts';
import { densityClassOf } from '../decide/dxa-class.ts';
import { DISCLAIMER, type Language } from '../decide/reason-texts.ts';
import { riskIndicesOf } from '../decide/risk-indices.ts';
import type { RiskFactors } from '../exam/risk-factors.ts';
import { describeNumber } from '../exam/personal-number.ts';
import { askLine, decimals, type MeasuredLine, measuredLines, reasonLines } from './finding-lines.ts';
import { LETTER_WORDS, type LetterWords, type RiskQuestion } from './letter-words.ts';
import {
  drawTitle,
  INK,
  keepTogether,
  MARGIN,
  MUTED,
  BOTTOM,
  type Page,
  WIDTH,
  writable,
} from './pdf-page.ts';
import { dateInWords, nameInWords, openPdf } from './result-pdf.ts';

/** What a letter is made from. */
export interface ReferralLetterInput {
  readonly facts: ReferralFacts;
  readonly siteName: string | null;
  readonly language: Language;
  readonly softwareVersion: string;
  readonly nowMs: number;
}

const NAME_WIDTH = 175;

/** Makes the PDF; the same input gives the same bytes. */
export function makeReferralLetter(input: ReferralLetterInput): Promise<Buffer> {
  const { facts, nowMs, softwareVersion } = input;
  // The title names the referral and not the person: it is shown where the page itself is not.
  const { page, done } = openPdf(`Osteotriage ${facts.referralId}`, softwareVersion, nowMs);
  const words = LETTER_WORDS[input.language];
  drawHead(page, input, words);
  drawAsked(page, input, words);
  drawFinding(page, input, words);
  drawRisk(page, input, words);
  drawDxa(page, input, words);
  drawHistory(page, input, words);
  drawFoot(page, input);
  page.end();
  return done;
}

function drawHead(page: Page, { facts, nowMs, siteName }: ReferralLetterInput, words: LetterWords): void {
  const { person, ageYears } = facts;
  page.font('Helvetica-Bold').fontSize(15).fillColor(INK).text(words.title, MARGIN, MARGIN);
  page.fontSize(9).fillColor('#b91c1c').text(words.researchUse, { width: WIDTH });
  page
    .fontSize(9)
    .fillColor(MUTED)
    .font('Helvetica')
    .text(words.printed(dayOf(nowMs)), { width: WIDTH });
  page.moveDown(0.5);
  if (person.isProtected) {
    const top = page.y;
    page.rect(MARGIN, top, WIDTH, 20).fill('#b91c1c');
    page.font('Helvetica-Bold').fontSize(10).fillColor('#ffffff');
    page.text(words.protectedIdentity, MARGIN + 8, top + 5, { width: WIDTH - 16 });
    page.y = top + 28;
  }
  const number = describeNumber(person.patientId ?? '', dayOf(nowMs).replaceAll('-', ''));
  const born = dateInWords(person.birthDate ?? number.birthDate);
  const sex = words.sexes[person.sex ?? number.sex ?? ''] ?? null;
  drawLines(page, [
    { name: words.name, value: nameInWords(person.name) ?? '–' },
    { name: words.numbers[number.kind], value: number.shown || '–' },
    {
      name: words.born,
      value: [born, ageYears === null ? null : words.age(ageYears), sex].filter(isGiven).join(', ') || '–',
    },
    ...(siteName === null ? [] : [{ name: words.site, value: siteName }]),
  ]);
}

function drawAsked(page: Page, { facts, language }: ReferralLetterInput, words: LetterWords): void {
  drawTitle(page, words.asked);
  drawText(page, words.askedDxa);
  for (const assessment of facts.assessments.filter((each) => each !== 'dxa')) {
    drawText(page, askLine(assessment, language));
  }
  page.moveDown(0.2);
  const [step] = facts.steps;
  if (step === undefined || step.state === 'discontinued') {
    drawText(page, words.notOrdered);
    return;
  }
  const { scheduled_date: date, scheduled_time: time, station_ae_title: station } = step;
  const atTime = time === '000000' ? null : `${time.slice(0, 2)}:${time.slice(2, 4)}`;
  drawLines(page, [
    { name: words.accession, value: step.accession_number },
    { name: words.step, value: step.step_id },
    {
      name: words.scheduled,
      value: `${[dateInWords(date), atTime].filter(isGiven).join(' ')}, ${station ?? words.anyScanner}`,
    },
  ]);
}

function drawFinding(page: Page, { facts, language }: ReferralLetterInput, words: LetterWords): void {
  const [lead, ...others] = facts.films;
  if (lead === undefined) return;
  drawTitle(page, words.finding);
  for (const line of reasonLines(lead.reasons, language)) drawText(page, line);
  if (others.length > 0) drawText(page, words.otherFilms(others.length));
  page.moveDown(0.2);
  const taken = dateInWords(lead.studyDate) ?? dayOf(lead.receivedAtMs);
  drawLines(page, [
    { name: words.film, value: words.filmOf(taken, words.views[lead.view ?? 'other'] ?? '') },
    ...(lead.accessionNumber === null ? [] : [{ name: words.filmNumber, value: lead.accessionNumber }]),
  ]);
  const measured = measuredLines(lead.analysis, language);
  if (measured.length === 0) return;
  drawTitle(page, words.measured);
  drawLines(page, measured);
}

function drawRisk(page: Page, { facts, language }: ReferralLetterInput, words: LetterWords): void {
  const { risk, ageYears, person } = facts;
  drawTitle(page, words.risk);
  if (risk === null) {
    drawText(page, words.riskNone);
    return;
  }
  const indices = riskIndicesOf(risk, { ageYears, sex: person.sex });
  drawLines(page, [
    ...riskLines(risk, language, words),
    ...indices.flatMap(({ index, score, level }) =>
      score === null
        ? []
        : [{ name: index, value: `${score}${level === null ? '' : ` (${words.levels[level]})`}` }],
    ),
  ]);
}

function riskLines(risk: RiskFactors, language: Language, words: LetterWords): readonly MeasuredLine[] {
  const measure = (name: string, value: number | null, unit: string): readonly MeasuredLine[] =>
    value === null
      ? []
      : [{ name, value: `${decimals(value, Number.isInteger(value) ? 0 : 1, language)} ${unit}` }];
  const answered = (is: boolean): string =>
    (Object.keys(words.questions) as RiskQuestion[])
      .filter((question) => risk[question] === is)
      .map((question) => words.questions[question])
      .join(', ');
  const { frax } = risk;
  return [
    ...measure(words.weight, risk.weightKg, 'kg'),
    ...measure(words.height, risk.heightCm, 'cm'),
    ...[
      { name: words.yes, value: answered(true) },
      { name: words.no, value: answered(false) },
    ].filter(({ value }) => value !== ''),
    ...(frax === null
      ? []
      : [
          {
            name: words.frax,
            value: [
              `${words.fraxMajor} ${decimals(frax.majorPercent, 1, language)} %`,
              ...(frax.hipPercent === null
                ? []
                : [`${words.fraxHip} ${decimals(frax.hipPercent, 1, language)} %`]),
              frax.withBmd ? words.withBmd : words.withoutBmd,
              `${frax.version}, ${frax.country}`,
            ].join(', '),
          },
        ]),
  ];
}

function drawDxa(page: Page, { facts, language }: ReferralLetterInput, words: LetterWords): void {
  const { dxa, ageYears } = facts;
  if (dxa === null) return;
  drawTitle(page, `${words.dxa} ${dxa.measuredOn}`);
  const densityClass = densityClassOf(dxa.tScores, ageYears);
  const scores = (['lumbarSpine', 'femoralNeck', 'totalHip'] as const).flatMap((region) => {
    const score = dxa.tScores[region];
    return score === null
      ? []
      : [
          {
            name: `T-score, ${words.regions[region]}`,
            value: decimals(score, 1, language).replace('-', '–'),
          },
        ];
  });
  drawLines(page, scores);
  if (densityClass !== null) drawText(page, `WHO: ${words.classes[densityClass]}.`);
}

function drawHistory(page: Page, { facts }: ReferralLetterInput, words: LetterWords): void {
  const { accepted, createdAtMs, state } = facts;
  drawTitle(page, words.history);
  drawLines(page, [
    { name: words.received, value: dayOf(createdAtMs) },
    ...(accepted === null
      ? []
      : [{ name: words.accepted, value: `${accepted.by}, ${dayOf(accepted.atMs)}` }]),
    { name: words.standing, value: words.states[state] },
  ]);
  if (accepted === null) drawText(page, words.notAccepted);
}

function drawFoot(page: Page, { language, softwareVersion, facts }: ReferralLetterInput): void {
  // Below the bottom margin pdfkit would begin a page of its own.
  page.page.margins.bottom = 0;
  page.font('Helvetica-Bold').fontSize(8).fillColor(INK);
  page.text(DISCLAIMER[language], MARGIN, BOTTOM + 6, { width: WIDTH });
  const made = `osteotriage ${softwareVersion} · ${facts.referralId}`;
  page.font('Helvetica').fontSize(7).fillColor(MUTED).text(made, { width: WIDTH });
}

/** Names to the left, values beside them. */
function drawLines(page: Page, lines: readonly MeasuredLine[]): void {
  for (const { name, value } of lines) {
    page.font('Helvetica').fontSize(9.5);
    const width = WIDTH - NAME_WIDTH;
    keepTogether(page, page.heightOfString(writable(value), { width }));
    const top = page.y;
    page.fillColor(MUTED).text(writable(name), MARGIN, top, { width: NAME_WIDTH - 8 });
    const below = page.y;
    page.fillColor(INK).text(writable(value), MARGIN + NAME_WIDTH, top, { width });
    page.y = Math.max(below, page.y) + 1.5;
  }
  page.x = MARGIN;
}

function drawText(page: Page, text: string): void {
  page.font('Helvetica').fontSize(9.5).fillColor(INK);
  keepTogether(page, page.heightOfString(writable(text), { width: WIDTH }));
  page.text(writable(text), MARGIN, page.y, { width: WIDTH });
  page.y += 1.5;
}

function isGiven(text: string | null): text is string {
  return text !== null && text !== '';
}

/** The day at the site. */
function dayOf(atMs: number): string {
  return new Date(atMs).toLocaleDateString('sv-SE');
}
