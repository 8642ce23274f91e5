/** What the pages of people ask for and get. */
import type { ReferralState } from '../exam/referral-life.ts';
import type { PersonEntry } from './referral-views.ts';
import type { ExamRow, PersonView } from './worklist-views.ts';

/** GET /api/persons. */
export interface PersonsAnswer {
  readonly at: string;
  readonly persons: readonly PersonEntry[];
  /** More match than are told: the search must say more. */
  readonly isCut: boolean;
}

/** An identity under which films of a person arrived. */
export interface IdentityView {
  readonly personId: string;
  readonly person: PersonView;
  readonly issuer: string | null;
}

/** What was changed of who a film is of. */
export interface IdentityChangeView {
  readonly changeId: number;
  readonly at: string;
  readonly by: string;
  readonly kind: 'correction' | 'merge';
  readonly fromPersonId: string;
  readonly toPersonId: string;
}

/** Who looked at a person's data, or changed it. */
export interface PersonAccessView {
  readonly accessId: number;
  readonly at: string;
  readonly by: string;
  readonly action: string;
}

/** One person with everything that is known. */
export interface PersonDetails extends PersonEntry {
  readonly issuer: string | null;
  readonly films: readonly ExamRow[];
  readonly referrals: readonly {
    readonly referralId: string;
    readonly state: ReferralState;
    readonly createdAt: string;
  }[];
  /** Identities that turned out to be this person's. */
  readonly identities: readonly IdentityView[];
  readonly changes: readonly IdentityChangeView[];
  readonly hasRiskFactors: boolean;
  /** The newest first. */
  readonly accesses: readonly PersonAccessView[];
}

/** GET /api/persons/:personId. */
export interface PersonAnswer {
  readonly at: string;
  readonly person: PersonDetails;
}

/** POST /api/persons/:personId/reveal. */
export interface RevealAnswer {
  readonly at: string;
  readonly person: PersonView;
}

/** POST /api/persons/:personId/correct, POST /api/persons/merge. */
export interface IdentityAnswer {
  readonly at: string;
  /** Whose the films are now. */
  readonly personId: string;
  readonly examsMoved: number;
  readonly examsRevised: number;
  /** Films that retention removed: their reports still name the earlier identity. */
  readonly examsNotRevised: number;
}
