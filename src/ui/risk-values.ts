/** The form of the risk factors: what is written in it, and the factors it stands for. Pure. */
import type { RiskFactors } from '../exam/risk-factors.ts';
import { parseDecimal } from './referral-deeds.ts';

/** Factors that are known to be there, known not to be, or not known. */
export const RISK_QUESTIONS = [
  'hasPriorFracture',
  'hasParentHipFracture',
  'smokes',
  'usesGlucocorticoids',
  'hasRheumatoidArthritis',
  'drinksThreeUnitsDaily',
  'usesOestrogen',
] as const;

/** One of them. */
export type RiskQuestion = (typeof RISK_QUESTIONS)[number];

/** What an answer can be; empty: not known. */
export type RiskAnswer = '' | 'yes' | 'no';

/** The form as it is written. */
export interface RiskForm {
  readonly weightKg: string;
  readonly heightCm: string;
  readonly answers: Readonly<Record<RiskQuestion, RiskAnswer>>;
  readonly fraxMajor: string;
  readonly fraxHip: string;
  readonly fraxWithBmd: boolean;
  readonly fraxVersion: string;
  readonly fraxCountry: string;
}

const LIMITS = {
  weightKg: [20, 300],
  heightCm: [100, 230],
  percent: [0, 100],
} as const;

/** The form of what is known. */
export function formOf(factors: RiskFactors | null, language: 'en' | 'sv'): RiskForm {
  const written = (value: number | null | undefined): string =>
    value === null || value === undefined ? '' : String(value).replace('.', language === 'sv' ? ',' : '.');
  const frax = factors?.frax ?? null;
  return {
    weightKg: written(factors?.weightKg),
    heightCm: written(factors?.heightCm),
    answers: Object.fromEntries(
      RISK_QUESTIONS.map((question) => [question, answerOf(factors?.[question] ?? null)]),
    ) as RiskForm['answers'],
    fraxMajor: written(frax?.majorPercent),
    fraxHip: written(frax?.hipPercent),
    fraxWithBmd: frax?.withBmd ?? false,
    fraxVersion: frax?.version ?? '',
    fraxCountry: frax?.country ?? 'SE',
  };
}

/** The factors of a form; undefined where a number is none or beyond what people have. */
export function factorsOf(form: RiskForm): RiskFactors | undefined {
  const weightKg = numberIn(form.weightKg, LIMITS.weightKg);
  const heightCm = numberIn(form.heightCm, LIMITS.heightCm);
  const majorPercent = numberIn(form.fraxMajor, LIMITS.percent);
  const hipPercent = numberIn(form.fraxHip, LIMITS.percent);
  if (weightKg === undefined || heightCm === undefined) return undefined;
  if (majorPercent === undefined || hipPercent === undefined) return undefined;
  const answers = Object.fromEntries(
    RISK_QUESTIONS.map((question) => [question, { '': null, yes: true, no: false }[form.answers[question]]]),
  ) as Pick<RiskFactors, RiskQuestion>;
  const { fraxVersion, fraxCountry } = form;
  const frax =
    majorPercent === null
      ? null
      : {
          ...{ majorPercent, hipPercent, withBmd: form.fraxWithBmd },
          ...{ version: fraxVersion.trim(), country: fraxCountry.trim() },
        };
  return { weightKg, heightCm, ...answers, frax };
}

function answerOf(value: boolean | null): RiskAnswer {
  if (value === null) return '';
  return value ? 'yes' : 'no';
}

/** null: nothing was written; undefined: what was written is no such number. */
function numberIn(text: string, [min, max]: readonly [number, number]): number | null | undefined {
  if (text.trim() === '') return null;
  const value = parseDecimal(text);
  return value === undefined || value < min || value > max ? undefined : value;
}
