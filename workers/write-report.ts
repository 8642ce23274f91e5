/** Writes what was made of one film into the scratch folder of its job, and nowhere else. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DicomHeader } from '../src/dicom/read-header.ts';
import { writePart10, type DicomDataset } from '../src/dicom/write-part10.ts';
import type { AnalysisResult } from '../src/exam/analysis.ts';
import type { Film } from '../src/exam/film.ts';
import { renderPreview } from '../src/imaging/preview.ts';
import type { ReportIdentity, ReportInput } from '../src/report/report-object.ts';
import { buildStructuredReport } from '../src/report/structured-report.ts';
import type { Artefacts, WrittenObject } from './messages.ts';

const PREVIEW_COLUMNS_MAX = 1600;

/** What is reported: the film is null where no pixels could be decoded, the header for a plain picture. */
export interface Reportable {
  readonly analysis: AnalysisResult;
  readonly header: DicomHeader | null;
  readonly film: Film | null;
}

/** Writes preview.png and overlay.png of a film, and of positives and negatives sr.dcm and sc.dcm. */
export async function writeArtefacts(
  scratchFolder: string,
  { analysis, header, film }: Reportable,
  made: { readonly identity: ReportIdentity; readonly reportedAtMs: number },
): Promise<Artefacts> {
  const previewPath = film === null ? null : join(scratchFolder, 'preview.png');
  if (film !== null && previewPath !== null) {
    await writeFile(previewPath, await renderPreview(film, { columnsMax: PREVIEW_COLUMNS_MAX }));
  }
  const hasReport = analysis.outcome === 'positive' || analysis.outcome === 'negative';
  if (header === null || film === null || !hasReport) {
    return { previewPath, overlayPath: null, structuredReport: null, secondaryCapture: null };
  }
  const input: ReportInput = { header, analysis, ...made };
  return {
    previewPath,
    overlayPath: null,
    structuredReport: await writeObject(join(scratchFolder, 'sr.dcm'), buildStructuredReport(input)),
    secondaryCapture: null,
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
