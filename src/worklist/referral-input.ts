/** What people send about a referral, checked: actions and risk factors. */
import { z } from 'zod';
import { CLOSING_OUTCOMES, DISMISSAL_REASONS } from '../exam/referral-life.ts';
import type { RiskFactors } from '../exam/risk-factors.ts';
import type { ReferralAction } from './referral-views.ts';

const TEXT_CHARACTERS_MAX = 2_000;
const T_SCORE_MAX = 10;

const version = z.number().int().min(0);
const text = z.string().trim().min(1).max(TEXT_CHARACTERS_MAX);
const note = text.optional();
const day = z.iso.date('is no day written as YYYY-MM-DD');
const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'is no time written as HH:MM');
const stationAeTitle = z
  .string()
  .trim()
  .regex(/^[^\\\p{Cc}]{1,16}$/u, 'is no AE title of 1 to 16 characters')
  .optional();
const tScore = z.number().min(-T_SCORE_MAX).max(T_SCORE_MAX).nullable();

const tScoresSchema = z
  .strictObject({ lumbarSpine: tScore, femoralNeck: tScore, totalHip: tScore })
  .refine(
    (scores) => Object.values(scores).some((score) => score !== null),
    'at least one T-score is needed',
  );

/** Everything that a person can do with a referral; `version` is the one that was seen. */
const actionSchema = z.discriminatedUnion('action', [
  z.strictObject({ version, action: z.literal('claim') }),
  z.strictObject({ version, action: z.literal('assign'), userId: z.string().min(1).max(64) }),
  z.strictObject({ version, action: z.literal('release') }),
  z.strictObject({ version, action: z.literal('dismiss'), reason: z.enum(DISMISSAL_REASONS), note }),
  z.strictObject({ version, action: z.literal('accept') }),
  z.strictObject({
    ...{ version, action: z.literal('order-dxa') },
    ...{ date: day.optional(), time: time.optional(), stationAeTitle },
  }),
  z.strictObject({ version, action: z.literal('book-dxa'), date: day, time, stationAeTitle }),
  z.strictObject({ version, action: z.literal('cancel-dxa'), note }),
  z.strictObject({ version, action: z.literal('record-dxa'), measuredOn: day, tScores: tScoresSchema }),
  z.strictObject({ version, action: z.literal('assess-treatment') }),
  z.strictObject({ version, action: z.literal('close'), outcome: z.enum(CLOSING_OUTCOMES), note }),
  z.strictObject({ version, action: z.literal('reopen') }),
  z.strictObject({ version, action: z.literal('set-due'), dueOn: day }),
  z.strictObject({ version, action: z.literal('note'), text }),
  z.strictObject({ version, action: z.literal('undo') }),
]);

const answer = z.boolean().nullable();
const percent = z.number().min(0).max(100);

/** PUT /api/referrals/:referralId/risk-factors. */
export const riskFactorsSchema: z.ZodType<RiskFactors> = z.strictObject({
  weightKg: z.number().min(20).max(350).nullable(),
  heightCm: z.number().min(90).max(230).nullable(),
  hasPriorFracture: answer,
  hasParentHipFracture: answer,
  smokes: answer,
  usesGlucocorticoids: answer,
  hasRheumatoidArthritis: answer,
  drinksThreeUnitsDaily: answer,
  usesOestrogen: answer,
  frax: z
    .strictObject({
      majorPercent: percent,
      hipPercent: percent.nullable(),
      withBmd: z.boolean(),
      version: z.string().trim().min(1).max(40),
      country: z.string().trim().min(2).max(60),
    })
    .nullable(),
});

/** POST /api/referrals/:referralId/actions; what is left out is left out, not undefined. */
export const referralActionSchema = actionSchema.transform(
  (action) =>
    Object.fromEntries(
      Object.entries(action).filter(([, value]) => value !== undefined),
    ) as unknown as ReferralAction,
) as z.ZodType<ReferralAction>;
