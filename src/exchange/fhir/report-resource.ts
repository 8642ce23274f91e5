/** The result of one film as a FHIR DiagnosticReport, and its study as an ImagingStudy. Pure. */
import type { SharedFilm, SharedStudy, StudyInstance } from '../../database/shared-films.ts';
import { DISCLAIMER } from '../../decide/reason-texts.ts';
import type { AnalysisResult, Reason } from '../../exam/analysis.ts';
import type { ImageHeader } from '../../exam/exam.ts';
import { evaluationTexts, outcomeCode } from '../../report/evaluation-items.ts';
import { ANSWERS } from '../../report/report-codes.ts';
import {
  accessionIdentifier,
  conceptOf,
  dateOf,
  type FhirResource,
  hl7Concept,
  instantOf,
  loinc,
  referenceTo,
  uidIdentifier,
} from './fhir-values.ts';
import { filmObservations } from './film-observations.ts';

const IMAGING_STUDY = loinc('18748-4', 'Diagnostic imaging study');
const DICOM_MODALITIES = 'http://dicom.nema.org/resources/ontology/DCM';
const REPORT_MODALITY = { SR: 'SR', SC: 'OT', GSPS: 'PR', PDF: 'DOC' } as const;

/** The report of a film. It says what was seen and never what the patient has. */
export function reportResource(film: SharedFilm, analysis: AnalysisResult | null): FhirResource {
  const reasons = JSON.parse(film.reasons_json) as readonly Reason[];
  const texts =
    analysis === null ? [...reasons.map(({ text }) => text), DISCLAIMER.en] : evaluationTexts(analysis);
  return {
    resourceType: 'DiagnosticReport',
    id: film.exam_id,
    identifier: film.accession_number === null ? undefined : [accessionIdentifier(film.accession_number)],
    status: reportStatus(film, analysis),
    category: [hl7Concept('v2-0074', 'RAD', 'Radiology')],
    code: conceptOf(
      IMAGING_STUDY,
      'Triage of an X-ray film for signs of low bone density or vertebral fracture',
    ),
    subject: referenceTo('Patient', film.person_id),
    effectiveDateTime: dateOf(film.study_date),
    issued: instantOf(film.endedAtMs),
    result:
      analysis === null
        ? undefined
        : filmObservations(film, analysis).map(({ id }) => referenceTo('Observation', id)),
    imagingStudy: [referenceTo('ImagingStudy', film.studyExamId)],
    conclusion: texts.join(' '),
    conclusionCode: [conceptOf(analysis === null ? ANSWERS.notAssessable : outcomeCode(analysis))],
  };
}

/**
 * What a model alone says stays preliminary, for nobody has verified it; with a person's points it is that person's word,
 * and amended once it was that before. A film that was not read has no result to come.
 */
function reportStatus(film: SharedFilm, analysis: AnalysisResult | null): string {
  if (analysis === null || analysis.outcome === 'not-eligible') return 'cancelled';
  if (film.correctionCount === 0) return 'preliminary';
  return analysis.correction !== undefined && film.correctionCount === 1 ? 'final' : 'amended';
}

/** The study that films are of, with our reports in it. */
export function studyResource({ studyExamId, lastExam, instances }: SharedStudy): FhirResource {
  const { studyDescription } = JSON.parse(lastExam.header_json) as ImageHeader;
  const bySeries = Map.groupBy(instances, ({ seriesUid }) => seriesUid);
  const modalities = [...new Set(instances.map((instance) => modalityOf(instance)))];
  const isHeld = instances.some(({ kind, exam }) => kind === 'film' && exam.object_removed_at_ms === null);
  return {
    resourceType: 'ImagingStudy',
    id: studyExamId,
    identifier: [
      uidIdentifier(lastExam.study_uid),
      ...(lastExam.accession_number === null ? [] : [accessionIdentifier(lastExam.accession_number)]),
    ],
    // Retention removed the films; what they showed is still known.
    status: isHeld ? 'available' : 'unknown',
    modality: modalities.map((code) => ({ system: DICOM_MODALITIES, code })),
    subject: referenceTo('Patient', lastExam.person_id),
    started: dateOf(lastExam.study_date),
    numberOfSeries: bySeries.size,
    numberOfInstances: instances.length,
    description: studyDescription ?? undefined,
    series: [...bySeries.entries()].map(([uid, own]) => ({
      uid,
      modality: { system: DICOM_MODALITIES, code: own[0] === undefined ? 'OT' : modalityOf(own[0]) },
      numberOfInstances: own.length,
      instance: own.map(({ sopUid, sopClassUid }) => ({
        uid: sopUid,
        sopClass: { system: 'urn:ietf:rfc:3986', code: `urn:oid:${sopClassUid}` },
      })),
    })),
  };
}

function modalityOf({ kind, exam }: StudyInstance): string {
  return kind === 'film' ? (exam.modality ?? 'OT') : REPORT_MODALITY[kind];
}
