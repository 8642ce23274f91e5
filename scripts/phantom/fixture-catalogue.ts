import type { OtherOptions } from './other-phantoms.ts';
import type { PhantomOptions } from './panoramic-phantom.ts';
import type { Deformity } from './spine/deformity.ts';
import type { SpineFilmOptions } from './spine/spine-phantom.ts';

/** What the service must make of a fixture. */
export interface ExpectedOutcome {
  readonly outcome: 'positive' | 'negative' | 'not-assessable' | 'not-eligible' | 'refused';
  /** A code of a reason, or of an error for what is refused. */
  readonly reason: string;
  readonly view: string | null;
}

/** How the picture is rendered; with another seed it is another picture with the same outcome. */
export type Recipe =
  | { readonly kind: 'panoramic'; readonly options: PhantomOptions }
  | { readonly kind: 'other'; readonly options: OtherOptions }
  | { readonly kind: 'spine'; readonly options: SpineFilmOptions; readonly turnDegrees: number }
  | { readonly kind: 'broken'; readonly fault: string };

/** The true width of a side at the scale that the file states; null where that side is not on the film. */
interface SideTruth {
  readonly mcwMm: number;
}

/** The most deformed of the whole vertebrae of a lateral film. */
export interface SpineFixtureTruth {
  readonly level: string;
  readonly deformity: Deformity;
  readonly genantGrade: 0 | 1 | 2 | 3;
  /** The largest of its losses. */
  readonly lossPercent: number;
}

/** One line of the catalogue. */
export interface CatalogueEntry {
  readonly file: string;
  readonly description: string;
  readonly expected: ExpectedOutcome;
  /** Films of one person have one key, and positives of one key make one referral. */
  readonly person: string;
  readonly recipe: Recipe;
  readonly truth: { readonly R: SideTruth | null; readonly L: SideTruth | null } | null;
  /** null where the film is no simulated lateral film. */
  readonly spine: SpineFixtureTruth | null;
  /** Whether it can be sent by C-STORE: a file without meta information has no SOP class to propose. */
  readonly send: boolean;
}

/** `dicom-fixtures/catalogue.json`. */
export interface Catalogue {
  readonly seed: number;
  readonly fixtures: CatalogueEntry[];
}
