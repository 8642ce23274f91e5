/** What people entered of a patient as FHIR Observations: T-scores of a DXA, risk indices, FRAX. Pure. */
import type { SharedDxa, SharedRisk } from '../../database/shared-referrals.ts';
import { ageAtStudyYears } from '../../decide/eligibility.ts';
import { riskIndicesOf } from '../../decide/risk-indices.ts';
import type { RiskFactors } from '../../exam/risk-factors.ts';
import type { Code } from '../../report/content-item.ts';
import { own, sct, UNITS } from '../../report/report-codes.ts';
import {
  actorReference,
  conceptOf,
  type FhirResource,
  hl7Concept,
  instantOf,
  loinc,
  quantityOf,
  referenceTo,
} from './fhir-values.ts';

/** LOINC has a T-score of the femur, none of its neck alone: the site says the rest. */
const REGIONS = [
  {
    name: 'lumbar-spine',
    column: 'lumbar_spine_t',
    code: loinc('38267-1', 'DXA Lumbar spine [T-score] Bone density'),
    text: 'T-score, lumbar spine',
    site: sct('122496007', 'Lumbar spine structure'),
  },
  {
    name: 'femoral-neck',
    column: 'femoral_neck_t',
    code: loinc('38263-0', 'DXA Femur [T-score] Bone density'),
    text: 'T-score, femoral neck',
    site: sct('29627003', 'Structure of neck of femur'),
  },
  {
    name: 'total-hip',
    column: 'total_hip_t',
    code: loinc('38264-8', 'DXA Hip [T-score] Bone density'),
    text: 'T-score, total hip',
    site: sct('24136001', 'Hip joint structure'),
  },
] as const;

const INDEX_CODES = {
  OST: loinc('98146-4', 'Osteoporosis Self-Assessment Tool'),
  ORAI: loinc('98139-9', 'Osteoporosis Risk Assessment Instrument'),
  OSIRIS: loinc('98133-2', 'Osteoporosis Index of Risk panel'),
} as const;
const FRAX_MAJOR = loinc(
  '90265-0',
  'Major osteoporotic fracture 10-year probability [Likelihood] Fracture Risk Assessment',
);
const FRAX_HIP = own('FRAX-HIP', 'Ten year probability of a hip fracture (FRAX)');

/** Codes by which T-scores, and indices with FRAX, are looked for. */
export const CARE_CODES = {
  dxa: REGIONS.map(({ code }) => code.value),
  risk: [...Object.values(INDEX_CODES), FRAX_MAJOR].map(({ value }) => value),
} as const;

const T_SCORE_UNIT = { value: '{T-score}', meaning: 'T-score' };
const SCORE_UNIT = { value: '{score}', meaning: 'score' };

/** One Observation for each region that was measured. */
export function dxaObservations(dxa: SharedDxa): readonly FhirResource[] {
  return REGIONS.flatMap(({ name, column, code, text, site }) => {
    const value = dxa[column];
    if (value === null) return [];
    return [
      {
        resourceType: 'Observation',
        id: `${dxa.dxa_id}.${name}`,
        // Another row takes the place of one that was entered wrongly.
        status: dxa.is_superseded === 1 ? 'entered-in-error' : 'final',
        category: [hl7Concept('observation-category', 'imaging', 'Imaging')],
        code: conceptOf(code, text),
        subject: referenceTo('Patient', dxa.personId),
        basedOn: dxa.stepId === null ? undefined : [referenceTo('ServiceRequest', dxa.stepId)],
        effectiveDateTime: dxa.measured_on,
        issued: instantOf(dxa.at_ms),
        performer: performerOf(dxa),
        bodySite: conceptOf(site, text.replace('T-score, ', '')),
        valueQuantity: quantityOf(value, 1, T_SCORE_UNIT),
      },
    ];
  });
}

/** The indices that can be computed from what was entered, and FRAX as a person gave it. */
export function riskObservations(risk: SharedRisk): readonly FhirResource[] {
  const factors = JSON.parse(risk.factors_json) as RiskFactors;
  const { frax } = factors;
  const make = (name: string, code: Code, members: object): FhirResource => ({
    resourceType: 'Observation',
    id: `${risk.risk_id}.${name}`,
    status: 'final',
    category: [hl7Concept('observation-category', 'survey', 'Survey')],
    code: conceptOf(code),
    subject: referenceTo('Patient', risk.person_id),
    effectiveDateTime: instantOf(risk.at_ms),
    issued: instantOf(risk.at_ms),
    performer: performerOf(risk),
    ...members,
  });
  const indices = riskIndicesOf(factors, { ageYears: ageAtEntryYears(risk), sex: risk.sex });
  return [
    ...indices.flatMap(({ index, score }) =>
      score === null
        ? []
        : [
            make(index.toLowerCase(), INDEX_CODES[index], {
              valueQuantity: quantityOf(score, 0, SCORE_UNIT),
            }),
          ],
    ),
    ...(frax === null
      ? []
      : [
          make('frax-major', FRAX_MAJOR, {
            valueQuantity: quantityOf(frax.majorPercent, 1, UNITS.percent),
            method: {
              text: `FRAX ${frax.version}, ${frax.country}, ${frax.withBmd ? 'with' : 'without'} bone density`,
            },
            component:
              frax.hipPercent === null
                ? undefined
                : [
                    {
                      code: conceptOf(FRAX_HIP),
                      valueQuantity: quantityOf(frax.hipPercent, 1, UNITS.percent),
                    },
                  ],
          }),
        ]),
  ];
}

function performerOf(entry: { readonly actor: string; readonly actor_name: string }) {
  const reference = actorReference(entry.actor, entry.actor_name);
  // An Observation has no machine among its performers.
  return reference['type'] === 'Device' ? undefined : [reference];
}

function ageAtEntryYears({ birthDate, patientId, at_ms }: SharedRisk): number | null {
  return ageAtStudyYears({
    patientBirthDate: birthDate,
    studyDate: instantOf(at_ms).slice(0, 10).replaceAll('-', ''),
    patientAgeYears: null,
    patientId,
  });
}
