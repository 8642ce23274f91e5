/** A referral with everything that is told of one, made by hand, for tests of what is written about it. */
import type { ReferralFacts } from '../database/referral-facts.ts';
import type { AnalysisResult } from '../exam/analysis.ts';
import { EXAMPLE_PROFILE, exampleReport, TALKATIVE_SIDE } from './example-report.ts';
import { exampleSpineReport } from './example-spine.ts';

const DAY_MS = 86_400_000;
/** When the first film of the example came. */
export const EXAMPLE_ARRIVED_AT_MS = Date.UTC(2026, 10, 16, 9, 30);

/** An accepted referral of an invented man with a vertebral deformity, her DXA booked. */
export function exampleReferral(change: Partial<ReferralFacts> = {}): ReferralFacts {
  return {
    referralId: '0b4f7c1e-9d2a-4c55-8a4e-2f1d3c5b7a90',
    state: 'dxa-booked',
    siteId: 'north',
    createdAtMs: EXAMPLE_ARRIVED_AT_MS,
    ageYears: 76,
    person: {
      ...{ personId: 'p-1', name: 'Påhittad^Åke Örjan', patientId: '19121212-1212', issuer: 'TEST' },
      ...{ birthDate: '19121212', sex: 'M', isProtected: false },
    },
    assessments: ['treatment', 'dxa'],
    dismissalReason: null,
    outcome: null,
    steps: [exampleStep()],
    films: [exampleFilm(exampleSpineReport().analysis)],
    dxa: null,
    risk: {
      ...{ weightKg: 58.5, heightCm: 161, hasPriorFracture: true, hasParentHipFracture: null },
      ...{ smokes: false, usesGlucocorticoids: false, hasRheumatoidArthritis: null },
      ...{ drinksThreeUnitsDaily: false, usesOestrogen: null },
      frax: { majorPercent: 23.4, hipPercent: 9.1, withBmd: false, version: '4.3', country: 'SE' },
    },
    accepted: { by: 'Karin Koordinator', atMs: EXAMPLE_ARRIVED_AT_MS + 2 * DAY_MS },
    ...change,
  };
}

/** The step of the example's DXA. */
export function exampleStep(
  change: Partial<ReferralFacts['steps'][number]> = {},
): ReferralFacts['steps'][number] {
  return {
    ...{ step_id: 'S0123456789AB', referral_id: '0b4f7c1e-9d2a-4c55-8a4e-2f1d3c5b7a90' },
    ...{ study_uid: '2.25.777', requested_procedure_id: 'R0123456789AB' },
    ...{ accession_number: 'A0123456789AB', station_ae_title: 'DXA1', scheduled_date: '20261125' },
    ...{ scheduled_time: '101500', state: 'scheduled', created_at_ms: 1, updated_at_ms: 1 },
    ...change,
  };
}

/** A film with its result. */
export function exampleFilm(analysis: AnalysisResult): ReferralFacts['films'][number] {
  return {
    ...{ examId: 'e-1', revision: 0, studyUid: '2.25.1001', sopUid: '2.25.1003', studyDate: '20261115' },
    ...{ accessionNumber: 'F-77', modality: 'DX', view: analysis.view?.name ?? null },
    receivedAtMs: EXAMPLE_ARRIVED_AT_MS,
    ...{ analysis, reasons: analysis.reasons },
  };
}

/** The result of a panoramic film about which much is to be said. */
export function talkativePanoramic(): AnalysisResult {
  return exampleReport({
    rightSide: TALKATIVE_SIDE,
    magnification: 1.25,
    deviceProfile: EXAMPLE_PROFILE,
  }).analysis;
}
