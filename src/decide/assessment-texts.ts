import type { TextInLanguages } from './reason-texts.ts';

/** What a finding asks for and why, by `asks-` and the name of the assessment. */
export const ASSESSMENT_TEXTS = {
  'asks-treatment': {
    en: 'Assessment of treatment is suggested: after a vertebral fracture it does not depend on the bone density.',
    sv: 'Ställningstagande till behandling föreslås: efter en kotfraktur beror det inte på bentätheten.',
  },
  'asks-frax': {
    en: 'Assessment of the 10-year risk of fracture (FRAX) is suggested.',
    sv: 'Bedömning av 10-årsrisken för fraktur (FRAX) föreslås.',
  },
  'asks-dxa': {
    en: 'Measurement of the bone density (DXA) is suggested.',
    sv: 'Mätning av bentätheten (DXA) föreslås.',
  },
} as const satisfies Record<string, TextInLanguages>;
