/**
 * The measurement as lines and words over the film itself: a Grayscale Softcopy Presentation State (PS3.3 section
 * A.33.1) in the original study. The film is shown as it asks to be shown, and what is drawn can be switched off.
 */
import { SOP_CLASSES } from '../dicom/uids.ts';
import type { ModalityLut } from '../dicom/modality-lut.ts';
import type { PixelModule } from '../dicom/read-header.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { AnalysisResult } from '../exam/analysis.ts';
import { imageReference } from './content-item.ts';
import type { DrawnLayer, ImageSize } from './graphic-objects.ts';
import { panoramicLayers } from './panoramic-graphics.ts';
import { bodyPartOf, commonAttributes, type ReportInput } from './report-object.ts';
import { spineLayers } from './spine-graphics.ts';

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

/**
 * Builds the presentation state's data set; null where there is nothing to draw or the film is not one grey frame,
 * which this object cannot show (PS3.4 section N.1). The same input gives the same UIDs.
 */
export function buildPresentationState(input: ReportInput, display: FilmDisplay): DicomDataset | null {
  const { header, analysis } = input;
  const { image } = analysis;
  const drawing = image === null ? null : drawingOf(analysis, image);
  if (image === null || drawing === null) return null;
  if (display.samplesPerPixel !== 1 || display.numberOfFrames !== 1) return null;
  return {
    ...commonAttributes(input, 'presentation-state', SOP_CLASSES.presentationState),
    Modality: 'PR',
    SeriesDescription: 'Osteotriage drawing (for triage, not a diagnosis)',
    BodyPartExamined: bodyPartOf(analysis),
    ContentLabel: drawing.label,
    ContentDescription: drawing.description,
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
    GraphicLayerSequence: drawing.layers.map(({ name, description }, index) => ({
      GraphicLayer: name,
      GraphicLayerOrder: String(index + 1),
      GraphicLayerDescription: description,
    })),
    GraphicAnnotationSequence: drawing.layers.map(annotation),
  };
}

/** What is drawn of each kind of finding, and what the object is called. */
function drawingOf(analysis: AnalysisResult, size: ImageSize) {
  const { panoramic, spine } = analysis;
  if (spine !== null && spine.vertebrae.length > 0) {
    return {
      label: 'VERTEBRAE',
      description: 'Vertebral bodies and grades, not for diagnosis',
      layers: spineLayers(analysis, spine, size),
    };
  }
  if (panoramic === null) return null;
  return {
    label: 'MCW',
    description: 'Mandibular cortical width, not for diagnosis',
    layers: panoramicLayers(analysis, panoramic, size),
  };
}

function annotation({ name, lines, texts }: DrawnLayer): DicomDataset {
  return {
    GraphicLayer: name,
    ...(lines.length === 0 ? {} : { GraphicObjectSequence: lines }),
    ...(texts.length === 0 ? {} : { TextObjectSequence: texts }),
  };
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
