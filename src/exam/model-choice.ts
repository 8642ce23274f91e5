/** What a person chose for a model. */
export interface ModelChoice {
  readonly name: string;
  /** null: the newest version on disk. */
  readonly activeVersion: string | null;
  /** The version that worked before; null where none is known. */
  readonly previousVersion: string | null;
  /** Runs beside it, its results stored and compared and never acted on; null: none. */
  readonly shadowVersion: string | null;
}

/** A version that a worker could not load. */
export interface ModelFailure {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  /** A code of the table of errors. */
  readonly code: string;
  readonly detail: string;
  readonly atMs: number;
}
