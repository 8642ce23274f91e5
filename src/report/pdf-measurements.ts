/** The measurements of a film as tables of a result's page, in Swedish and English. */
import {
  besideText,
  foramenText,
  rivalText,
  scaleText,
  signsText,
  widthText,
} from '../decide/cortex-words.ts';
import { isReasonCode, reasonText } from '../decide/reason-texts.ts';
import { mmPerPxOf } from '../decide/referral-policy.ts';
import type {
  AnalysisResult,
  BoneDensityFinding,
  CorticalIndex,
  Deformity,
  HeightLossPercent,
  PanoramicFinding,
  ReportedSide,
  Spacing,
  SpineFinding,
  VertebraFinding,
} from '../exam/analysis.ts';
import { isGraded } from '../exam/worst-vertebra.ts';
import { decimals, drawRow, drawTitle, keepTogether, MARGIN, MUTED, WIDTH, type Page } from './pdf-page.ts';

const SIDE_WIDTHS = [82, 88, 36, 64] as const;
const LANGUAGES = ['sv', 'en'] as const;
const VERTEBRA_WIDTHS = [34, 92, 62, 78, 62, 62] as const;

const DEFORMITIES: Readonly<Record<Deformity, string>> = {
  none: '–',
  wedge: 'kil / wedge',
  biconcave: 'bikonkav / biconcave',
  crush: 'kompression / crush',
};

/** Draws what was measured; nothing where nothing was. */
export function drawMeasurements(page: Page, analysis: AnalysisResult | null): void {
  if (analysis === null) return;
  const { panoramic, spine, boneDensity, spacing } = analysis;
  if (spine !== null && spine.vertebrae.length > 0) drawVertebrae(page, spine, spacing);
  if (panoramic !== null) drawSides(page, panoramic, spacing);
  if (boneDensity !== null) drawBoneDensity(page, boneDensity);
}

function drawSides(page: Page, panoramic: PanoramicFinding, spacing: Spacing): void {
  begin(page);
  const head = ['Sida / Side', 'Kortikal bredd / Cortical width', 'PMI', 'Klemetti', 'Anmärkning / Note'];
  drawRow(page, head, { widths: SIDE_WIDTHS, isHead: true });
  for (const side of panoramic.sides) drawRow(page, sideCells(side), { widths: SIDE_WIDTHS, isHead: false });
  const mean = panoramic.meanWidthMm === null ? '–' : `${decimals(panoramic.meanWidthMm, 2)} mm`;
  const last = ['Medel / Mean', mean, '', '', ''];
  drawRow(page, last, { widths: SIDE_WIDTHS, isHead: false });
  const scale = LANGUAGES.map((language) => scaleText(spacing, panoramic, language)).join(' / ');
  explain(page, `Skala / Scale: ${scale}.`);
  explain(
    page,
    '± är ett medelfel: den sanna bredden väntas inom det i två fall av tre, inom det dubbla i 19 av 20. / ± is one standard error: the true width is expected within it in two cases of three, within twice as much in 19 of 20.',
  );
}

function sideCells(side: ReportedSide): readonly string[] {
  const name = side.side === 'R' ? 'Höger / Right' : 'Vänster / Left';
  const width = widthText(side, 'sv');
  if (width === null) return [name, '–', '–', '–', inBothLanguages(side.reason, {})];
  const { pmi, mci } = side;
  const notes = [rivalText, besideText, signsText, foramenText].flatMap((inWords) => {
    const [swedish, english] = LANGUAGES.map((language) => inWords(side, language));
    return swedish == null || english == null ? [] : [`${swedish} / ${english}`];
  });
  const share = ({ class: read, probabilities }: CorticalIndex) =>
    `${read} (${decimals(probabilities[read] * 100, 0)} %)`;
  return [
    name,
    width,
    pmi === null ? '–' : decimals(pmi, 2),
    mci === null ? '–' : share(mci),
    notes.map((note) => `${note}.`).join('\n'),
  ];
}

function drawVertebrae(page: Page, spine: SpineFinding, spacing: Spacing): void {
  begin(page);
  const mmPerPx = mmPerPxOf(spacing, null);
  const head = [
    'Kota',
    `Höjd fram, mitt, bak / Height front, middle, back (${mmPerPx === null ? 'px' : 'mm'})`,
    'Kil / Wedge %',
    'Bikonkav / Biconcave %',
    'Kompr. / Crush %',
    'Grad / Grade',
    'Anmärkning / Note',
  ];
  const columns = { widths: VERTEBRA_WIDTHS, fontSize: 8 };
  drawRow(page, head, { ...columns, isHead: true });
  for (const vertebra of spine.vertebrae) {
    drawRow(page, vertebraCells(vertebra, mmPerPx), { ...columns, isHead: false });
  }
  explain(
    page,
    `± är ett medelfel i procentenheter; skala: ${lateralScale(spacing.source)}. / ± is one standard error in percentage points. Genant 1993.`,
  );
}

function vertebraCells(vertebra: VertebraFinding, mmPerPx: number | null): readonly string[] {
  const { level, heightsPx, reason, remarks } = vertebra;
  const heights =
    heightsPx === null
      ? '–'
      : [heightsPx.anterior, heightsPx.middle, heightsPx.posterior]
          .map((height) => decimals(height * (mmPerPx ?? 1), 1))
          .join('  ');
  const grade = isGraded(vertebra)
    ? [String(vertebra.genantGrade), vertebra.genantGrade === 0 ? '' : DEFORMITIES[vertebra.deformity]]
        .join(' ')
        .trim()
    : '–';
  const codes = [...(reason === null ? [] : [reason]), ...remarks];
  return [
    level,
    heights,
    lossInWords(vertebra, 'wedge'),
    lossInWords(vertebra, 'biconcave'),
    lossInWords(vertebra, 'crush'),
    grade,
    codes.map((code) => inBothLanguages(code, { level })).join(' '),
  ];
}

function lossInWords(
  { lossPercent, lossErrorPercent }: VertebraFinding,
  name: keyof HeightLossPercent,
): string {
  const loss = lossPercent?.[name] ?? null;
  const error = lossErrorPercent?.[name] ?? null;
  if (loss === null) return '–';
  return error === null ? decimals(loss, 0) : `${decimals(loss, 0)} ± ${decimals(error, 0)}`;
}

function drawBoneDensity(page: Page, { score, limit }: BoneDensityFinding): void {
  begin(page);
  const widths = [260];
  drawRow(page, ['Enhetens egen modell / Own model of the site', 'Gräns / Limit'], { widths, isHead: true });
  drawRow(page, [decimals(score, 3), decimals(limit, 3)], { widths, isHead: false });
}

function begin(page: Page): void {
  keepTogether(page, 90);
  drawTitle(page, 'Mätvärden / Measurements');
}

function explain(page: Page, text: string): void {
  page.font('Helvetica').fontSize(8).fillColor(MUTED);
  page.text(text, MARGIN, page.y + 2, { width: WIDTH });
}

function inBothLanguages(code: string | null, values: Readonly<Record<string, string>>): string {
  if (code === null || !isReasonCode(code)) return code ?? '';
  return `${reasonText(code, 'sv', values)} / ${reasonText(code, 'en', values)}`;
}

function lateralScale(source: Spacing['source']): string {
  return source === 'none' ? 'ingen skala / no scale' : 'detektorns skala / detector scale';
}
