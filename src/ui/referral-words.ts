import type { Language } from '../decide/reason-texts.ts';

const english = {
  'referral-flagged': 'New',
  'referral-under-review': 'Under review',
  'referral-accepted': 'Accepted',
  'referral-dxa-ordered': 'DXA ordered',
  'referral-dxa-booked': 'DXA booked',
  'referral-dxa-done': 'DXA done',
  'referral-treatment-assessment': 'Treatment assessment',
  'referral-closed': 'Closed',
  'referral-dismissed': 'Dismissed',
};

/** The words of one referral and what is done with it. */
export type ReferralWords = Readonly<Record<keyof typeof english, string>>;

const swedish: ReferralWords = {
  'referral-flagged': 'Ny',
  'referral-under-review': 'Under granskning',
  'referral-accepted': 'Accepterad',
  'referral-dxa-ordered': 'DXA beställd',
  'referral-dxa-booked': 'DXA bokad',
  'referral-dxa-done': 'DXA utförd',
  'referral-treatment-assessment': 'Läkemedelsbedömning',
  'referral-closed': 'Avslutad',
  'referral-dismissed': 'Avskriven',
};

/** Those words in each language. */
export const REFERRAL_WORDS: Readonly<Record<Language, ReferralWords>> = { en: english, sv: swedish };
