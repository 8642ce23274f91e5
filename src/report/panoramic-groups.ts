/** The measurement groups of a panoramic film: each side that was measured, and their mean. */
import { besideText, classText, foramenText, rivalText } from '../decide/cortex-words.ts';
import { measuredSideText } from '../decide/correction-words.ts';
import { mmPerPxOf } from '../decide/referral-policy.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { CorticalIndex, PanoramicFinding, ReportedSide } from '../exam/analysis.ts';
import { codedItem, numberItem, polylineItem, textItem, type Code } from './content-item.ts';
import { lengthItem, measurementGroup, scaleItem, shareItem } from './measurement-group.ts';
import { ANSWERS, CONCEPTS, UNITS } from './report-codes.ts';
import type { ReportInput } from './report-object.ts';

const KLEMETTI_CODES = { C1: ANSWERS.klemettiC1, C2: ANSWERS.klemettiC2, C3: ANSWERS.klemettiC3 };

/** The groups of a panoramic film. */
export function panoramicGroups(input: ReportInput, panoramic: PanoramicFinding): DicomDataset[] {
  const sides = panoramic.sides.filter(isMeasured).map((side) => sideGroup(input, panoramic, side));
  return panoramic.meanWidthMm === null ? sides : [...sides, meanGroup(input, panoramic)];
}

type MeasuredSide = ReportedSide & { readonly widthPx: number };

/** Whether a side has a group. */
export function isMeasured(side: ReportedSide): side is MeasuredSide {
  return side.assessable && side.widthPx !== null;
}

function sideGroup(input: ReportInput, panoramic: PanoramicFinding, side: MeasuredSide): DicomDataset {
  const laterality = side.side === 'R' ? ANSWERS.right : ANSWERS.left;
  return measurementGroup(
    input,
    {
      name: `Mandibular cortex, ${laterality.meaning.toLowerCase()}`,
      part: side.side,
      finding: ANSWERS.mandibularCortex,
      method: ANSWERS.perpendicularThroughForamen,
      site: ANSWERS.mandible,
      siteModifiers: [codedItem('HAS CONCEPT MOD', CONCEPTS.laterality, laterality)],
      measuredBefore: measuredSideText(input.analysis, side.side, 'en'),
    },
    [...widthItems(input, panoramic, side), ...indexItems(side), ...wordItems(side)],
  );
}

/** The mean of the sides, which is what the referral policy looks at. */
function meanGroup(input: ReportInput, panoramic: PanoramicFinding): DicomDataset {
  const { meanWidthMm, lowBoneDensityScore, magnification } = panoramic;
  const scale = scaleItem(input.analysis.spacing, magnification);
  const mean = codedItem('HAS CONCEPT MOD', CONCEPTS.derivation, ANSWERS.mean);
  return measurementGroup(
    input,
    {
      name: 'Mandibular cortex, mean of the assessable sides',
      part: 'mean',
      finding: ANSWERS.mandibularCortex,
      method: null,
      site: ANSWERS.mandible,
    },
    [
      ...(meanWidthMm === null ? [] : [lengthItem(CONCEPTS.corticalWidth, meanWidthMm, true, [mean, scale])]),
      ...(lowBoneDensityScore === null ? [] : [shareItem(CONCEPTS.lowBoneDensityScore, lowBoneDensityScore)]),
    ],
  );
}

function widthItems(input: ReportInput, panoramic: PanoramicFinding, side: MeasuredSide): DicomDataset[] {
  const { analysis, header } = input;
  const { outerPx, innerPx, uncertaintyPx, otherWidthPx } = side;
  const mmPerPx = mmPerPxOf(analysis.spacing, panoramic.magnification);
  const inMm = side.widthMm !== null && mmPerPx !== null;
  const scale = scaleItem(analysis.spacing, panoramic.magnification);
  const length = (name: Code, px: number) => lengthItem(name, px * (inMm ? mmPerPx : 1), inMm, [scale]);
  const line =
    outerPx === null || innerPx === null
      ? []
      : [polylineItem('INFERRED FROM', CONCEPTS.imageRegion, [outerPx, innerPx], header)];
  const width = inMm ? side.widthMm : side.widthPx;
  return [
    lengthItem(CONCEPTS.corticalWidth, width, inMm, [scale, ...line]),
    ...(uncertaintyPx === null ? [] : [length(CONCEPTS.corticalWidthError, uncertaintyPx)]),
    ...(otherWidthPx === null ? [] : [length(CONCEPTS.corticalWidthRival, otherWidthPx)]),
    ...(side.mci === null ? [] : [length(CONCEPTS.marginDefects, side.mci.signs.roughnessPx)]),
  ];
}

function indexItems({ pmi, mci }: MeasuredSide): DicomDataset[] {
  return [
    ...(pmi === null
      ? []
      : [numberItem(CONCEPTS.panoramicIndex, { value: pmi, decimals: 3, unit: UNITS.ratio })]),
    ...(mci === null ? [] : classItems(mci)),
  ];
}

/** The class, and with the depth of the margin's defects what it was read from. */
function classItems({ class: name, signs }: CorticalIndex): DicomDataset[] {
  const { residueLayers, porosityShare } = signs;
  return [
    numberItem(CONCEPTS.residueLayers, { value: residueLayers, decimals: 0, unit: UNITS.none }),
    numberItem(CONCEPTS.bandPorosity, { value: porosityShare * 100, decimals: 0, unit: UNITS.percent }),
    codedItem('CONTAINS', CONCEPTS.corticalIndex, KLEMETTI_CODES[name]),
  ];
}

/** How sure the class is, what else the width may be, what was read beside the foramen, and how surely that was found. */
function wordItems(side: MeasuredSide): DicomDataset[] {
  const texts = [
    side.mci === null ? null : classText(side.mci, 'en'),
    rivalText(side, 'en'),
    besideText(side, 'en'),
    foramenText(side, 'en'),
  ].filter((text) => text !== null);
  return texts.length === 0 ? [] : [textItem('CONTAINS', CONCEPTS.comment, texts.join('; '))];
}
