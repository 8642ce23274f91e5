/** The films that speak for a referral, and what they ask for. */
import { sql } from 'kysely';
import { ASSESSMENTS, type Assessment } from '../exam/assessment.ts';
import type { Connection } from './exam-records.ts';
import type { ReferralExamTable } from './referral-tables.ts';

/** What is stored of a film's assessments: DXA is not, for every film on a referral asks for it. */
export type Asks = Pick<ReferralExamTable, 'asks_treatment' | 'asks_frax'>;

/** The columns for what a film asks for. */
export function asksOf(assessments: readonly Assessment[]): Asks {
  const bit = (assessment: Assessment): 0 | 1 => (assessments.includes(assessment) ? 1 : 0);
  return { asks_treatment: bit('treatment'), asks_frax: bit('frax') };
}

/** What films ask for together, the most pressing first. */
export function assessmentsAsked(films: readonly Asks[]): readonly Assessment[] {
  const isAsked: Readonly<Record<Assessment, boolean>> = {
    treatment: films.some((film) => film.asks_treatment === 1),
    frax: films.some((film) => film.asks_frax === 1),
    dxa: true,
  };
  return ASSESSMENTS.filter((assessment) => isAsked[assessment]);
}

/** Puts a film on a referral; one that is there already asks for what it asked for and for what is new. */
export async function putFilmOnReferral(database: Connection, film: ReferralExamTable): Promise<void> {
  await database
    .insertInto('referral_exams')
    .values(film)
    .onConflict((conflict) =>
      conflict.columns(['referral_id', 'exam_id']).doUpdateSet({
        asks_treatment: sql<0 | 1>`referral_exams.asks_treatment | excluded.asks_treatment`,
        asks_frax: sql<0 | 1>`referral_exams.asks_frax | excluded.asks_frax`,
      }),
    )
    .execute();
}
