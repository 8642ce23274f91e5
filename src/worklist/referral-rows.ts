/** Rows of the list of referrals, made of what stands in the record; of the films only the reasons of the one that speaks most clearly. */
import type { Selectable } from 'kysely';
import type { Connection } from '../database/exam-records.ts';
import { assessmentsAsked } from '../database/referral-films.ts';
import type { ReferralExamTable } from '../database/referral-tables.ts';
import type { Reason } from '../exam/analysis.ts';
import { dueStanding } from '../exam/due-standing.ts';
import { type FindingFigures, NO_FIGURES } from '../exam/finding-figures.ts';
import { PERSON_COLUMNS, personView } from './person-view.ts';
import type { ReferralListRow } from './referral-views.ts';

/** The name of a site; one that the sites file no longer has is called by its identifier. */
export type NameSite = (siteId: string) => string;

interface LeadFilm {
  readonly ageYears: number | null;
  readonly reasons: readonly Reason[];
}

type FilmOfReferral = Selectable<ReferralExamTable> & { readonly received_at_ms: number };

/** The referrals as rows, in the order that they are named in; one that does not exist is left out. */
export async function readReferralRows(
  database: Connection,
  referralIds: readonly string[],
  { nameSite, nowMs }: { readonly nameSite: NameSite; readonly nowMs: number },
): Promise<readonly ReferralListRow[]> {
  if (referralIds.length === 0) return [];
  const rows = await selectRows(database, referralIds);
  const films = await selectFilms(database, referralIds);
  const filmsOf = (referralId: string) => films.filter((film) => film.referral_id === referralId);
  const leadOf = (row: (typeof rows)[number]) => row.lead_exam_id ?? filmsOf(row.referral_id)[0]?.exam_id;
  const leads = await readLeads(
    database,
    rows.flatMap((row) => leadOf(row) ?? []),
  );
  const shown = rows.map((row): ReferralListRow => {
    const mine = filmsOf(row.referral_id);
    const leadId = leadOf(row);
    const lead = leadId === undefined ? undefined : leads.get(leadId);
    return {
      referralId: row.referral_id,
      state: row.state,
      version: row.version,
      personId: row.person_id,
      person: personView(row, nowMs),
      owner: row.owner_id === null ? null : { userId: row.owner_id, name: row.owner_name ?? row.owner_id },
      assessments: assessmentsAsked(mine),
      ageYears: row.age_years ?? lead?.ageYears ?? null,
      ...(row.figures_json === null ? NO_FIGURES : (JSON.parse(row.figures_json) as FindingFigures)),
      ...{ kind: row.kind, sortingScore: row.sorting_score },
      ...{ finding: lead?.reasons[0]?.text ?? '', reasons: lead?.reasons ?? [] },
      examIds: mine
        .map((film) => film.exam_id)
        .toSorted((a, b) => Number(b === leadId) - Number(a === leadId)),
      arrivedAt: isoTime(row.arrived_at_ms),
      createdAt: isoTime(row.created_at_ms),
      dueAt: row.due_at_ms === null ? null : isoTime(row.due_at_ms),
      dueStanding: dueStanding(row.due_at_ms, nowMs),
      stateSince: isoTime(row.state_since_ms),
      urgency: row.urgency,
      site: { siteId: row.site_id, name: nameSite(row.site_id) },
    };
  });
  const byId = new Map(shown.map((row) => [row.referralId, row]));
  return referralIds.flatMap((referralId) => byId.get(referralId) ?? []);
}

function selectRows(database: Connection, referralIds: readonly string[]) {
  return database
    .selectFrom('referrals as r')
    .innerJoin('persons', 'persons.person_id', 'r.person_id')
    .leftJoin('users', 'users.user_id', 'r.owner_id')
    .select(['r.referral_id', 'r.person_id', 'r.state', 'r.version', 'r.owner_id', 'r.lead_exam_id'])
    .select(['r.kind', 'r.sorting_score', 'r.figures_json'])
    .select([
      'r.created_at_ms',
      'r.arrived_at_ms',
      'r.due_at_ms',
      'r.state_since_ms',
      'r.urgency',
      'r.age_years',
      'r.site_id',
    ])
    .select(['users.name as owner_name', ...PERSON_COLUMNS])
    .where('r.referral_id', 'in', referralIds)
    .execute();
}

function selectFilms(
  database: Connection,
  referralIds: readonly string[],
): Promise<readonly FilmOfReferral[]> {
  return database
    .selectFrom('referral_exams as f')
    .innerJoin('exams', 'exams.exam_id', 'f.exam_id')
    .select(['f.referral_id', 'f.exam_id', 'f.asks_treatment', 'f.asks_frax', 'exams.received_at_ms'])
    .where('f.referral_id', 'in', referralIds)
    .orderBy('exams.received_at_ms', 'desc')
    .execute();
}

async function readLeads(
  database: Connection,
  examIds: readonly string[],
): Promise<ReadonlyMap<string, LeadFilm>> {
  if (examIds.length === 0) return new Map();
  const rows = await database
    .selectFrom('exams')
    .select(['exam_id', 'age_years', 'reasons_json'])
    .where('exam_id', 'in', examIds)
    .execute();
  return new Map(
    rows.map((row) => [
      row.exam_id,
      {
        ageYears: row.age_years,
        reasons: JSON.parse(row.reasons_json) as readonly Reason[],
      },
    ]),
  );
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
