/** Writes what was made of one film into the scratch folder of its job, and nowhere else. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DicomHeader } from '../src/dicom/read-header.ts';
import { writePart10, type DicomDataset } from '../src/dicom/write-part10.ts';
import type { AnalysisResult } from '../src/exam/analysis.ts';
import type { Film } from '../src/exam/film.ts';
import type { GreyPicture } from '../src/imaging/grey-picture.ts';
import { encodePng } from '../src/imaging/raster.ts';
import { renderOverlay, type OverlayPicture } from '../src/report/overlay-image.ts';
import { buildPresentationState } from '../src/report/presentation-state.ts';
import type { ReportInput } from '../src/report/report-object.ts';
import { buildSecondaryCapture, PICTURE_COLUMNS_MAX } from '../src/report/secondary-capture.ts';
import { buildStructuredReport } from '../src/report/structured-report.ts';
import type { Artefacts, WrittenObject } from './messages.ts';

/** What is reported: the film is null where no pixels could be decoded, the header for a plain picture. */
export interface Reportable {
  readonly analysis: AnalysisResult;
  readonly header: DicomHeader | null;
  readonly film: Film | null;
}

/** How it is reported. */
export interface Reporting extends Omit<ReportInput, 'header' | 'analysis'> {
  /** Writes the overlay alone, for a person who looks at files by hand. */
  readonly overlayOnly: boolean;
}

const NOTHING: Artefacts = {
  previewPath: null,
  overlayPath: null,
  structuredReport: null,
  secondaryCapture: null,
  presentationState: null,
};

/** Writes preview.png and overlay.png of a film, and of positives and negatives sr.dcm, sc.dcm and ps.dcm. */
export async function writeArtefacts(
  scratchFolder: string,
  { analysis, header, film }: Reportable,
  { overlayOnly, ...made }: Reporting,
): Promise<Artefacts> {
  if (film === null) return NOTHING;
  const place = (name: string): string => join(scratchFolder, name);
  const picture = await renderOverlay(film, analysis, PICTURE_COLUMNS_MAX);
  const overlayPath = place('overlay.png');
  const overlay = writePng(overlayPath, { ...picture, pixels: picture.rgb }, 3);
  if (overlayOnly) {
    await overlay;
    return { ...NOTHING, overlayPath };
  }
  const previewPath = place('preview.png');
  // The encoder works on threads of its own: both pictures are made while the objects are written.
  const preview = writePng(previewPath, picture.plain, 1);
  const objects =
    header !== null && (analysis.outcome === 'positive' || analysis.outcome === 'negative')
      ? writeObjects(place, { header, analysis, ...made }, header, picture)
      : null;
  const [written] = await Promise.all([objects, overlay, preview]);
  return { ...NOTHING, ...written, previewPath, overlayPath };
}

async function writePng(path: string, picture: GreyPicture, channels: 1 | 3): Promise<void> {
  await writeFile(path, await encodePng(picture.pixels, picture.columns, picture.rows, channels));
}

type WrittenObjects = Pick<Artefacts, 'structuredReport' | 'secondaryCapture' | 'presentationState'>;

async function writeObjects(
  place: (name: string) => string,
  input: ReportInput,
  display: DicomHeader,
  picture: OverlayPicture,
): Promise<WrittenObjects> {
  const presentationState = buildPresentationState(input, display);
  return {
    structuredReport: await writeObject(place('sr.dcm'), buildStructuredReport(input)),
    secondaryCapture: await writeObject(place('sc.dcm'), buildSecondaryCapture(input, picture)),
    presentationState:
      presentationState === null ? null : await writeObject(place('ps.dcm'), presentationState),
  };
}

async function writeObject(path: string, dataset: DicomDataset): Promise<WrittenObject> {
  await writeFile(path, writePart10(dataset));
  return {
    path,
    sopClassUid: uidOf(dataset, 'SOPClassUID'),
    sopInstanceUid: uidOf(dataset, 'SOPInstanceUID'),
    seriesInstanceUid: uidOf(dataset, 'SeriesInstanceUID'),
    studyInstanceUid: uidOf(dataset, 'StudyInstanceUID'),
  };
}

function uidOf(dataset: DicomDataset, keyword: string): string {
  const value = dataset[keyword];
  return typeof value === 'string' ? value : '';
}
