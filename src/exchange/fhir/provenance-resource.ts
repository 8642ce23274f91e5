/** Who or what made a result, and who did what, as FHIR Provenance. Pure. */
import type { SharedFilm } from '../../database/shared-films.ts';
import type { SharedCorrection, SharedEvent } from '../../database/shared-referrals.ts';
import type { AnalysisResult } from '../../exam/analysis.ts';
import {
  actorReference,
  type FhirResource,
  hl7Concept,
  instantOf,
  OWN_SYSTEMS,
  referenceTo,
} from './fhir-values.ts';
import { filmObservations } from './film-observations.ts';

const ASSEMBLER = hl7Concept('provenance-participant-type', 'assembler', 'Assembler');
const AUTHOR = hl7Concept('provenance-participant-type', 'author', 'Author');
const PERFORMER = hl7Concept('provenance-participant-type', 'performer', 'Performer');

/** Which models made the present result of a film. */
export function resultProvenance(film: SharedFilm, analysis: AnalysisResult): FhirResource {
  const devices = analysis.models.map(({ name, version, sha256 }, index) => ({
    resourceType: 'Device',
    id: `model-${index + 1}`,
    identifier: [{ system: OWN_SYSTEMS.model, value: `${name} ${version} ${sha256}` }],
    manufacturer: 'Osteotriage',
    deviceName: [{ name, type: 'model-name' }],
    version: [{ value: version }],
  }));
  return {
    resourceType: 'Provenance',
    id: `${film.exam_id}.result`,
    contained: devices.length === 0 ? undefined : devices,
    target: [
      referenceTo('DiagnosticReport', film.exam_id),
      ...filmObservations(film, analysis).map(({ id }) => referenceTo('Observation', id)),
    ],
    occurredDateTime: instantOf(film.endedAtMs),
    recorded: instantOf(film.endedAtMs),
    activity: { text: film.revision === 0 ? 'Film read' : `Film read anew, revision ${film.revision}` },
    agent: [
      { type: ASSEMBLER, who: { type: 'Device', display: 'osteotriage' } },
      ...devices.map(({ id }) => ({ type: PERFORMER, who: { reference: `#${id}` } })),
    ],
    entity: [{ role: 'source', what: referenceTo('ImagingStudy', film.studyExamId) }],
  };
}

/** A person's points in the place of the measured ones. */
export function correctionProvenance(correction: SharedCorrection): FhirResource {
  const { correction_id, exam_id, actor, actor_name, at_ms } = correction;
  return {
    resourceType: 'Provenance',
    id: `${correction_id}.correction`,
    target: [referenceTo('DiagnosticReport', exam_id)],
    occurredDateTime: instantOf(at_ms),
    recorded: instantOf(at_ms),
    activity: { text: 'Points on the film corrected' },
    agent: [{ type: AUTHOR, who: actorReference(actor, actor_name) }],
  };
}

/** What somebody did with a referral. Notes stay here: they may name anybody. */
export function eventProvenance(event: SharedEvent): FhirResource {
  const { event_id, referral_id, actor, actor_name, action, at_ms } = event;
  return {
    resourceType: 'Provenance',
    id: `${event_id}.event`,
    target: [referenceTo('Task', referral_id)],
    occurredDateTime: instantOf(at_ms),
    recorded: instantOf(at_ms),
    activity: { coding: [{ system: OWN_SYSTEMS.action, code: action }], text: action.replaceAll('-', ' ') },
    agent: [{ type: actor.startsWith('user ') ? AUTHOR : PERFORMER, who: actorReference(actor, actor_name) }],
  };
}
