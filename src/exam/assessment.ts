/** What a finding asks of a clinic, the most pressing first. */
export const ASSESSMENTS = ['treatment', 'frax', 'dxa'] as const;

/** An assessment that a referral asks for: of treatment, of the 10-year risk (FRAX), of bone density (DXA). */
export type Assessment = (typeof ASSESSMENTS)[number];
