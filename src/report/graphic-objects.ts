/** Graphic and text objects of a presentation state (PS3.3 section C.10.5). */
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { PointPx } from '../exam/film.ts';
import { NOT_FOR_DIAGNOSIS } from './overlay-labels.ts';

/** Size of the film. */
export interface ImageSize {
  readonly columns: number;
  readonly rows: number;
}

/** A layer that a viewer lists and can hide (PS3.3 section C.10.7), and what is drawn on it. */
export interface DrawnLayer {
  /** At most 16 capitals. */
  readonly name: string;
  readonly description: string;
  readonly lines: readonly DicomDataset[];
  readonly texts: readonly DicomDataset[];
}

/**
 * An open line in pixels of the image. Ours have the centre of the top-left pixel at [0, 0]; here its corner is
 * 0\0 and no value may lie outside of the image (PS3.3 section C.10.5.1.2).
 */
export function polylineObject(points: readonly PointPx[], size: ImageSize): DicomDataset {
  return {
    GraphicAnnotationUnits: 'PIXEL',
    GraphicDimensions: 2,
    NumberOfGraphicPoints: points.length,
    GraphicData: points.flatMap((point) => imageCoordinates(point, size)),
    GraphicType: 'POLYLINE',
    GraphicFilled: 'N',
  };
}

/** Lines of text at the head of the picture, wherever the film lies on the screen; the warning is added to them. */
export function titleObject(lines: readonly string[]): DicomDataset {
  return {
    BoundingBoxAnnotationUnits: 'DISPLAY',
    UnformattedTextValue: [...lines, NOT_FOR_DIAGNOSIS].join('\r\n'),
    BoundingBoxTopLeftHandCorner: [0.02, 0.02],
    BoundingBoxBottomRightHandCorner: [0.98, 0.14],
    BoundingBoxTextHorizontalJustification: 'LEFT',
  };
}

/** Text in a box of the image's pixels, with a line to the place that it is about. */
export function anchoredText(
  lines: readonly string[],
  box: { readonly left: number; readonly top: number; readonly width: number; readonly height: number },
  anchorPx: PointPx,
  size: ImageSize,
): DicomDataset {
  const left = Math.min(Math.max(0, box.left), size.columns - box.width);
  const top = Math.min(Math.max(0, box.top), size.rows - box.height);
  return {
    BoundingBoxAnnotationUnits: 'PIXEL',
    AnchorPointAnnotationUnits: 'PIXEL',
    UnformattedTextValue: lines.join('\r\n'),
    BoundingBoxTopLeftHandCorner: imageCoordinates([left, top], size),
    BoundingBoxBottomRightHandCorner: imageCoordinates([left + box.width, top + box.height], size),
    BoundingBoxTextHorizontalJustification: 'CENTER',
    AnchorPoint: imageCoordinates(anchorPx, size),
    AnchorPointVisibility: 'Y',
  };
}

function imageCoordinates([column, row]: PointPx, { columns, rows }: ImageSize): number[] {
  const within = (value: number, limit: number): number => Math.min(Math.max(value + 0.5, 0), limit);
  return [within(column, columns), within(row, rows)];
}
