/** What the coordinator's pages ask for and get: the list of referrals, one referral, and what is done with it. */
import type { Assessment } from '../exam/assessment.ts';
import type { DueStanding } from '../exam/due-standing.ts';
import type { FindingKind } from '../exam/finding-kind.ts';
import type { DensityClass } from '../decide/dxa-class.ts';
import type { RiskIndex } from '../decide/risk-indices.ts';
import type { ReferralActionName, ReferralEventName } from '../exam/referral-action.ts';
import type { ClosingOutcome, DismissalReason, ReferralState } from '../exam/referral-life.ts';
import type { RiskFactors } from '../exam/risk-factors.ts';
import type { TScores } from '../exam/t-scores.ts';
import type { ExamRow, PersonView, ReferralRow } from './worklist-views.ts';

/** Views of the worklist, the tabs of the page. */
export const REFERRAL_TABS = [
  'new',
  'mine',
  'awaiting-dxa',
  'awaiting-answer',
  'overdue',
  'closed',
  'all',
] as const;

/** One of the tabs: `awaiting-dxa` is ordered or booked, `awaiting-answer` is done or with the physician. */
export type ReferralTab = (typeof REFERRAL_TABS)[number];

/** GET /api/referrals: what is asked for. */
export interface ReferralListQuery {
  readonly tab: ReferralTab;
  /** urgency: the most urgent first; due: what is due first; newest: what came last. */
  readonly sort: 'urgency' | 'due' | 'newest';
  readonly siteId?: string;
  readonly kind?: FindingKind;
  /** Genant grade of at least this. */
  readonly gradeMin?: 1 | 2 | 3;
  readonly ageMin?: number;
  readonly ageMax?: number;
  readonly state?: ReferralState;
  /** Beginnings of names, or of a personnummer or Patient ID; at most 100 characters. */
  readonly search?: string;
  /** Where the page before ended, as its answer said. */
  readonly cursor?: string;
  readonly limit: number;
}

/** One row of the list. */
export interface ReferralListRow extends ReferralRow {
  /** Grows with every change; an action says which version it saw. */
  readonly version: number;
  readonly personId: string;
  /** Who leads it; null: nobody yet. */
  readonly owner: { readonly userId: string; readonly name: string } | null;
  /** null once it ended. */
  readonly dueAt: string | null;
  readonly dueStanding: DueStanding | null;
  readonly stateSince: string;
  /** 0 to 1000, higher first; sorts across kinds. */
  readonly urgency: number;
  readonly site: { readonly siteId: string; readonly name: string };
}

/** GET /api/referrals. */
export interface ReferralListAnswer {
  readonly at: string;
  readonly rows: readonly ReferralListRow[];
  /** null: this is the last page. */
  readonly nextCursor: string | null;
  /** How many rows each tab has without filters. */
  readonly counts: Readonly<Record<ReferralTab, number>>;
  /** How many match the filters; null where more than 100 do. */
  readonly matching: number | null;
  /** The sites of the sites file, for the filter. */
  readonly sites: readonly { readonly siteId: string; readonly name: string }[];
}

/** What happened to a referral, as its page tells it. */
export interface ReferralEventView {
  readonly eventId: number;
  readonly at: string;
  readonly actor: string;
  readonly action: ReferralEventName;
  readonly fromState: ReferralState | null;
  readonly toState: ReferralState | null;
  /** Checked by the action's own shape: reason, outcome, T-scores, text … */
  readonly details: Readonly<Record<string, unknown>>;
  readonly isUndone: boolean;
}

/** POST /api/referrals/:referralId/actions. `version` is the one that the person saw. */
export type ReferralAction = { readonly version: number } & (
  | { readonly action: 'claim' }
  | { readonly action: 'assign'; readonly userId: string }
  | { readonly action: 'release' }
  | { readonly action: 'dismiss'; readonly reason: DismissalReason; readonly note?: string }
  | { readonly action: 'accept' }
  | {
      readonly action: 'order-dxa';
      /** YYYY-MM-DD; left out: today, for the scanner's list. */
      readonly date?: string;
      /** HH:MM */
      readonly time?: string;
      readonly stationAeTitle?: string;
    }
  | {
      readonly action: 'book-dxa';
      readonly date: string;
      readonly time: string;
      readonly stationAeTitle?: string;
    }
  | { readonly action: 'cancel-dxa'; readonly note?: string }
  | { readonly action: 'record-dxa'; readonly measuredOn: string; readonly tScores: TScores }
  | { readonly action: 'assess-treatment' }
  | { readonly action: 'close'; readonly outcome: ClosingOutcome; readonly note?: string }
  | { readonly action: 'reopen' }
  | { readonly action: 'set-due'; readonly dueOn: string }
  | { readonly action: 'note'; readonly text: string }
  | { readonly action: 'undo' }
);

/** GET /api/referrals/:referralId. */
export interface ReferralView extends ReferralListRow {
  /** Films of this referral and every other film of the person, the newest first. */
  readonly films: readonly (ExamRow & { readonly isOnReferral: boolean })[];
  readonly events: readonly ReferralEventView[];
  /** What the person that asks may do now, the next step first. */
  readonly actions: readonly ReferralActionName[];
  readonly step: {
    readonly stepId: string;
    readonly accessionNumber: string;
    readonly stationAeTitle: string | null;
    readonly date: string;
    readonly time: string;
    readonly state: string;
  } | null;
  readonly dxa: {
    readonly measuredOn: string;
    readonly tScores: TScores;
    /** WHO/ISCD class of the lowest T-score; null for people it is not defined for. */
    readonly densityClass: DensityClass | null;
    readonly enteredBy: string;
  } | null;
  readonly riskFactors: RiskFactors | null;
  readonly riskIndices: readonly RiskIndex[];
  readonly dismissalReason: DismissalReason | null;
  readonly outcome: ClosingOutcome | null;
  readonly otherReferrals: readonly {
    readonly referralId: string;
    readonly state: ReferralState;
    readonly createdAt: string;
  }[];
  readonly asks: readonly Assessment[];
}

/** GET /api/referrals/:referralId. */
export interface ReferralAnswer {
  readonly at: string;
  readonly referral: ReferralView;
}

/** One person in the register of the node, as search and the person's page show it. */
export interface PersonEntry {
  readonly personId: string;
  readonly person: PersonView;
  readonly ageYears: number | null;
}
