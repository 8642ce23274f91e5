/** What the administration pages ask for and get. None of it shows a patient. */
import type { ChainLink, Unsealed } from '../database/audit-chain-records.ts';
import type { SettingChangeRow } from '../database/setting-records.ts';
import type { Standing } from '../database/standing-records.ts';
import type { Reason } from '../exam/analysis.ts';
import type { ExamState } from '../exam/exam-state.ts';
import type { HealthReport } from '../health.ts';

/** GET /api/admin/sites, and the answer to PUT. */
export interface SitesAnswer {
  /** null where there is no file and none can be made here. */
  readonly path: string | null;
  /** null while there is no file. */
  readonly text: string | null;
  /** SHA-256 of the text; null while there is none. A change says which version it saw. */
  readonly version: string | null;
  /** Why the file cannot be changed here; null where it can. */
  readonly heldBy: 'environment' | 'link' | 'rights' | null;
  /** What is wrong with the file as it stands; null where nothing is. */
  readonly fault: string | null;
  /** What holds for a site that says nothing else, by the name of the rule. */
  readonly defaults: Readonly<Record<string, number | null>>;
}

/** PUT /api/admin/sites. */
export interface SitesChange {
  readonly text: string;
  readonly version: string | null;
  readonly note: string | null;
}

/** GET /api/admin/history. */
export interface HistoryAnswer {
  readonly at: string;
  readonly changes: readonly SettingChangeRow[];
  /** null at the end. */
  readonly cursor: number | null;
}

/** A film that is not read any more until somebody does something. */
export interface FailureRow {
  readonly examId: string;
  readonly state: ExamState;
  readonly siteId: string;
  readonly modality: string | null;
  readonly viewName: string | null;
  readonly receivedAt: string;
  readonly failedAt: string | null;
  readonly attempts: number;
  readonly reasons: readonly Reason[];
  /** As the last attempt ended, in the words of the log; null where it is not known. */
  readonly lastError: string | null;
}

/** GET /api/admin/failures. */
export interface FailuresAnswer {
  readonly at: string;
  readonly failures: readonly FailureRow[];
  /** What else was given up, told elsewhere. */
  readonly deadDeliveries: number;
  readonly deadMessages: number;
}

/** POST /api/admin/failures/:examId/retry. */
export interface RetriedAnswer {
  readonly revision: number;
}

/** Work that one process does for all. */
export interface DutyView {
  readonly name: string;
  readonly holder: string;
  readonly isHeld: boolean;
}

/** What waits for one receiver of reports or messages. */
export interface ReceiverStanding {
  readonly name: string;
  readonly kind: 'report' | 'message';
  readonly pending: number;
  readonly dead: number;
}

/** GET /api/admin/health. */
export interface AdminHealthAnswer {
  readonly at: string;
  readonly mode: string;
  readonly roles: readonly string[];
  readonly version: string;
  readonly nodeVersion: string;
  readonly upSince: string;
  readonly schema: string;
  readonly ready: HealthReport;
  readonly live: HealthReport;
  readonly queue: Standing;
  readonly disk: { readonly folder: string; readonly freeBytes: number; readonly totalBytes: number };
  readonly duties: readonly DutyView[];
  readonly receivers: readonly ReceiverStanding[];
  readonly audit: { readonly head: ChainLink | null; readonly unsealed: Unsealed };
}

/** A setting of this process. */
export interface SettingView {
  readonly variable: string;
  readonly value: string;
  readonly source: 'option' | 'environment' | 'default';
  readonly meaning: string;
}

/** GET /api/admin/settings. */
export interface SettingsAnswer {
  readonly settings: readonly SettingView[];
}

/** A version of a model. */
export interface ModelVersionView {
  readonly version: string;
  readonly sha256: string | null;
  /** Why manifest and file cannot be used; null where they are whole. */
  readonly fault: string | null;
  /** Why a worker could not load it; null where none tried or all could. */
  readonly failure: string | null;
}

/** A model. */
export interface ModelView {
  readonly name: string;
  /** What it is for: a task, or a site's own model for each of its views. */
  readonly purpose: readonly string[];
  /** Why it does not work beside another one; null where nothing speaks against it. */
  readonly leftOut: string | null;
  /** The version that ought to work; null where what was chosen cannot be used and what worked before goes on. */
  readonly active: string | null;
  /** null: the newest version on disk is taken. */
  readonly chosen: string | null;
  readonly previous: string | null;
  readonly shadow: string | null;
  /** Films that both read, and of how many they said the same; null without a shadow. */
  readonly agreement: { readonly films: number; readonly sameOutcome: number } | null;
  readonly versions: readonly ModelVersionView[];
}

/** GET /api/admin/models. */
export interface ModelsAnswer {
  readonly models: readonly ModelView[];
}

/** POST /api/admin/models/:name; `newest` follows what is installed, a shadow of null is none. */
export type ModelChange =
  { readonly use: string } | { readonly rollBack: true } | { readonly shadow: string | null };

/** What became of a choice. */
export interface ModelChoiceReport {
  readonly name: string;
  /** The version that works from now on; a running service takes it up within seconds. */
  readonly active: string;
  readonly previous: string | null;
  readonly shadow: string | null;
}

/** Who administers, for the history and the trail. */
export interface Administrator {
  readonly actor: string;
  readonly name: string;
}

/** Chooses models; made where models can be loaded. */
export interface ModelDesk {
  list(): Promise<readonly ModelView[]>;
  change(name: string, change: ModelChange, by: Administrator): Promise<ModelChoiceReport>;
}
