import type { AnalysisResult, Outcome, Reason, ViewName } from '../exam/analysis.ts';
import type { Assessment } from '../exam/assessment.ts';
import type { FindingFigures } from '../exam/finding-figures.ts';
import type { FindingKind } from '../exam/finding-kind.ts';
import type { CommitmentState, DeliveryState, ExamState, ReportKind } from '../exam/exam-state.ts';
import type { NumberKind } from '../exam/personal-number.ts';
import type { ReferralState } from '../exam/referral-life.ts';

/** Who a row is about, as the coordinator must see it. Shown on pages, never logged. */
export interface PersonView {
  readonly name: string;
  readonly patientId: string;
  readonly birthDate: string | null;
  readonly sex: string | null;
  /** What the Patient ID is, and how people write it; left out where it is hidden. */
  readonly number?: { readonly kind: NumberKind; readonly shown: string };
  /** Protected identity: name and number are left out until a person asks for them, which is logged. */
  readonly isProtected?: boolean;
}

/** One row of the worklist: a person with an open referral. */
export interface ReferralRow extends FindingFigures {
  readonly referralId: string;
  readonly state: ReferralState;
  /** What the films ask for, the most pressing first. */
  readonly assessments: readonly Assessment[];
  readonly person: PersonView;
  readonly ageYears: number | null;
  /** What the film that speaks most clearly was looked at for. */
  readonly kind: FindingKind | null;
  /** The finding in words, from the film that speaks most clearly. */
  readonly finding: string;
  /** The reasons behind the finding, so that the page can say them in the reader's language. */
  readonly reasons: readonly Reason[];
  /** Sorts within a kind, highest first; scores of different kinds are not comparable. */
  readonly sortingScore: number | null;
  readonly examIds: readonly string[];
  /** When the first film arrived; the page shows the time since. */
  readonly arrivedAt: string;
  readonly createdAt: string;
}

/** One exam in a list, whatever its outcome. */
export interface ExamRow {
  readonly examId: string;
  readonly state: ExamState;
  readonly view: ViewName | null;
  readonly modality: string | null;
  readonly ageYears: number | null;
  readonly person: PersonView;
  readonly reasons: readonly Reason[];
  readonly receivedAt: string;
  readonly finishedAt: string | null;
}

/** What the exam's page shows. */
export interface ExamView extends ExamRow {
  readonly sopInstanceUid: string;
  readonly studyInstanceUid: string;
  readonly studyDate: string | null;
  readonly callingAeTitle: string | null;
  readonly referralId: string | null;
  /** What the referral asks for, the most pressing first; nothing without one. */
  readonly assessments: readonly Assessment[];
  readonly outcome: Outcome | null;
  readonly analysis: AnalysisResult | null;
  readonly reportsWritten: boolean;
  readonly deliveries: readonly {
    readonly destination: string;
    readonly revision: number;
    readonly object: ReportKind;
    readonly state: DeliveryState;
    readonly attempts: number;
    readonly note: string | null;
    /** null where the destination is not asked to commit itself. */
    readonly commitment: CommitmentState | null;
  }[];
}

/** A C-STORE that was answered otherwise than Success. */
export interface RefusalRow {
  readonly refusalId: number;
  readonly at: string;
  readonly callingAeTitle: string;
  readonly sopInstanceUid: string | null;
  readonly code: string;
  readonly text: string;
}

/** Counts by state, as `status --json` prints them. */
export interface StatusCounts {
  readonly received: number;
  readonly pending: number;
  readonly positive: number;
  readonly negative: number;
  readonly notAssessable: number;
  readonly notEligible: number;
  readonly refused: number;
  readonly failed: number;
  readonly referrals: number;
  readonly reportsWritten: number;
  readonly deliveriesPending: number;
  readonly deliveriesDead: number;
}

/** What happened, as server-sent events tell the pages; they fetch what they need. */
export type WorklistEvent =
  | { readonly type: 'exam'; readonly examId: string }
  | { readonly type: 'referral'; readonly referralId: string }
  /** Something waits to be sent; not for the pages. */
  | { readonly type: 'deliveries' };

/** Which exams a list holds. */
export interface ExamsQuery {
  readonly state?: ExamState;
  readonly limit: number;
  /** Only films of these sites; null: of all. */
  readonly siteIds: readonly string[] | null;
}

/** What the pages read; the database answers it, tests script it. */
export interface WorklistReader {
  listExams(query: ExamsQuery): Promise<readonly ExamRow[]>;
  readExam(examId: string): Promise<ExamView | undefined>;
  listRefusals(limit: number): Promise<readonly RefusalRow[]>;
  countStatus(): Promise<StatusCounts>;
}

/** Where events come from. */
export interface EventSource {
  subscribe(listener: (event: WorklistEvent) => void): () => void;
}

/** Pictures of an exam as PNG; undefined where there is none. */
export interface ExamPictures {
  preview(examId: string): Promise<Buffer | undefined>;
  overlay(examId: string): Promise<Buffer | undefined>;
}
