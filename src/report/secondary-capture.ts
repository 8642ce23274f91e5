/**
 * The picture for viewers that cannot draw a structured report: a Secondary Capture in the original study, with
 * the measurement and "not for diagnosis" burnt in (PS3.3 section A.8.1).
 */
import { SOP_CLASSES, TRANSFER_SYNTAX_UIDS } from '../dicom/uids.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { AnalysisResult } from '../exam/analysis.ts';
import { findingKindOf } from '../exam/finding-kind.ts';
import type { ImageHeader } from '../exam/exam.ts';
import { codeItem, imageReference } from './content-item.ts';
import type { OverlayPicture } from './overlay-image.ts';
import { NOT_FOR_DIAGNOSIS } from './overlay-labels.ts';
import { bodyPartOf, commonAttributes, type ReportInput } from './report-object.ts';

/** Widest picture that is written; wide enough to judge the drawing, small enough to open at once. */
export const PICTURE_COLUMNS_MAX = 1600;

/** What a lossy film's compression is called (PS3.3 section C.7.6.1.1.5). */
const LOSSY_METHODS: Readonly<Record<string, string>> = {
  [TRANSFER_SYNTAX_UIDS.jpegBaseline]: 'ISO_10918_1',
  [TRANSFER_SYNTAX_UIDS.jpegExtended]: 'ISO_10918_1',
  [TRANSFER_SYNTAX_UIDS.jpegLsNearLossless]: 'ISO_14495_1',
  [TRANSFER_SYNTAX_UIDS.jpeg2000]: 'ISO_15444_1',
  [TRANSFER_SYNTAX_UIDS.highThroughputJpeg2000]: 'ISO_15444_15',
};

/** Builds the picture's data set; the same input gives the same UIDs. */
export function buildSecondaryCapture(input: ReportInput, picture: OverlayPicture): DicomDataset {
  const { header } = input;
  return {
    ...commonAttributes(input, 'secondary-capture', SOP_CLASSES.secondaryCapture),
    Modality: 'OT',
    SeriesDescription: 'Osteotriage picture (for triage, not a diagnosis)',
    // Workstation: made by a program from an image that was there (PS3.3 section C.8.6.1).
    ConversionType: 'WSD',
    ImageType: ['DERIVED', 'SECONDARY'],
    DerivationDescription: `Reduced to 8 bits and drawn upon: ${drawnOf(input.analysis)}. ${NOT_FOR_DIAGNOSIS}`,
    SourceImageSequence: {
      ...imageReference(header),
      PurposeOfReferenceCodeSequence: codeItem({
        value: '121322',
        scheme: 'DCM',
        meaning: 'Source image for image processing operation',
      }),
    },
    BodyPartExamined: bodyPartOf(input.analysis),
    PatientOrientation: '',
    BurnedInAnnotation: 'YES',
    ...lossyHistory(header),
    SamplesPerPixel: 3,
    PhotometricInterpretation: 'RGB',
    PlanarConfiguration: 0,
    Rows: picture.rows,
    Columns: picture.columns,
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    PixelRepresentation: 0,
    PixelData: picture.rgb,
  };
}

function drawnOf(analysis: AnalysisResult): string {
  switch (findingKindOf(analysis)) {
    case 'thin-cortex':
      return 'mandibular cortical width';
    case 'fracture':
      return 'vertebral bodies and their grades';
    default:
      return 'the result in words';
  }
}

/** What was once compressed with loss stays so; of a film without loss nothing is claimed about its past. */
function lossyHistory(header: ImageHeader): DicomDataset {
  const method = LOSSY_METHODS[header.transferSyntaxUid];
  return method === undefined ? {} : { LossyImageCompression: '01', LossyImageCompressionMethod: method };
}
