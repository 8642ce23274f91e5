/** A finding in the words of one language: why a film was referred, what was measured, how surely. Pure. */
import { classText, foramenText, rivalText, scaleText, widthText } from '../decide/cortex-words.ts';
import { isReasonCode, type Language, reasonText } from '../decide/reason-texts.ts';
import { mmPerPxOf } from '../decide/referral-policy.ts';
import type { AnalysisResult, Deformity, Reason, ReportedSide, VertebraFinding } from '../exam/analysis.ts';
import { isGraded, largestLossPercent } from '../exam/worst-vertebra.ts';
import { swedishText } from './result-json.ts';

/** A measured value: what it is, and the value with its error. */
export interface MeasuredLine {
  readonly name: string;
  readonly value: string;
}

interface FindingWords {
  readonly sides: Readonly<Record<'R' | 'L', string>>;
  readonly mean: string;
  readonly width: string;
  readonly scale: string;
  readonly error: string;
  readonly lossError: string;
  readonly density: string;
  readonly limit: string;
  readonly loss: string;
  readonly grade: string;
  readonly heights: string;
  readonly noDeformity: (levels: string) => string;
  readonly graded: string;
  readonly deformities: Readonly<Record<Deformity, string>>;
  readonly detectorScale: string;
  readonly noScale: string;
}

const WORDS: Readonly<Record<Language, FindingWords>> = {
  en: {
    sides: { R: 'Right side', L: 'Left side' },
    mean: 'Mean of both sides',
    width: 'cortical width',
    scale: 'Scale',
    error: '± is one standard error: the true width is expected within it in two cases of three.',
    lossError: '± is one standard error in percentage points (grades after Genant 1993).',
    density: 'Score of the site’s own model',
    limit: 'limit',
    loss: 'loss of height',
    grade: 'grade',
    heights: 'heights front, middle, back',
    noDeformity: (levels) => `no deformity of grade 1 or more (${levels})`,
    graded: 'Other graded vertebrae',
    deformities: { none: 'no deformity', wedge: 'wedge', biconcave: 'biconcave', crush: 'crush' },
    detectorScale: 'detector scale, not corrected for magnification',
    noScale: 'no scale known: heights in pixels of the image',
  },
  sv: {
    sides: { R: 'Höger sida', L: 'Vänster sida' },
    mean: 'Medelvärde av båda sidor',
    width: 'kortikal bredd',
    scale: 'Skala',
    error: '± är ett medelfel: den sanna bredden väntas inom det i två fall av tre.',
    lossError: '± är ett medelfel i procentenheter (grader enligt Genant 1993).',
    density: 'Poäng från enhetens egen modell',
    limit: 'gräns',
    loss: 'höjdförlust',
    grade: 'grad',
    heights: 'höjd fram, mitt, bak',
    noDeformity: (levels) => `ingen deformitet av grad 1 eller högre (${levels})`,
    graded: 'Övriga graderade kotor',
    deformities: { none: 'ingen deformitet', wedge: 'kil', biconcave: 'bikonkav', crush: 'kompression' },
    detectorScale: 'detektorns skala, ej korrigerad för förstoring',
    noScale: 'skala saknas: höjder i bildpunkter',
  },
};

/** The reasons of a film, the deciding one first; what only sorts our own worklist concerns nobody else. */
export function reasonLines(reasons: readonly Reason[], language: Language): readonly string[] {
  const told = reasons.filter(({ code }) => !code.startsWith('score-by-'));
  return told.map((reason) => (language === 'sv' ? swedishText(reason) : reason.text));
}

/** What a finding asks for, `asks-dxa` and the like, in words. */
export function askLine(assessment: string, language: Language): string {
  const code = `asks-${assessment}`;
  return isReasonCode(code) ? reasonText(code, language) : assessment;
}

/** What was measured on a film, value by value, and what the errors and the scale mean. */
export function measuredLines(analysis: AnalysisResult | null, language: Language): readonly MeasuredLine[] {
  if (analysis === null) return [];
  return [
    ...spineLines(analysis, language),
    ...panoramicLines(analysis, language),
    ...densityLines(analysis, language),
  ];
}

function panoramicLines({ panoramic, spacing }: AnalysisResult, language: Language): readonly MeasuredLine[] {
  if (panoramic === null) return [];
  const words = WORDS[language];
  const { meanWidthMm, sides } = panoramic;
  const scale = scaleText(spacing, panoramic, language);
  return [
    ...sides.map((side) => ({ name: words.sides[side.side], value: sideValue(side, language) })),
    ...(meanWidthMm === null
      ? []
      : [{ name: words.mean, value: `${words.width} ${decimals(meanWidthMm, 2, language)} mm` }]),
    { name: words.scale, value: `${scale}. ${words.error}` },
  ];
}

function sideValue(side: ReportedSide, language: Language): string {
  const width = widthText(side, language);
  if (width === null) {
    return side.reason !== null && isReasonCode(side.reason) ? reasonText(side.reason, language) : '–';
  }
  const parts = [
    `${WORDS[language].width} ${width}`,
    rivalText(side, language),
    side.pmi === null ? null : `PMI ${decimals(side.pmi, 2, language)}`,
    side.mci === null ? null : classText(side.mci, language),
    foramenText(side, language),
  ];
  return parts.filter((part) => part !== null).join(', ');
}

function spineLines({ spine, spacing }: AnalysisResult, language: Language): readonly MeasuredLine[] {
  if (spine === null || spine.vertebrae.length === 0) return [];
  const words = WORDS[language];
  const mmPerPx = mmPerPxOf(spacing, null);
  const graded = spine.vertebrae.filter(isGraded);
  const deformed = graded.filter(({ genantGrade }) => genantGrade > 0);
  const others = graded.filter(({ genantGrade }) => genantGrade === 0).map(({ level }) => level);
  return [
    ...deformed.map((vertebra) => ({
      name: vertebra.level,
      value: [
        `${words.loss} ${lossText(vertebra)}`,
        `${words.grade} ${vertebra.genantGrade} (${words.deformities[vertebra.deformity]})`,
        `${words.heights} ${heightsText(vertebra, mmPerPx, language)}`,
      ].join(', '),
    })),
    ...(others.length === 0 ? [] : [{ name: words.graded, value: words.noDeformity(others.join(', ')) }]),
    {
      name: words.scale,
      value: `${mmPerPx === null ? words.noScale : words.detectorScale}. ${words.lossError}`,
    },
  ];
}

function lossText(vertebra: VertebraFinding): string {
  const { deformity, lossErrorPercent } = vertebra;
  const loss = largestLossPercent(vertebra);
  const error = deformity === null || deformity === 'none' ? null : (lossErrorPercent?.[deformity] ?? null);
  if (loss === null) return '–';
  return `${loss.toFixed(0)}${error === null ? '' : ` ± ${error.toFixed(0)}`} %`;
}

function heightsText({ heightsPx }: VertebraFinding, mmPerPx: number | null, language: Language): string {
  if (heightsPx === null) return '–';
  const { anterior, middle, posterior } = heightsPx;
  const texts = [anterior, middle, posterior].map((px) => decimals(px * (mmPerPx ?? 1), 1, language));
  return `${texts.join(' / ')} ${mmPerPx === null ? 'px' : 'mm'}`;
}

function densityLines({ boneDensity }: AnalysisResult, language: Language): readonly MeasuredLine[] {
  if (boneDensity === null) return [];
  const { density, limit } = WORDS[language];
  const [score, least] = [boneDensity.score, boneDensity.limit].map((value) => decimals(value, 3, language));
  return [{ name: density, value: `${score ?? ''} (${limit} ${least ?? ''})` }];
}

/** A number with fixed decimals, with a comma in Swedish. */
export function decimals(value: number, digits: number, language: Language): string {
  const text = value.toFixed(digits);
  return language === 'sv' ? text.replace('.', ',') : text;
}
