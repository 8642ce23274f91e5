/** The measurement groups of a lateral film: each vertebra with its six points, and what holds of the whole. */
import { measuredVertebraText } from '../decide/correction-words.ts';
import { mmPerPxOf } from '../decide/referral-policy.ts';
import { reasonText } from '../decide/reason-texts.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import {
  VERTEBRA_POINTS,
  type SpineFinding,
  type VertebraFinding,
  type VertebraPoint,
} from '../exam/analysis.ts';
import { codedItem, numberItem, pointItem, polylineItem, textItem, type Code } from './content-item.ts';
import { lengthItem, measurementGroup, scaleItem, shareItem } from './measurement-group.ts';
import { CONCEPTS, UNITS } from './report-codes.ts';
import type { ReportInput } from './report-object.ts';
import {
  DEFORMITY_CODES,
  GRADE_CODES,
  POINT_CODES,
  SPINE_ANSWERS,
  SPINE_CONCEPTS,
  VERTEBRA,
  VERTEBRA_LEVELS,
} from './spine-codes.ts';

type HeightName = keyof NonNullable<VertebraFinding['heightsPx']>;

const HEIGHTS: readonly (readonly [HeightName, Code, VertebraPoint, VertebraPoint])[] = [
  ['anterior', SPINE_CONCEPTS.anteriorHeight, 'superiorAnterior', 'inferiorAnterior'],
  ['middle', SPINE_CONCEPTS.middleHeight, 'superiorMiddle', 'inferiorMiddle'],
  ['posterior', SPINE_CONCEPTS.posteriorHeight, 'superiorPosterior', 'inferiorPosterior'],
];

const LOSSES = [
  ['wedge', SPINE_CONCEPTS.wedgeLoss, SPINE_CONCEPTS.wedgeLossError],
  ['biconcave', SPINE_CONCEPTS.biconcaveLoss, SPINE_CONCEPTS.biconcaveLossError],
  ['crush', SPINE_CONCEPTS.crushLoss, SPINE_CONCEPTS.crushLossError],
] as const;

/** The groups of a lateral film, the vertebrae from top to bottom. */
export function spineGroups(input: ReportInput, spine: SpineFinding): DicomDataset[] {
  const { vertebrae } = spine;
  if (vertebrae.length === 0) return [];
  return [...vertebrae.map((vertebra) => vertebraGroup(input, vertebra)), spineGroup(input, spine)];
}

function vertebraGroup(input: ReportInput, vertebra: VertebraFinding): DicomDataset {
  const { level, levelConfidence, genantGrade, deformity } = vertebra;
  return measurementGroup(
    input,
    {
      name: `Vertebra ${level}`,
      part: level,
      finding: SPINE_ANSWERS.vertebralBody,
      method: SPINE_ANSWERS.sixPoints,
      site: VERTEBRA_LEVELS[level] ?? VERTEBRA,
      measuredBefore: measuredVertebraText(input.analysis, vertebra, 'en'),
    },
    [
      ...pointItems(input, vertebra),
      shareItem(SPINE_CONCEPTS.bodyConfidence, vertebra.confidence),
      ...(levelConfidence === null ? [] : [shareItem(SPINE_CONCEPTS.levelConfidence, levelConfidence)]),
      ...heightItems(input, vertebra),
      ...lossItems(vertebra),
      codedItem(
        'CONTAINS',
        SPINE_CONCEPTS.grade,
        genantGrade === null ? SPINE_ANSWERS.notGraded : GRADE_CODES[genantGrade],
      ),
      ...(deformity === null
        ? []
        : [codedItem('CONTAINS', SPINE_CONCEPTS.deformity, DEFORMITY_CODES[deformity])]),
      ...remarkTexts(vertebra).map((text) => textItem('CONTAINS', CONCEPTS.comment, text)),
    ],
  );
}

/** Why a vertebra is not graded, what a reader should know of it, and what its name means. */
function remarkTexts({ level, reason, remarks, levelConfidence }: VertebraFinding): string[] {
  const codes = [...(reason === null ? [] : [reason]), ...remarks];
  const texts = codes.map((code) => reasonText(code, 'en', { level }));
  return levelConfidence === null ? [...texts, `${level}: ${reasonText('levels-relative', 'en')}`] : texts;
}

/** Each point by its own name, beside the confidence that is put in it. */
function pointItems({ header }: ReportInput, vertebra: VertebraFinding): DicomDataset[] {
  return VERTEBRA_POINTS.map((name) => {
    const { point, confidence } = POINT_CODES[name];
    return shareItem(confidence, vertebra.pointConfidences[name], [
      pointItem('INFERRED FROM', point, vertebra.pointsPx[name], header),
    ]);
  });
}

function heightItems({ analysis, header }: ReportInput, vertebra: VertebraFinding): DicomDataset[] {
  const { heightsPx, pointsPx } = vertebra;
  if (heightsPx === null) return [];
  const { spacing } = analysis;
  const mmPerPx = mmPerPxOf(spacing, null);
  return HEIGHTS.map(([name, concept, superior, inferior]) =>
    lengthItem(concept, heightsPx[name] * (mmPerPx ?? 1), mmPerPx !== null, [
      scaleItem(spacing, null),
      polylineItem('INFERRED FROM', CONCEPTS.imageRegion, [pointsPx[superior], pointsPx[inferior]], header),
    ]),
  );
}

function lossItems({ lossPercent, lossErrorPercent }: VertebraFinding): DicomDataset[] {
  const percent = (concept: Code, value: number | null | undefined): DicomDataset[] =>
    value == null ? [] : [numberItem(concept, { value, decimals: 1, unit: UNITS.percent })];
  return LOSSES.flatMap(([name, loss, error]) => [
    ...percent(loss, lossPercent?.[name]),
    ...percent(error, lossErrorPercent?.[name]),
  ]);
}

/** What holds of the whole film: the worst grade, the score that sorts, and what the levels were counted from. */
function spineGroup(input: ReportInput, spine: SpineFinding): DicomDataset {
  const { worstGrade, fractureScore, facing, sacrumPx } = spine;
  const { facingLeft, facingRight, sacrum } = SPINE_ANSWERS;
  const seen = sacrumPx === null ? [] : [pointItem('INFERRED FROM', sacrum, sacrumPx, input.header)];
  return measurementGroup(
    input,
    {
      name: 'Vertebrae of the film',
      part: 'vertebrae',
      finding: SPINE_ANSWERS.spineShape,
      method: SPINE_ANSWERS.sixPoints,
      site: SPINE_ANSWERS.spine,
    },
    [
      ...(fractureScore === null ? [] : [shareItem(SPINE_CONCEPTS.fractureScore, fractureScore, seen)]),
      codedItem(
        'CONTAINS',
        SPINE_CONCEPTS.worstGrade,
        worstGrade === null ? SPINE_ANSWERS.notGraded : GRADE_CODES[worstGrade],
      ),
      codedItem('CONTAINS', SPINE_CONCEPTS.facing, facing === 'left' ? facingLeft : facingRight),
    ],
  );
}
