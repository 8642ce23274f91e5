/** What the list shows and sorts by stands in the referral itself; it is made here from its films, and nowhere else. */
import { urgencyOf } from '../decide/urgency.ts';
import type { GenantGrade } from '../exam/analysis.ts';
import { compareFindings, type FindingKind, findingKindOf, sortingScoreOf } from '../exam/finding-kind.ts';
import { type FindingFigures, figuresOf } from '../exam/finding-figures.ts';
import { parseStoredAnalysis } from '../exam/stored-analysis.ts';
import type { Connection } from './exam-records.ts';

/** What a referral says of its films. */
export interface ReferralSummary {
  readonly kind: FindingKind | null;
  readonly grade: GenantGrade | null;
  readonly sortingScore: number | null;
  readonly urgency: number;
  /** The film that speaks most clearly; null where there is none. */
  readonly leadExamId: string | null;
}

interface FilmOfReferral {
  readonly exam_id: string;
  readonly analysis_json: string | null;
  readonly asks_treatment: 0 | 1;
}

/**
 * Makes the summary of a referral anew. To be called within whatever changes its films: one that joins, is assessed
 * anew or comes with another identity. A film that is no finding any longer comes after those that are.
 */
export async function refreshReferral(database: Connection, referralId: string): Promise<ReferralSummary> {
  const rows = await database
    .selectFrom('referral_exams')
    .innerJoin('exams', 'exams.exam_id', 'referral_exams.exam_id')
    .select(['exams.exam_id', 'age_years', 'site_id', 'received_at_ms', 'analysis_json', 'asks_treatment'])
    .where('referral_id', '=', referralId)
    .orderBy('received_at_ms')
    .execute();
  const films = rows.map((row) => ({ ...row, ...findingOf(row) })).toSorted(compareFindings);
  const lead = films[0];
  const { kind = null, grade = null, sortingScore = null } = lead ?? {};
  const urgency = urgencyOf({
    kind,
    grade,
    sortingScore,
    ageYears: lead?.age_years ?? null,
    asksTreatment: films.some((film) => film.kind !== null && film.asks_treatment === 1),
  });
  const summary = { kind, grade, sortingScore, urgency, leadExamId: lead?.exam_id ?? null };
  await database
    .updateTable('referrals')
    .set({
      kind,
      grade,
      sorting_score: sortingScore,
      urgency,
      lead_exam_id: summary.leadExamId,
      figures_json: lead?.figures == null ? null : JSON.stringify(lead.figures),
      ...(lead === undefined ? {} : { age_years: lead.age_years, site_id: lead.site_id }),
      ...(rows[0] === undefined ? {} : { arrived_at_ms: rows[0].received_at_ms }),
    })
    .where('referral_id', '=', referralId)
    .execute();
  return summary;
}

/** What the summary was before. */
export async function readSummary(database: Connection, referralId: string): Promise<ReferralSummary> {
  const row = await database
    .selectFrom('referrals')
    .select(['kind', 'grade', 'sorting_score', 'urgency', 'lead_exam_id'])
    .where('referral_id', '=', referralId)
    .executeTakeFirstOrThrow();
  const { kind, urgency, sorting_score: sortingScore, lead_exam_id: leadExamId } = row;
  return { kind, grade: row.grade as GenantGrade | null, sortingScore, urgency, leadExamId };
}

/** Referrals of an earlier version get their summary; each time so many. Returns how many there were. */
export async function refreshUnsummarised(database: Connection, limit: number): Promise<number> {
  const rows = await database
    .selectFrom('referrals')
    .select('referral_id')
    .where('lead_exam_id', 'is', null)
    .where('referral_id', 'in', (from) =>
      from.selectFrom('referral_exams').select('referral_exams.referral_id'),
    )
    .limit(limit)
    .execute();
  for (const { referral_id } of rows) await refreshReferral(database, referral_id);
  return rows.length;
}

function findingOf({ analysis_json: json }: FilmOfReferral): Pick<
  ReferralSummary,
  'kind' | 'grade' | 'sortingScore'
> & {
  readonly figures: FindingFigures | null;
} {
  const analysis = json === null ? null : parseStoredAnalysis(json);
  const figures = analysis && figuresOf(analysis);
  if (analysis?.outcome !== 'positive') return { kind: null, grade: null, sortingScore: null, figures };
  return {
    kind: findingKindOf(analysis),
    grade: figures?.vertebra?.genantGrade ?? null,
    sortingScore: sortingScoreOf(analysis),
    figures,
  };
}
