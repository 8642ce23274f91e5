/** A DXA that was ordered as a FHIR ServiceRequest, and the referral as a Task. Pure. */
import type { SharedOrder, SharedReferral } from '../../database/shared-referrals.ts';
import type { ProcedureStepState } from '../../exam/exam-state.ts';
import { isUnended, type ReferralState } from '../../exam/referral-life.ts';
import { own, sct } from '../../report/report-codes.ts';
import {
  accessionIdentifier,
  conceptOf,
  type FhirElement,
  type FhirResource,
  hl7Concept,
  instantOf,
  OWN_SYSTEMS,
  referenceTo,
} from './fhir-values.ts';
import { OUTCOME_NAME } from './film-observations.ts';

/** Status of a ServiceRequest by where its step stands. */
export const ORDER_STATUS: Readonly<Record<ProcedureStepState, string>> = {
  scheduled: 'active',
  'in-progress': 'active',
  completed: 'completed',
  discontinued: 'revoked',
};

/** Status of a Task by where its referral stands; the state itself is the business status. */
export const TASK_STATUS: Readonly<Record<ReferralState, string>> = {
  flagged: 'requested',
  'under-review': 'received',
  accepted: 'accepted',
  'dxa-ordered': 'in-progress',
  'dxa-booked': 'in-progress',
  'dxa-done': 'in-progress',
  'treatment-assessment': 'in-progress',
  closed: 'completed',
  dismissed: 'rejected',
};

const BONE_DENSITY_SCAN = sct('312681000', 'Bone density scan');
const IMAGING = sct('363679005', 'Imaging');
const REFERRAL = own('REFERRAL', 'Assessment of bone health after a finding on an X-ray film');
const CLOSING = own('CLOSING-OUTCOME', 'What came of the referral');

/** An order of a DXA. */
export function orderResource(order: SharedOrder): FhirResource {
  const { step_id, state, requested_procedure_id, accession_number, filmIds, ownerId } = order;
  const [leadFilmId, ...otherFilmIds] = filmIds;
  return {
    resourceType: 'ServiceRequest',
    id: step_id,
    identifier: [
      {
        type: hl7Concept('v2-0203', 'PLAC', 'Placer Identifier'),
        system: OWN_SYSTEMS.order,
        value: requested_procedure_id,
      },
      accessionIdentifier(accession_number),
    ],
    status: ORDER_STATUS[state],
    intent: 'order',
    category: [conceptOf(IMAGING)],
    priority: 'routine',
    code: conceptOf(BONE_DENSITY_SCAN, 'Bone density measurement (DXA)'),
    subject: referenceTo('Patient', order.personId),
    occurrenceDateTime: scheduledTimeOf(order),
    authoredOn: instantOf(order.created_at_ms),
    requester: ownerId === null ? undefined : referenceTo('Practitioner', ownerId),
    performer:
      order.station_ae_title === null
        ? undefined
        : [{ type: 'Device', display: `AE title ${order.station_ae_title}` }],
    reasonReference: leadFilmId === undefined ? undefined : groundsOf(leadFilmId),
    supportingInfo:
      otherFilmIds.length === 0 ? undefined : otherFilmIds.map((id) => referenceTo('DiagnosticReport', id)),
  };
}

/** A referral as work to be done. */
export function taskResource(referral: SharedReferral): FhirResource {
  const { referral_id, state, dismissal_reason, outcome, filmIds, stepId, owner_id, due_at_ms } = referral;
  const [leadFilmId] = filmIds;
  const leadReport = leadFilmId === undefined ? undefined : referenceTo('DiagnosticReport', leadFilmId);
  return {
    resourceType: 'Task',
    id: referral_id,
    status: TASK_STATUS[state],
    statusReason:
      dismissal_reason === null ? undefined : ownConcept(OWN_SYSTEMS.dismissalReason, dismissal_reason),
    businessStatus: ownConcept(OWN_SYSTEMS.referralState, state),
    intent: 'order',
    code: conceptOf(REFERRAL),
    description: referral.asksTreatment
      ? 'Assessment of treatment and measurement of bone density'
      : 'Assessment of fracture risk and measurement of bone density',
    focus: stepId === null ? leadReport : referenceTo('ServiceRequest', stepId),
    for: referenceTo('Patient', referral.person_id),
    executionPeriod: {
      start: instantOf(referral.created_at_ms),
      end: isUnended(state) ? undefined : instantOf(referral.state_since_ms),
    },
    authoredOn: instantOf(referral.created_at_ms),
    lastModified: instantOf(referral.updated_at_ms),
    owner: owner_id === null ? undefined : referenceTo('Practitioner', owner_id),
    reasonReference: leadReport,
    restriction: due_at_ms === null ? undefined : { period: { end: instantOf(due_at_ms) } },
    input:
      filmIds.length === 0
        ? undefined
        : filmIds.map((id) => ({
            type: { text: 'Film that speaks for the referral' },
            valueReference: referenceTo('DiagnosticReport', id),
          })),
    output:
      outcome === null
        ? undefined
        : [{ type: conceptOf(CLOSING), valueCodeableConcept: ownConcept(OWN_SYSTEMS.outcome, outcome) }],
  };
}

/** A concept whose code says all that is to be said. */
function ownConcept(system: string, code: string): FhirElement {
  return { coding: [{ system, code }], text: code.replaceAll('-', ' ') };
}

function groundsOf(examId: string): readonly FhirElement[] {
  return [referenceTo('Observation', `${examId}.${OUTCOME_NAME}`), referenceTo('DiagnosticReport', examId)];
}

/** DICOM's times are those of the place, which is this machine's; FHIR asks for the zone. */
function scheduledTimeOf({ scheduled_date, scheduled_time }: SharedOrder): string | undefined {
  const [, year, month, day, hour, minute] =
    /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})/.exec(scheduled_date + scheduled_time) ?? [];
  if (year === undefined) return undefined;
  const at = new Date(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute));
  return at.toISOString();
}
