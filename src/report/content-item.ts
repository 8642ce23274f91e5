/** Content items of a structured report (PS3.3 section C.17.3), as data sets. */
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { PointPx } from '../exam/film.ts';

/** A coded concept: value, scheme, meaning (PS3.3 section 8.8). */
export interface Code {
  readonly value: string;
  readonly scheme: string;
  readonly meaning: string;
}

/** How an item stands to the one above it (PS3.3 section C.17.3.2.4). */
export type Relationship =
  'CONTAINS' | 'HAS OBS CONTEXT' | 'HAS CONCEPT MOD' | 'HAS ACQ CONTEXT' | 'INFERRED FROM' | 'SELECTED FROM';

/** An image that an item points at. */
export interface ImageReference {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
}

/** The item of a code sequence. */
export function codeItem(code: Code): DicomDataset {
  return { CodeValue: code.value, CodingSchemeDesignator: code.scheme, CodeMeaning: code.meaning };
}

/** A heading with its items below it. */
export function containerItem(
  relationship: Relationship,
  name: Code,
  children: readonly DicomDataset[],
  templateId: string | null = null,
): DicomDataset {
  return {
    RelationshipType: relationship,
    ...containerBody(name, children, templateId),
  };
}

/** The root heading: the same without a relationship. */
export function containerBody(
  name: Code,
  children: readonly DicomDataset[],
  templateId: string | null,
): DicomDataset {
  return {
    ValueType: 'CONTAINER',
    ConceptNameCodeSequence: codeItem(name),
    ContinuityOfContent: 'SEPARATE',
    ...(templateId === null
      ? {}
      : { ContentTemplateSequence: { MappingResource: 'DCMR', TemplateIdentifier: templateId } }),
    ...below(children),
  };
}

/** A coded answer. */
export function codedItem(
  relationship: Relationship,
  name: Code,
  value: Code,
  children: readonly DicomDataset[] = [],
): DicomDataset {
  return { ...head(relationship, 'CODE', name), ConceptCodeSequence: codeItem(value), ...below(children) };
}

/** Free text. */
export function textItem(relationship: Relationship, name: Code, text: string): DicomDataset {
  return { ...head(relationship, 'TEXT', name), TextValue: text };
}

/** A person's name, in DICOM's form. */
export function personItem(relationship: Relationship, name: Code, personName: string): DicomDataset {
  return { ...head(relationship, 'PNAME', name), PersonName: personName };
}

/** A UID. */
export function uidItem(relationship: Relationship, name: Code, uid: string): DicomDataset {
  return { ...head(relationship, 'UIDREF', name), UID: uid };
}

/** A number with its unit. */
export function numberItem(
  name: Code,
  measured: { readonly value: number; readonly decimals: number; readonly unit: Code },
  children: readonly DicomDataset[] = [],
): DicomDataset {
  return {
    ...head('CONTAINS', 'NUM', name),
    MeasuredValueSequence: {
      MeasurementUnitsCodeSequence: codeItem(measured.unit),
      NumericValue: measured.value.toFixed(measured.decimals),
    },
    ...below(children),
  };
}

/** An image, without a purpose of its own. */
export function imageItem(relationship: Relationship, image: ImageReference): DicomDataset {
  return {
    RelationshipType: relationship,
    ValueType: 'IMAGE',
    ReferencedSOPSequence: imageReference(image),
  };
}

/**
 * A line on an image. Our points have the centre of the top-left pixel at [0, 0]; a spatial coordinate has its
 * corner there, so that the centre is 0.5\0.5 (PS3.3 section C.18.6.1.2).
 */
export function polylineItem(
  relationship: Relationship,
  name: Code,
  pointsPx: readonly PointPx[],
  image: ImageReference,
): DicomDataset {
  return coordinateItem('POLYLINE', relationship, name, pointsPx, image);
}

/** A point on an image, of the same coordinates. */
export function pointItem(
  relationship: Relationship,
  name: Code,
  pointPx: PointPx,
  image: ImageReference,
): DicomDataset {
  return coordinateItem('POINT', relationship, name, [pointPx], image);
}

function coordinateItem(
  graphicType: 'POINT' | 'POLYLINE',
  relationship: Relationship,
  name: Code,
  pointsPx: readonly PointPx[],
  image: ImageReference,
): DicomDataset {
  return {
    ...head(relationship, 'SCOORD', name),
    GraphicType: graphicType,
    GraphicData: pointsPx.flatMap(([column, row]) => [column + 0.5, row + 0.5]),
    ...below([imageItem('SELECTED FROM', image)]),
  };
}

/** What names an instance in a reference. */
export function imageReference(image: ImageReference): DicomDataset {
  return { ReferencedSOPClassUID: image.sopClassUid, ReferencedSOPInstanceUID: image.sopInstanceUid };
}

function head(relationship: Relationship, valueType: string, name: Code): DicomDataset {
  return {
    RelationshipType: relationship,
    ValueType: valueType,
    ConceptNameCodeSequence: codeItem(name),
  };
}

function below(children: readonly DicomDataset[]): DicomDataset {
  return children.length === 0 ? {} : { ContentSequence: children };
}
