import type { UseQueryResult } from '@tanstack/react-query';
import type { RiskFactors } from '../exam/risk-factors.ts';
import type { ReferralAction, ReferralAnswer, ReferralListAnswer } from '../worklist/referral-views.ts';
import { listPath } from './referral-query.ts';
import type { ReferralFilters } from './referral-query.ts';
import { changeJson, type ReadPlace, readQuery, useRead } from './requests.ts';

/** Colleagues that a referral can be handed to. */
export interface ColleaguesAnswer {
  readonly colleagues: readonly { readonly userId: string; readonly name: string }[];
}

/** How one page of the list is read. */
export function rowsQuery(filters: ReferralFilters, search: string, cursor: string | undefined) {
  return readQuery<ReferralListAnswer>(...rowsPlace(filters, search, cursor));
}

/** One page of the list; the page before stays in sight until the next is there. */
export function useReferralList(
  filters: ReferralFilters,
  search: string,
  cursor: string | undefined,
): UseQueryResult<ReferralListAnswer> {
  return useRead<ReferralListAnswer>(...rowsPlace(filters, search, cursor), { keepsPrevious: true });
}

function rowsPlace(filters: ReferralFilters, search: string, cursor: string | undefined): ReadPlace {
  const path = listPath(filters, search, cursor);
  return [['referrals', path], path];
}

/** One referral. */
export function useReferral(referralId: string): UseQueryResult<ReferralAnswer> {
  return useRead<ReferralAnswer>(['referral', referralId], pathOf(referralId));
}

/** Whom a referral can be handed to. */
export function useColleagues(): UseQueryResult<ColleaguesAnswer> {
  return useRead<ColleaguesAnswer>(['colleagues'], '/api/colleagues');
}

/** Does something with a referral; throws RequestFailed, state-conflict where somebody was quicker. */
export function actOnReferral(referralId: string, action: ReferralAction): Promise<ReferralAnswer> {
  return changeJson<ReferralAnswer>('POST', `${pathOf(referralId)}/actions`, action);
}

/** Keeps what is known of a person's risk factors. */
export function saveRiskFactors(referralId: string, factors: RiskFactors): Promise<ReferralAnswer> {
  return changeJson<ReferralAnswer>('PUT', `${pathOf(referralId)}/risk-factors`, factors);
}

/** Where the printable referral is. */
export function letterPath(referralId: string, language: 'en' | 'sv'): string {
  return `${pathOf(referralId)}/letter.pdf?language=${language}`;
}

function pathOf(referralId: string): string {
  return `/api/referrals/${encodeURIComponent(referralId)}`;
}
