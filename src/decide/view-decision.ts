/** Which view a film has: tags, a person's word and the picture are weighed. Pure. */
import type { AnalysisResult, ViewName } from '../exam/analysis.ts';
import { reasonOf, type ReasonInWords } from './reason-texts.ts';

/** The order of the values that the film-view model gives. */
export const VIEW_ORDER = [
  'panoramic',
  'spine-lateral',
  'spine-frontal',
  'chest-frontal',
  'chest-lateral',
  'other',
] as const satisfies readonly ViewName[];

/** The view of a film as a result gives it. */
export type FilmView = NonNullable<AnalysisResult['view']>;

/** What the header or a person says of the view. */
export interface ViewClaim {
  readonly name: ViewName;
  readonly source: 'dicom' | 'option';
  readonly confidence: number;
}

/** What the picture looks like. */
export interface PictureReading {
  /** Probability of each view, in VIEW_ORDER. */
  readonly views: readonly number[];
  /** Probability that the picture is turned clockwise by 0, 90, 180, 270 degrees. */
  readonly turns: readonly number[];
  /** Probability that it is mirrored; of a frontal chest only. */
  readonly mirrored: number;
  /** From which probability each counts, by the manifest. */
  readonly limits: { readonly view: number; readonly turn: number; readonly mirrored: number };
}

/** What is known of the view. */
export interface ViewDecision {
  readonly view: FilmView;
  /** What a reader should know beside the result. */
  readonly notes: readonly ReasonInWords[];
  /** Why the film is not measured whatever its view; null where nothing speaks against it. */
  readonly refusal: ReasonInWords | null;
}

/** Against what a header or a person says the picture must be at least so sure. */
const CLEARLY_SURE_MIN = 0.9;
/** A claim stands beside another view that looks likelier while the picture leaves it at least this chance. */
const POSSIBLE_MIN = 0.2;
/** For a panoramic film a smaller one: its own model looks at the picture again and denies what is none. */
const POSSIBLE_PANORAMIC_MIN = 0.05;
const OTHER_THAN_PANORAMIC_MIN = 0.6;
const TURNS = [0, 90, 180, 270] as const;

/**
 * Weighs what is claimed and what is seen. They agree, or the picture does not speak against the claim: the claim. No
 * claim: the picture, where it is sure. A contradiction: the picture where it is clearly sure, else a person's word,
 * and against a header nothing is measured. What looks like something else is never measured for the header's sake.
 */
export function decideView(claim: ViewClaim | null, picture: PictureReading): ViewDecision {
  const seen = mostLikely(picture.views);
  const name = VIEW_ORDER[seen.index] ?? 'other';
  const confidence = seen.probability;
  const turnDegrees = turnOf(picture);
  const shown = { name, source: 'model', confidence, turnDegrees, isMirrored: null } as const;
  const claimed = claim === null ? null : ({ ...claim, turnDegrees, isMirrored: null } as const);
  if (claim === null || claimed === null) {
    const isSure = confidence >= picture.limits.view;
    return isSure ? withPose(shown, [], picture) : unclear(shown, null, picture);
  }
  const values = { header: claim.name, picture: name };
  const isPanoramicClaim = claim.name === 'panoramic';
  const possibleMin = isPanoramicClaim ? POSSIBLE_PANORAMIC_MIN : POSSIBLE_MIN;
  // A panorama that is cut off resembles nothing much; that alone denies it no look by its own model.
  const otherMin = isPanoramicClaim ? Math.max(OTHER_THAN_PANORAMIC_MIN, picture.limits.view) : 0;
  const isSomethingElse = name === 'other' && confidence >= otherMin;
  const isPossible = !isSomethingElse && (picture.views[VIEW_ORDER.indexOf(claim.name)] ?? 0) >= possibleMin;
  if (name === claim.name || isPossible) return withPose(claimed, [], picture);
  // Lateral films of spine and chest are measured alike: to take one for the other does little harm.
  const isSameWay = isLateral(claim.name) && isLateral(name);
  const isClear = confidence >= Math.max(picture.limits.view, isSameWay ? 0 : CLEARLY_SURE_MIN);
  const isByPerson = claim.source === 'option';
  if (isClear && name === 'other') {
    const code = claim.name === 'panoramic' ? 'not-a-panoramic' : 'film-of-something-else';
    return { view: shown, notes: [], refusal: reasonOf(code, values) };
  }
  if (isClear) {
    const code = isByPerson ? 'view-contradicts-option' : 'view-contradicts-header';
    return withPose(shown, [reasonOf(code, values)], picture);
  }
  return isByPerson ? withPose(claimed, [], picture) : unclear(claimed, claim, picture);
}

/** The view of a film whose picture nothing looked at: what is claimed, or nothing. */
export function claimedView(claim: ViewClaim): ViewDecision {
  const view = { ...claim, turnDegrees: null, isMirrored: null };
  return { view, notes: [], refusal: null };
}

/** A picture that lies wrongly is not measured: anterior would be taken for posterior, or left for right. */
function withPose(
  view: FilmView,
  notes: readonly ReasonInWords[],
  { mirrored, limits }: PictureReading,
): ViewDecision {
  // Only the heart tells it; other views look the same from both sides or are recognised as they face.
  const isMirrored = view.name === 'chest-frontal' ? mirrored >= limits.mirrored : null;
  const posed = { ...view, isMirrored };
  if (view.name === 'other') return { view: posed, notes, refusal: null };
  const degrees = view.turnDegrees ?? 0;
  if (degrees !== 0) return { view: posed, notes, refusal: reasonOf('film-turned', { degrees }) };
  return { view: posed, notes, refusal: isMirrored === true ? reasonOf('film-mirrored') : null };
}

function unclear(view: FilmView, claim: ViewClaim | null, picture: PictureReading): ViewDecision {
  const { index, probability } = mostLikely(picture.views);
  const name = VIEW_ORDER[index] ?? 'other';
  const turned = withPose(view, [], picture);
  // What can be put right is told: an upright picture may well be clear.
  if (name !== 'other' && turned.refusal?.code === 'film-turned') return turned;
  const isNoPanoramic = claim?.name === 'panoramic' && name === 'other' && probability >= picture.limits.view;
  if (isNoPanoramic) return { view, notes: [], refusal: reasonOf('not-a-panoramic') };
  const values = { picture: name, ...(claim === null ? {} : { header: claim.name }) };
  return { view, notes: [], refusal: reasonOf('view-unclear', values) };
}

function isLateral(name: ViewName): boolean {
  return name === 'spine-lateral' || name === 'chest-lateral';
}

/** null where the picture could lie in several ways. */
function turnOf({ turns, limits }: PictureReading): FilmView['turnDegrees'] {
  const { index, probability } = mostLikely(turns);
  return probability >= limits.turn ? (TURNS[index] ?? null) : null;
}

function mostLikely(probabilities: readonly number[]): {
  readonly index: number;
  readonly probability: number;
} {
  const probability = Math.max(...probabilities);
  return { index: probabilities.indexOf(probability), probability };
}
