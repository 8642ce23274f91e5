/**
 * The measurement as lines and words over the film itself: a Grayscale Softcopy Presentation State (PS3.3 section
 * A.33.1) in the original study. The film is shown as it asks to be shown, and what is drawn can be switched off.
 */
import { SOP_CLASSES } from '../dicom/uids.ts';
import type { ModalityLut } from '../dicom/modality-lut.ts';
import type { PixelModule } from '../dicom/read-header.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { AnalysisResult, ReportedSide } from '../exam/analysis.ts';
import type { PointPx } from '../exam/film.ts';
import { imageReference } from './content-item.ts';
import { NOT_FOR_DIAGNOSIS, sideLines, summaryLines } from './overlay-labels.ts';
import { commonAttributes, type ReportInput } from './report-object.ts';

/** What decides how a film is shown. */
export type FilmDisplay = Pick<
  PixelModule,
  | 'samplesPerPixel'
  | 'numberOfFrames'
  | 'photometricInterpretation'
  | 'presentationLutShape'
  | 'rescaleSlope'
  | 'rescaleIntercept'
  | 'modalityLut'
  | 'windowCenter'
  | 'windowWidth'
  | 'voiLutFunction'
  | 'voiLut'
  | 'pixelSpacing'
  | 'imagerPixelSpacing'
  | 'pixelAspectRatio'
>;

interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Layers that a viewer lists and can hide (PS3.3 section C.10.7). */
const LAYERS = { lines: 'MCW_LINES', text: 'MCW_TEXT' } as const;

/** Bars along the margins, as shares of the width between them, leave the place itself free to be judged. */
const BAR_WIDTHS = 1.5;

/** Size of a side's text box, as shares of the film. */
const TEXT_BOX = { columns: 0.2, rows: 0.07 } as const;

/**
 * Builds the presentation state's data set; null where there is nothing to draw or the film is not one grey frame,
 * which this object cannot show (PS3.4 section N.1). The same input gives the same UIDs.
 */
export function buildPresentationState(input: ReportInput, display: FilmDisplay): DicomDataset | null {
  const { header, analysis } = input;
  const { image, panoramic } = analysis;
  if (image === null || panoramic === null) return null;
  if (display.samplesPerPixel !== 1 || display.numberOfFrames !== 1) return null;
  return {
    ...commonAttributes(input, 'presentation-state', SOP_CLASSES.presentationState),
    Modality: 'PR',
    SeriesDescription: 'Osteotriage drawing (for triage, not a diagnosis)',
    // Unpaired, and so without a laterality (PS3.3 section C.7.3.1).
    BodyPartExamined: 'JAW',
    ContentLabel: 'MCW',
    ContentDescription: 'Mandibular cortical width, not for diagnosis',
    // Type 2: no person made it.
    ContentCreatorName: null,
    ReferencedSeriesSequence: {
      SeriesInstanceUID: header.seriesInstanceUid,
      ReferencedImageSequence: imageReference(header),
    },
    DisplayedAreaSelectionSequence: {
      DisplayedAreaTopLeftHandCorner: [1, 1],
      DisplayedAreaBottomRightHandCorner: [image.columns, image.rows],
      PresentationSizeMode: 'SCALE TO FIT',
      PresentationPixelAspectRatio: aspectRatio(display),
    },
    ...modalityTransform(display),
    ...voiTransform(display),
    PresentationLUTShape: lutShape(display),
    GraphicLayerSequence: [
      { GraphicLayer: LAYERS.lines, GraphicLayerOrder: '1', GraphicLayerDescription: 'Border and widths' },
      { GraphicLayer: LAYERS.text, GraphicLayerOrder: '2', GraphicLayerDescription: 'Measurements' },
    ],
    GraphicAnnotationSequence: [
      { GraphicLayer: LAYERS.lines, GraphicObjectSequence: lineObjects(analysis, image) },
      { GraphicLayer: LAYERS.text, TextObjectSequence: textObjects(analysis, image) },
    ],
  };
}

function lineObjects(analysis: AnalysisResult, size: Size): DicomDataset[] {
  const { panoramic } = analysis;
  const lines = [panoramic?.inferiorBorderPx ?? [], ...(panoramic?.sides ?? []).flatMap(sideLinesPx)];
  return lines.filter((points) => points.length > 1).map((points) => polyline(points, size));
}

/** The width, a bar along each margin, and the perpendicular on to the foramen; nothing of an unmeasured side. */
function sideLinesPx({ assessable, outerPx, innerPx, foramenPx }: ReportedSide): (readonly PointPx[])[] {
  if (!assessable || outerPx === null || innerPx === null) return [];
  const [acrossColumn, acrossRow] = [innerPx[0] - outerPx[0], innerPx[1] - outerPx[1]];
  const bar = (at: PointPx): readonly PointPx[] =>
    [-BAR_WIDTHS, BAR_WIDTHS].map((share) => [at[0] - acrossRow * share, at[1] + acrossColumn * share]);
  const toForamen = foramenPx === null ? [] : [[innerPx, foramenPx]];
  return [[outerPx, innerPx], bar(outerPx), bar(innerPx), ...toForamen];
}

/**
 * An open line in pixels of the image. Ours have the centre of the top-left pixel at [0, 0]; here its corner is
 * 0\0 and no value may lie outside of the image (PS3.3 section C.10.5.1.2).
 */
function polyline(points: readonly PointPx[], size: Size): DicomDataset {
  return {
    GraphicAnnotationUnits: 'PIXEL',
    GraphicDimensions: 2,
    NumberOfGraphicPoints: points.length,
    GraphicData: points.flatMap((point) => imageCoordinates(point, size)),
    GraphicType: 'POLYLINE',
    GraphicFilled: 'N',
  };
}

/** Each side's numbers below its place, and above all what it is not. */
function textObjects(analysis: AnalysisResult, size: Size): DicomDataset[] {
  const sides = analysis.panoramic?.sides ?? [];
  const measured = sides.flatMap((side) => {
    const { outerPx } = side;
    return side.assessable && outerPx !== null ? [sideText(analysis, side, outerPx, size)] : [];
  });
  const others = sides.filter(({ assessable }) => !assessable);
  const title = [
    ...summaryLines(analysis),
    ...others.flatMap((side) => sideLines(analysis, side)),
    NOT_FOR_DIAGNOSIS,
  ];
  return [
    {
      BoundingBoxAnnotationUnits: 'DISPLAY',
      UnformattedTextValue: title.join('\r\n'),
      BoundingBoxTopLeftHandCorner: [0.02, 0.02],
      BoundingBoxBottomRightHandCorner: [0.98, 0.14],
      BoundingBoxTextHorizontalJustification: 'LEFT',
    },
    ...measured,
  ];
}

function sideText(
  analysis: AnalysisResult,
  side: ReportedSide,
  [column, row]: PointPx,
  size: Size,
): DicomDataset {
  const [width, height] = [size.columns * TEXT_BOX.columns, size.rows * TEXT_BOX.rows];
  // Below the jaw and away from the chin, where the border rises, so that no bone is covered.
  const outwards = side.side === 'R' ? column - width : column;
  const left = Math.min(Math.max(0, outwards), size.columns - width);
  const top = Math.min(row + height / 2, size.rows - height);
  return {
    BoundingBoxAnnotationUnits: 'PIXEL',
    AnchorPointAnnotationUnits: 'PIXEL',
    UnformattedTextValue: sideLines(analysis, side).join('\r\n'),
    BoundingBoxTopLeftHandCorner: imageCoordinates([left, top], size),
    BoundingBoxBottomRightHandCorner: imageCoordinates([left + width, top + height], size),
    BoundingBoxTextHorizontalJustification: 'CENTER',
    AnchorPoint: imageCoordinates([column, row], size),
    AnchorPointVisibility: 'Y',
  };
}

function imageCoordinates([column, row]: PointPx, { columns, rows }: Size): number[] {
  const within = (value: number, limit: number): number => Math.min(Math.max(value + 0.5, 0), limit);
  return [within(column, columns), within(row, rows)];
}

/** Height to width of a pixel (PS3.3 section C.10.4): the film's own, else by its spacing, else square. */
function aspectRatio({ pixelAspectRatio, pixelSpacing, imagerPixelSpacing }: FilmDisplay): string[] {
  const given = [pixelAspectRatio, pixelSpacing, imagerPixelSpacing].find(
    (pair) => pair.length === 2 && pair.every((value) => value > 0 && value < 1e5),
  );
  const [vertical = 1, horizontal = 1] = given ?? [];
  if (Math.abs(vertical / horizontal - 1) < 1e-4) return ['1', '1'];
  return [vertical, horizontal].map((value) => Math.max(1, Math.round(value * 10_000)).toFixed(0));
}

/** The film's own modality transform: a presentation state replaces it, so it must repeat it (PS3.4 section N.2.1.1). */
function modalityTransform({ modalityLut, rescaleSlope, rescaleIntercept }: FilmDisplay): DicomDataset {
  if (modalityLut !== null) {
    return { ModalityLUTSequence: { ...lutItem(modalityLut), ModalityLUTType: 'US' } };
  }
  if (rescaleSlope === null || rescaleIntercept === null) return {};
  return {
    RescaleIntercept: rescaleIntercept,
    RescaleSlope: rescaleSlope,
    RescaleType: 'US',
  };
}

/** The film's own table or first window, since one state is one way to show it; where it has none, nothing is said and the whole range is shown. */
function voiTransform({ voiLut, windowCenter, windowWidth, voiLutFunction }: FilmDisplay): DicomDataset {
  if (voiLut !== null) return { SoftcopyVOILUTSequence: { VOILUTSequence: lutItem(voiLut) } };
  const [center, width] = [windowCenter[0], windowWidth[0]];
  if (center === undefined || width === undefined) return {};
  if (!Number.isFinite(center) || !(width > 0 && Number.isFinite(width))) return {};
  return {
    SoftcopyVOILUTSequence: {
      WindowCenter: center,
      WindowWidth: width,
      ...(voiLutFunction === null ? {} : { VOILUTFunction: voiLutFunction }),
    },
  };
}

/** MONOCHROME1 says the same as INVERSE (PS3.3 section C.11.6.1.2), and a presentation state must say it itself. */
function lutShape({ presentationLutShape, photometricInterpretation }: FilmDisplay): string {
  if (presentationLutShape === 'IDENTITY' || presentationLutShape === 'INVERSE') return presentationLutShape;
  return photometricInterpretation === 'MONOCHROME1' ? 'INVERSE' : 'IDENTITY';
}

function lutItem({ entries, firstMapped, bits }: ModalityLut): DicomDataset {
  return {
    // 2^16 entries are written as 0, a value below 0 as its two's complement (PS3.3 section C.11.1.1).
    LUTDescriptor: [entries.length % 65_536, firstMapped & 0xffff, bits],
    LUTData: new Uint8Array(entries.buffer, entries.byteOffset, entries.byteLength),
  };
}
