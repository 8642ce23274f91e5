/** The measurement groups of a panoramic film: each side that was measured, and their mean. */
import { mmPerPxOf } from '../decide/referral-policy.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { PanoramicFinding, ReportedSide } from '../exam/analysis.ts';
import { codedItem, numberItem, polylineItem } from './content-item.ts';
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
    },
    [...widthItems(input, panoramic, side), ...indexItems(side)],
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
  const { outerPx, innerPx, uncertaintyPx } = side;
  const mmPerPx = mmPerPxOf(analysis.spacing, panoramic.magnification);
  const inMm = side.widthMm !== null && mmPerPx !== null;
  const scale = scaleItem(analysis.spacing, panoramic.magnification);
  const line =
    outerPx === null || innerPx === null
      ? []
      : [polylineItem('INFERRED FROM', CONCEPTS.imageRegion, [outerPx, innerPx], header)];
  const width = inMm ? side.widthMm : side.widthPx;
  const error = uncertaintyPx === null ? null : uncertaintyPx * (inMm ? mmPerPx : 1);
  return [
    lengthItem(CONCEPTS.corticalWidth, width, inMm, [scale, ...line]),
    ...(error === null ? [] : [lengthItem(CONCEPTS.corticalWidthError, error, inMm, [scale])]),
  ];
}

function indexItems(side: MeasuredSide): DicomDataset[] {
  const { pmi, mci } = side;
  return [
    ...(pmi === null
      ? []
      : [numberItem(CONCEPTS.panoramicIndex, { value: pmi, decimals: 3, unit: UNITS.ratio })]),
    ...(mci === null ? [] : [codedItem('CONTAINS', CONCEPTS.corticalIndex, KLEMETTI_CODES[mci.class])]),
  ];
}
