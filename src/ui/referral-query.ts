import type { FindingKind } from '../exam/finding-kind.ts';
import { REFERRAL_STATES } from '../exam/referral-life.ts';
import type { ReferralState } from '../exam/referral-life.ts';
import { REFERRAL_TABS } from '../worklist/referral-views.ts';
import type { ReferralListQuery, ReferralTab } from '../worklist/referral-views.ts';

/** How the list is sorted. */
export type ReferralSort = ReferralListQuery['sort'];

/** What the address of the worklist says. The free text is not in it: a personnummer must not stay in a history. */
export interface ReferralFilters {
  readonly tab: ReferralTab;
  readonly sort: ReferralSort;
  readonly siteId?: string;
  readonly kind?: FindingKind;
  readonly gradeMin?: 1 | 2 | 3;
  readonly ageMin?: number;
  readonly ageMax?: number;
  readonly state?: ReferralState;
}

/** Every way to sort, the usual one first. */
export const REFERRAL_SORTS = ['urgency', 'due', 'newest'] as const satisfies readonly ReferralSort[];

/** What a film can be referred for, for the filter. */
export const REFERRAL_KINDS = [
  'fracture',
  'thin-cortex',
  'low-density',
] as const satisfies readonly FindingKind[];

const GRADES = [1, 2, 3] as const;
const AGE_MAX = 130;
/** Rows of one page: a screen or two, and a document that stays light however long the list is. */
const ROWS_PER_PAGE = 50;

/** Reads the filters of an address; what is not understood is left out. */
export function parseFilters(search: string): ReferralFilters {
  const asked = new URLSearchParams(search);
  const pick = <Value extends string | number>(name: string, values: readonly Value[]): Value | undefined =>
    values.find((value) => String(value) === asked.get(name));
  const age = (name: string): number | undefined => parseAge(asked.get(name) ?? '');
  const siteId = asked.get('siteId');
  return withoutGaps({
    tab: pick('tab', REFERRAL_TABS) ?? 'new',
    sort: pick('sort', REFERRAL_SORTS) ?? 'urgency',
    siteId: siteId === null || siteId === '' ? undefined : siteId,
    kind: pick('kind', REFERRAL_KINDS),
    gradeMin: pick('gradeMin', GRADES),
    ageMin: age('ageMin'),
    ageMax: age('ageMax'),
    state: pick('state', REFERRAL_STATES),
  });
}

/** The filters with some of them changed; undefined takes one away. */
export function changeFilters(filters: ReferralFilters, changes: FilterChanges): ReferralFilters {
  return withoutGaps({ ...filters, ...changes });
}

/** What may be changed at once. */
export type FilterChanges = Partial<Pick<ReferralFilters, 'tab' | 'sort'>> & {
  readonly [Name in Exclude<keyof ReferralFilters, 'tab' | 'sort'>]?: ReferralFilters[Name] | undefined;
};

/** The address of the worklist with these filters; the usual ones are left out. */
export function filtersAddress(filters: ReferralFilters): string {
  const { tab, sort, ...rest } = filters;
  const parameters = parametersOf({
    ...(tab === 'new' ? {} : { tab }),
    ...(sort === 'urgency' ? {} : { sort }),
    ...rest,
  });
  return parameters === '' ? '/' : `/?${parameters}`;
}

/** Where the rows are read. */
export function listPath(filters: ReferralFilters, search: string, cursor: string | undefined): string {
  const more = { ...(search === '' ? {} : { search }), ...(cursor === undefined ? {} : { cursor }) };
  return `/api/referrals?${parametersOf({ ...filters, ...more, limit: ROWS_PER_PAGE })}`;
}

/** Where the same rows are exported. */
export function csvPath(filters: ReferralFilters, language: 'en' | 'sv'): string {
  return `/api/referrals.csv?${parametersOf({ ...filters, language })}`;
}

/** How many filters narrow the view. */
export function countFilters({ tab: _tab, sort: _sort, ...rest }: ReferralFilters): number {
  return Object.keys(rest).length;
}

/** A whole age in years; undefined where the text is none. */
export function parseAge(text: string): number | undefined {
  const age = /^\d{1,3}$/.test(text.trim()) ? Number(text) : undefined;
  return age !== undefined && age <= AGE_MAX ? age : undefined;
}

function parametersOf(values: Readonly<Record<string, string | number>>): string {
  return new URLSearchParams(Object.entries(values).map(([name, value]) => [name, String(value)])).toString();
}

function withoutGaps(filters: FilterChanges & Pick<ReferralFilters, 'tab' | 'sort'>): ReferralFilters {
  return Object.fromEntries(
    Object.entries(filters).filter(([, value]) => value !== undefined),
  ) as unknown as ReferralFilters;
}
