/** What a person does with a referral: what each action asks for, and what is sent. Pure. */
import { CLOSING_OUTCOMES, DISMISSAL_REASONS } from '../exam/referral-life.ts';
import type { ReferralActionName } from '../exam/referral-action.ts';
import type { Role } from '../exam/staff.ts';
import { offeredActions } from '../worklist/offered-actions.ts';
import type { ReferralAction, ReferralListRow } from '../worklist/referral-views.ts';
import type { WordKey } from './words.ts';

/** One thing that a dialog asks for. */
export interface DeedField {
  readonly name: string;
  readonly label: WordKey;
  readonly kind: 'choice' | 'colleague' | 'date' | 'time' | 'score' | 'text' | 'lines';
  readonly required: boolean;
  /** The values of a choice; each has words under `prefix` and its name. */
  readonly values?: readonly string[];
  readonly prefix?: 'reason-' | 'outcome-';
  readonly hint?: WordKey;
}

/** What was filled in, by the names of the fields. */
export type DeedValues = Readonly<Record<string, string>>;

/** What is wrong with a field, in words. */
export type DeedProblems = Readonly<Record<string, WordKey>>;

const NOTE: DeedField = {
  ...{ name: 'note', label: 'noteOptional', kind: 'lines', required: false, hint: 'noteNoName' },
};
const STATION: DeedField = {
  name: 'stationAeTitle',
  label: 'stationOptional',
  kind: 'text',
  required: false,
};

/** Actions that ask for something first; the others are done at once. */
export const DEED_FIELDS: Readonly<Partial<Record<ReferralActionName, readonly DeedField[]>>> = {
  assign: [{ name: 'userId', label: 'colleague', kind: 'colleague', required: true }],
  dismiss: [
    {
      ...{ name: 'reason', label: 'dismissReason', kind: 'choice', required: true },
      ...{ values: DISMISSAL_REASONS, prefix: 'reason-' },
    },
    NOTE,
  ],
  'order-dxa': [
    { name: 'date', label: 'dateOptional', kind: 'date', required: false },
    { name: 'time', label: 'timeOptional', kind: 'time', required: false },
    STATION,
  ],
  'book-dxa': [
    { name: 'date', label: 'date', kind: 'date', required: true },
    { name: 'time', label: 'timeOfDay', kind: 'time', required: true },
    STATION,
  ],
  'cancel-dxa': [NOTE],
  'record-dxa': [
    { name: 'measuredOn', label: 'measuredOn', kind: 'date', required: true },
    { name: 'lumbarSpine', label: 'lumbarSpine', kind: 'score', required: false },
    { name: 'femoralNeck', label: 'femoralNeck', kind: 'score', required: false },
    { name: 'totalHip', label: 'totalHip', kind: 'score', required: false, hint: 'tScoreHint' },
  ],
  close: [
    {
      ...{ name: 'outcome', label: 'outcomeLabel', kind: 'choice', required: true },
      ...{ values: CLOSING_OUTCOMES, prefix: 'outcome-' },
    },
    NOTE,
  ],
  'set-due': [{ name: 'dueOn', label: 'dueOn', kind: 'date', required: true }],
  note: [{ name: 'text', label: 'noteText', kind: 'lines', required: true, hint: 'noteNoName' }],
};

const SCORES = ['lumbarSpine', 'femoralNeck', 'totalHip'] as const;
const SCORE_MIN = -9;
const SCORE_MAX = 5;

/**
 * The next step as a row of the list offers it. Once DXA is done it follows from the T-scores, which a row does not
 * hold: then it is taken on the referral's own page.
 */
export function stepOfRow(row: ReferralListRow, roles: readonly Role[]): ReferralActionName | undefined {
  const { state, owner, assessments } = row;
  if (state === 'dxa-done') return undefined;
  const [next] = offeredActions({
    ...{ state, roles, hasOwner: owner !== null, isStepWaiting: true, canUndo: false },
    ...{ densityClass: undefined, asksTreatment: assessments.includes('treatment') },
  });
  return next === 'note' ? undefined : next;
}

/** What the key `a` does: it accepts what was looked at, and takes the next step where that is done. */
export function stepOnward(row: ReferralListRow, roles: readonly Role[]): ReferralActionName | undefined {
  const next = stepOfRow(row, roles);
  return next === 'claim' ? 'accept' : next;
}

/** A number as people here write it, with a comma or a point and any minus sign; undefined where it is none. */
export function parseDecimal(text: string): number | undefined {
  const plain = text.trim().replace(/^[−–]/, '-').replace(',', '.');
  return /^-?\d+(\.\d+)?$/.test(plain) ? Number(plain) : undefined;
}

/** What is wrong with what was filled in; nothing where it can be sent. */
export function findProblems(name: ReferralActionName, values: DeedValues): DeedProblems {
  const fields = DEED_FIELDS[name] ?? [];
  const found = fields.flatMap((field): [string, WordKey][] => {
    const text = (values[field.name] ?? '').trim();
    if (text === '') return field.required ? [[field.name, 'field-required']] : [];
    if (field.kind === 'date' && !isDate(text)) return [[field.name, 'field-date']];
    if (field.kind === 'time' && !/^([01]\d|2[0-3]):[0-5]\d$/.test(text)) return [[field.name, 'field-time']];
    if (field.kind !== 'score') return [];
    const score = parseDecimal(text);
    return score === undefined || score < SCORE_MIN || score > SCORE_MAX ? [[field.name, 'field-score']] : [];
  });
  if (name === 'record-dxa' && SCORES.every((score) => (values[score] ?? '').trim() === '')) {
    found.push(['lumbarSpine', 'field-score-missing']);
  }
  return Object.fromEntries(found);
}

/** The action as it is sent; the values must have no problems. */
export function deedOf(name: ReferralActionName, version: number, values: DeedValues): ReferralAction {
  const filled = Object.fromEntries(
    (DEED_FIELDS[name] ?? []).flatMap(({ name: field, kind }): [string, string][] => {
      const text = (values[field] ?? '').trim();
      return text === '' || kind === 'score' ? [] : [[field, text]];
    }),
  );
  if (name !== 'record-dxa') return { action: name, version, ...filled } as unknown as ReferralAction;
  const score = (field: (typeof SCORES)[number]): number | null => parseDecimal(values[field] ?? '') ?? null;
  return {
    ...{ action: name, version, measuredOn: filled['measuredOn'] ?? '' },
    tScores: {
      lumbarSpine: score('lumbarSpine'),
      femoralNeck: score('femoralNeck'),
      totalHip: score('totalHip'),
    },
  };
}

function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
}
