/** The coordinator's list of referrals: tabs, filters, search, orders and pages. */
import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { TriageError } from '../errors.ts';
import type { Staff } from '../exam/staff.ts';
import { searchPrefixes } from '../database/person-terms.ts';
import {
  countUnended,
  findReferralPlaces,
  type ReferralFilter,
  type ReferralPlace,
  type ReferralSort,
} from '../database/referral-list-records.ts';
import type { Database } from '../database/schema.ts';
import { readTallies } from '../database/tallies.ts';
import { REFERRAL_STATES, type ReferralState, UNENDED_STATES } from '../exam/referral-life.ts';
import type { SiteDirectory } from '../site-registry.ts';
import { readReferralRows } from './referral-rows.ts';
import {
  REFERRAL_TABS,
  type ReferralListAnswer,
  type ReferralListQuery,
  type ReferralListRow,
  type ReferralTab,
} from './referral-views.ts';

/** The list as it is asked for; the database answers it, tests script it. */
export interface ReferralList {
  list(query: ReferralListQuery, staff: Staff): Promise<ReferralListAnswer>;
  /** Every row of a list, in pages; at most EXPORTED_ROWS_MAX. */
  pages(query: ReferralListQuery, staff: Staff): AsyncIterable<readonly ReferralListRow[]>;
}

/** What the list stands on. */
export interface ReferralListParts {
  readonly database: Kysely<Database>;
  readonly sites: Pick<SiteDirectory, 'book'>;
  readonly clock: Clock;
}

/** Rows of one export; whoever needs more narrows the filter. */
export const EXPORTED_ROWS_MAX = 50_000;
const EXPORTED_AT_ONCE = 500;
/** Up to so many it is told how many match; looking further costs more than it says. */
const MATCHING_MAX = 100;

/** The states of each tab; null: whoever leads it has few. */
const TAB_STATES: Readonly<Record<ReferralTab, readonly ReferralState[] | null>> = {
  new: ['flagged'],
  mine: null,
  'awaiting-dxa': ['dxa-ordered', 'dxa-booked'],
  'awaiting-answer': ['dxa-done', 'treatment-assessment'],
  overdue: UNENDED_STATES,
  closed: ['closed', 'dismissed'],
  all: REFERRAL_STATES,
};

const cursorSchema = z.tuple([
  z.enum(['urgency', 'due', 'newest']),
  z.string().min(1).max(64),
  z.number().int(),
  z.number().int().nullable(),
  z.number().int(),
  z.number().int().min(0).max(MATCHING_MAX).nullable(),
]);

interface Cursor {
  readonly sort: ReferralSort;
  readonly place: ReferralPlace;
  /** As the first page counted it. */
  readonly matching: number | null;
}

/** Opens the list over the record. */
export function openReferralList(parts: ReferralListParts): ReferralList {
  return {
    list: (query, staff) => answerList(parts, query, staff),
    pages: (query, staff) => readPages(parts, query, staff),
  };
}

async function answerList(
  { database, sites, clock }: ReferralListParts,
  query: ReferralListQuery,
  staff: Staff,
): Promise<ReferralListAnswer> {
  const nowMs = clock.nowMs();
  // Side by side where the engine has more than one connection.
  const [counts, page] = await Promise.all([
    countTabs(database, staff, nowMs),
    findPage({ database, sites, clock }, query, staff, nowMs),
  ]);
  return {
    at: new Date(nowMs).toISOString(),
    ...page,
    counts,
    sites: (sites.book()?.sites ?? []).map(({ id, name }) => ({ siteId: id, name })),
  };
}

async function findPage(
  { database, sites }: ReferralListParts,
  query: ReferralListQuery,
  staff: Staff,
  nowMs: number,
): Promise<Pick<ReferralListAnswer, 'rows' | 'nextCursor' | 'matching'>> {
  const { sort, limit } = query;
  const cursor = query.cursor === undefined ? null : readCursor(query.cursor, sort);
  const filter = filterOf(query, staff, nowMs);
  // The first page looks as far as it is told how many match; the next ones know it from there.
  const reach = cursor === null ? Math.max(limit, MATCHING_MAX) + 1 : limit + 1;
  const after = cursor?.place ?? null;
  const found =
    filter === null ? [] : await findReferralPlaces(database, filter, { sort, after, limit: reach });
  const matching = cursor !== null ? cursor.matching : found.length > MATCHING_MAX ? null : found.length;
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const ids = page.map(({ referralId }) => referralId);
  return {
    rows: await readReferralRows(database, ids, { nameSite: siteNames(sites), nowMs }),
    nextCursor:
      last === undefined || found.length <= limit ? null : writeCursor({ sort, place: last, matching }),
    matching,
  };
}

async function* readPages(
  { database, sites, clock }: ReferralListParts,
  query: ReferralListQuery,
  staff: Staff,
): AsyncGenerator<readonly ReferralListRow[]> {
  const nowMs = clock.nowMs();
  const { sort } = query;
  const filter = filterOf(query, staff, nowMs);
  const nameSite = siteNames(sites);
  let after: ReferralPlace | null = null;
  for (let told = 0; filter !== null && told < EXPORTED_ROWS_MAX; told += EXPORTED_AT_ONCE) {
    const page = { sort, after, limit: Math.min(EXPORTED_AT_ONCE, EXPORTED_ROWS_MAX - told) };
    const found: readonly ReferralPlace[] = await findReferralPlaces(database, filter, page);
    const ids = found.map(({ referralId }) => referralId);
    if (found.length > 0) yield await readReferralRows(database, ids, { nameSite, nowMs });
    after = found.at(-1) ?? null;
    if (found.length < page.limit) return;
  }
}

/** null: nothing can match, because the search text has no letter and no digit. */
function filterOf(query: ReferralListQuery, staff: Staff, nowMs: number): ReferralFilter | null {
  const { tab, state, search } = query;
  const prefixes = search === undefined ? [] : searchPrefixes(search);
  if (search !== undefined && search.trim() !== '' && prefixes.length === 0) return null;
  const ofTab = TAB_STATES[tab];
  const states = state === undefined ? ofTab : ofTab === null || ofTab.includes(state) ? [state] : [];
  if (states?.length === 0) return null;
  return {
    states,
    ownerId: tab === 'mine' ? staff.userId : null,
    dueUntilMs: tab === 'overdue' ? nowMs : null,
    siteId: query.siteId ?? null,
    kind: query.kind ?? null,
    gradeMin: query.gradeMin ?? null,
    ageMin: query.ageMin ?? null,
    ageMax: query.ageMax ?? null,
    prefixes,
  };
}

async function countTabs(
  database: Kysely<Database>,
  staff: Staff,
  nowMs: number,
): Promise<ReferralListAnswer['counts']> {
  const { states, owned, overdue } = await countUnended(database, staff.userId, nowMs);
  const { referral: all = 0 } = await readTallies(database);
  const unended = Object.values(states).reduce((total, count) => total + count, 0);
  const sum = (of: readonly ReferralState[]) => of.reduce((total, state) => total + (states[state] ?? 0), 0);
  const counts = REFERRAL_TABS.map((tab) => {
    const ofTab = TAB_STATES[tab];
    if (tab === 'overdue') return [tab, overdue] as const;
    return [tab, ofTab === null ? owned : sum(ofTab)] as const;
  });
  // What has ended only grows, and would take longest to count.
  return { ...Object.fromEntries(counts), closed: all - unended, all } as ReferralListAnswer['counts'];
}

/** Names by the sites file as it stands now. */
export function siteNames(sites: Pick<SiteDirectory, 'book'>): (siteId: string) => string {
  const names = new Map(sites.book()?.sites.map(({ id, name }) => [id, name]));
  return (siteId) => names.get(siteId) ?? siteId;
}

function writeCursor({ sort, place, matching }: Cursor): string {
  const { referralId, urgency, dueAtMs, arrivedAtMs } = place;
  const told: z.input<typeof cursorSchema> = [sort, referralId, urgency, dueAtMs, arrivedAtMs, matching];
  return Buffer.from(JSON.stringify(told)).toString('base64url');
}

function readCursor(text: string, sort: ReferralSort): Cursor {
  const amiss = 'cursor: this is not where a page of this list ended; ask for the first page again';
  let told: unknown;
  try {
    told = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    throw new TriageError('request-invalid', amiss);
  }
  const checked = cursorSchema.safeParse(told);
  if (!checked.success || checked.data[0] !== sort) throw new TriageError('request-invalid', amiss);
  const [, referralId, urgency, dueAtMs, arrivedAtMs, matching] = checked.data;
  return { sort, place: { referralId, urgency, dueAtMs, arrivedAtMs }, matching };
}
