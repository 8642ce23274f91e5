/** What a presentation state draws over a lateral film. */
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { AnalysisResult, SpineFinding, VertebraFinding } from '../exam/analysis.ts';
import type { PointPx } from '../exam/film.ts';
import {
  anchoredText,
  polylineObject,
  titleObject,
  type DrawnLayer,
  type ImageSize,
} from './graphic-objects.ts';
import { summaryLines } from './overlay-labels.ts';
import { bodyLabel, vertebraLine } from './spine-labels.ts';

/** Size of a body's text box in widths of the body, and its distance from it. */
const BOX = { width: 1.6, height: 0.35, gap: 0.3 } as const;

/** Outlines of one kind are a layer, so that a viewer can hide those of no interest; a viewer knows no dashes. */
const OUTLINES: readonly {
  readonly name: string;
  readonly description: string;
  readonly isOf: (vertebra: VertebraFinding) => boolean;
}[] = [
  {
    name: 'VB_DEFORMED',
    description: 'Bodies of grade 1 or more',
    isOf: ({ genantGrade }) => (genantGrade ?? 0) > 0,
  },
  { name: 'VB_GRADE_0', description: 'Bodies of grade 0', isOf: ({ genantGrade }) => genantGrade === 0 },
  {
    name: 'VB_NOT_GRADED',
    description: 'Bodies not graded',
    isOf: ({ genantGrade }) => genantGrade === null,
  },
];

/** Each body's outline, its level and grade beside it, and above all what it is not. */
export function spineLayers(
  analysis: AnalysisResult,
  { vertebrae, facing }: SpineFinding,
  size: ImageSize,
): readonly DrawnLayer[] {
  const told = vertebrae.filter(({ genantGrade }) => genantGrade !== 0);
  const outlines = OUTLINES.map(({ name, description, isOf }) => ({
    name,
    description,
    lines: vertebrae.filter(isOf).map(({ pointsPx }) => polylineObject(outlineOf(pointsPx), size)),
    texts: [],
  }));
  const texts = vertebrae.map((vertebra) => bodyText(vertebra, facing, size));
  const title = titleObject([...summaryLines(analysis), ...told.map(vertebraLine)]);
  return [
    ...outlines.filter(({ lines }) => lines.length > 0),
    { name: 'VB_TEXT', description: 'Levels and grades', lines: [], texts: [title, ...texts] },
  ];
}

/** The upper endplate from front to back, and back along the lower one. */
function outlineOf(points: VertebraFinding['pointsPx']): readonly PointPx[] {
  return [
    points.superiorAnterior,
    points.superiorMiddle,
    points.superiorPosterior,
    points.inferiorPosterior,
    points.inferiorMiddle,
    points.inferiorAnterior,
    points.superiorAnterior,
  ];
}

/** In front of the body, where no bone is. */
function bodyText(vertebra: VertebraFinding, facing: SpineFinding['facing'], size: ImageSize): DicomDataset {
  const { superiorAnterior, inferiorAnterior, superiorPosterior } = vertebra.pointsPx;
  const widthPx = Math.hypot(
    superiorPosterior[0] - superiorAnterior[0],
    superiorPosterior[1] - superiorAnterior[1],
  );
  const anchor: PointPx = [
    (superiorAnterior[0] + inferiorAnterior[0]) / 2,
    (superiorAnterior[1] + inferiorAnterior[1]) / 2,
  ];
  const width = Math.min(widthPx * BOX.width, size.columns);
  const height = Math.min(widthPx * BOX.height, size.rows);
  const away = widthPx * BOX.gap;
  const left = facing === 'left' ? anchor[0] - away - width : anchor[0] + away;
  return anchoredText(
    [bodyLabel(vertebra)],
    { left, top: anchor[1] - height / 2, width, height },
    anchor,
    size,
  );
}
