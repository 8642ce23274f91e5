/** Referrals, orders, what was entered and what happened, as other systems read them. */
import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { ProcedureStepState } from '../exam/exam-state.ts';
import type { ReferralState } from '../exam/referral-life.ts';
import type { Connection } from './exam-records.ts';
import { beginsAt, directionOf, type RecordPage, type TimeRange } from './record-page.ts';
import type {
  DxaMeasurementTable,
  ProcedureStepTable,
  ReferralEventTable,
  ReferralTable,
  RiskFactorTable,
} from './referral-tables.ts';
import type { CorrectionTable } from './schema.ts';
import { isFilmOfSites, isReferralOfSites } from './site-films.ts';

/** Which referrals, and rows that belong to one, are looked for. */
export interface ReferralFilter {
  /** Of the rows themselves. */
  readonly ids?: readonly string[];
  readonly personIds?: readonly string[];
  readonly referralIds?: readonly string[];
  readonly examIds?: readonly string[];
  readonly changed?: TimeRange;
  readonly referralStates?: readonly ReferralState[];
  readonly stepStates?: readonly ProcedureStepState[];
  readonly ownerIds?: readonly string[];
  /** Of an order: the number of its accession or of its request. */
  readonly orderNumbers?: readonly string[];
  /** Orders that a referral has, or that asked for a DXA. */
  readonly stepIds?: readonly string[];
  /** Sites beyond whose films nothing is shown; left out: of every site. */
  readonly siteIds?: readonly string[];
}

/** What a referral rests on. */
interface ReferralGrounds {
  /** Films that speak for it, may be seen and have a result, the clearest first. */
  readonly filmIds: readonly string[];
  readonly asksTreatment: boolean;
}

/** A referral with its order. */
export interface SharedReferral extends Selectable<ReferralTable>, ReferralGrounds {
  /** The order that was made last; null before there is one. */
  readonly stepId: string | null;
}

/** An order with whom it is for. */
export interface SharedOrder extends Selectable<ProcedureStepTable>, ReferralGrounds {
  readonly personId: string;
  readonly ownerId: string | null;
}

/** T-scores with whose they are, and the order that asked for them. */
export interface SharedDxa extends Selectable<DxaMeasurementTable> {
  readonly personId: string;
  readonly stepId: string | null;
}

/** Risk factors with what the indices need besides. */
export interface SharedRisk extends Selectable<RiskFactorTable> {
  readonly patientId: string | null;
  readonly birthDate: string | null;
  readonly sex: string | null;
}

/** What happened to a referral. */
export interface SharedEvent extends Selectable<ReferralEventTable> {
  readonly personId: string;
}

/** A correction of points. */
export interface SharedCorrection extends Selectable<CorrectionTable> {
  readonly personId: string;
}

/** Referrals in the order of their last change. */
export async function listSharedReferrals(
  database: Connection,
  filter: ReferralFilter,
  page: RecordPage,
): Promise<readonly SharedReferral[]> {
  const { ids, personIds, changed, referralStates, ownerIds, stepIds, examIds, siteIds } = filter;
  let query = database
    .selectFrom('referrals as r')
    .selectAll('r')
    .where(beginsAt(page, { at: 'r.updated_at_ms', key: 'r.referral_id' }))
    .orderBy('r.updated_at_ms', directionOf(page))
    .orderBy('r.referral_id', directionOf(page))
    .limit(page.limit);
  if (siteIds !== undefined) query = query.where(isReferralOfSites('r.referral_id', siteIds));
  if (ids !== undefined) query = query.where('r.referral_id', 'in', ids);
  if (personIds !== undefined) query = query.where('r.person_id', 'in', personIds);
  if (referralStates !== undefined) query = query.where('r.state', 'in', referralStates);
  if (ownerIds !== undefined) query = query.where('r.owner_id', 'in', ownerIds);
  if (stepIds !== undefined) query = query.where('r.referral_id', 'in', referralsOf(database, stepIds));
  if (examIds !== undefined) {
    query = query.where('r.referral_id', 'in', (films) =>
      films
        .selectFrom('referral_exams as named')
        .select('named.referral_id')
        .where('named.exam_id', 'in', examIds),
    );
  }
  if (changed !== undefined) {
    query = query.where('r.updated_at_ms', '>=', changed.fromMs).where('r.updated_at_ms', '<=', changed.toMs);
  }
  const rows = await query.execute();
  const grounds = await readGrounds(database, rows, siteIds);
  const steps = await listSteps(
    database,
    rows.map((row) => row.referral_id),
  );
  return rows.map((row) => ({
    ...row,
    ...(grounds.get(row.referral_id) ?? NO_GROUNDS),
    stepId: steps.get(row.referral_id) ?? null,
  }));
}

/** Orders of a DXA in the order of their last change. */
export async function listSharedOrders(
  database: Connection,
  filter: ReferralFilter,
  page: RecordPage,
): Promise<readonly SharedOrder[]> {
  const { ids, personIds, changed, stepStates, orderNumbers, siteIds } = filter;
  let query = database
    .selectFrom('procedure_steps as s')
    .innerJoin('referrals as r', 'r.referral_id', 's.referral_id')
    .selectAll('s')
    .select(['r.person_id as personId', 'r.owner_id as ownerId', 'r.lead_exam_id'])
    .where(beginsAt(page, { at: 's.updated_at_ms', key: 's.step_id' }))
    .orderBy('s.updated_at_ms', directionOf(page))
    .orderBy('s.step_id', directionOf(page))
    .limit(page.limit);
  if (siteIds !== undefined) query = query.where(isReferralOfSites('s.referral_id', siteIds));
  if (ids !== undefined) query = query.where('s.step_id', 'in', ids);
  if (personIds !== undefined) query = query.where('r.person_id', 'in', personIds);
  if (stepStates !== undefined) query = query.where('s.state', 'in', stepStates);
  if (orderNumbers !== undefined) {
    query = query.where((or) =>
      or.or([
        or('s.accession_number', 'in', orderNumbers),
        or('s.requested_procedure_id', 'in', orderNumbers),
      ]),
    );
  }
  if (changed !== undefined) {
    query = query.where('s.updated_at_ms', '>=', changed.fromMs).where('s.updated_at_ms', '<=', changed.toMs);
  }
  const rows = await query.execute();
  const grounds = await readGrounds(database, rows, siteIds);
  return rows.map((row) => ({
    ...row,
    ...(grounds.get(row.referral_id) ?? NO_GROUNDS),
  }));
}

/** T-scores in the order in which they were entered. */
export async function listSharedDxa(
  database: Connection,
  filter: ReferralFilter,
  page: RecordPage,
): Promise<readonly SharedDxa[]> {
  const { ids, personIds, changed, stepIds, siteIds } = filter;
  let query = database
    .selectFrom('dxa_measurements as m')
    .selectAll('m')
    .select(personOfReferral('m').as('personId'))
    .where(beginsAt(page, { at: 'm.at_ms', key: 'm.dxa_id' }))
    .orderBy('m.at_ms', directionOf(page))
    .orderBy('m.dxa_id', directionOf(page))
    .limit(page.limit);
  if (siteIds !== undefined) query = query.where(isReferralOfSites('m.referral_id', siteIds));
  if (ids !== undefined) query = query.where('m.dxa_id', 'in', ids);
  if (stepIds !== undefined) query = query.where('m.referral_id', 'in', referralsOf(database, stepIds));
  if (personIds !== undefined)
    query = query.where('m.referral_id', 'in', referralsOfPersons(database, personIds));
  if (changed !== undefined) {
    query = query.where('m.at_ms', '>=', changed.fromMs).where('m.at_ms', '<=', changed.toMs);
  }
  const rows = await query.execute();
  const steps = await listSteps(
    database,
    rows.map((row) => row.referral_id),
  );
  return rows.map((row) => ({ ...row, stepId: steps.get(row.referral_id) ?? null }));
}

/** Risk factors in the order in which they were entered. */
export function listSharedRisks(
  database: Connection,
  filter: ReferralFilter,
  page: RecordPage,
): Promise<readonly SharedRisk[]> {
  const { ids, personIds, changed, siteIds } = filter;
  let query = database
    .selectFrom('risk_factors as f')
    .leftJoin('persons as p', 'p.person_id', 'f.person_id')
    .selectAll('f')
    .select(['p.patient_id as patientId', 'p.birth_date as birthDate', 'p.sex'])
    .where(beginsAt(page, { at: 'f.at_ms', key: 'f.risk_id' }))
    .orderBy('f.at_ms', directionOf(page))
    .orderBy('f.risk_id', directionOf(page))
    .limit(page.limit);
  if (siteIds !== undefined) {
    query = query.where('f.person_id', 'in', (referrals) =>
      referrals
        .selectFrom('referrals as r')
        .select('r.person_id')
        .whereRef('r.person_id', '=', 'f.person_id')
        .where(isReferralOfSites('r.referral_id', siteIds)),
    );
  }
  if (ids !== undefined) query = query.where('f.risk_id', 'in', ids);
  if (personIds !== undefined) query = query.where('f.person_id', 'in', personIds);
  if (changed !== undefined) {
    query = query.where('f.at_ms', '>=', changed.fromMs).where('f.at_ms', '<=', changed.toMs);
  }
  return query.execute();
}

/** What happened to referrals, in order. */
export async function listSharedEvents(
  database: Connection,
  filter: ReferralFilter,
  page: RecordPage,
): Promise<readonly SharedEvent[]> {
  const { ids, personIds, referralIds, changed, siteIds } = filter;
  const eventIds = ids?.filter((id) => /^\d{1,15}$/.test(id)).map(Number);
  if (eventIds?.length === 0) return [];
  let query = database
    .selectFrom('referral_events as v')
    .selectAll('v')
    .select(personOfReferral('v').as('personId'))
    .where(beginsAt(page, { at: 'v.at_ms', key: 'v.event_id' }, Number))
    .orderBy('v.at_ms', directionOf(page))
    .orderBy('v.event_id', directionOf(page))
    .limit(page.limit);
  if (siteIds !== undefined) query = query.where(isReferralOfSites('v.referral_id', siteIds));
  if (eventIds !== undefined) query = query.where('v.event_id', 'in', eventIds);
  if (personIds !== undefined)
    query = query.where('v.referral_id', 'in', referralsOfPersons(database, personIds));
  if (referralIds !== undefined) query = query.where('v.referral_id', 'in', referralIds);
  if (changed !== undefined) {
    query = query.where('v.at_ms', '>=', changed.fromMs).where('v.at_ms', '<=', changed.toMs);
  }
  return query.execute();
}

/** Corrections of points, in order. */
export function listSharedCorrections(
  database: Connection,
  filter: ReferralFilter,
  page: RecordPage,
): Promise<readonly SharedCorrection[]> {
  const { ids, personIds, examIds, changed, siteIds } = filter;
  let query = database
    .selectFrom('corrections as c')
    .selectAll('c')
    .select(sql<string>`(SELECT e.person_id FROM exams e WHERE e.exam_id = c.exam_id)`.as('personId'))
    .where(beginsAt(page, { at: 'c.at_ms', key: 'c.correction_id' }))
    .orderBy('c.at_ms', directionOf(page))
    .orderBy('c.correction_id', directionOf(page))
    .limit(page.limit);
  if (siteIds !== undefined) {
    query = query.where((where) =>
      where.exists(
        where
          .selectFrom('exams as film')
          .select('film.exam_id')
          .whereRef('film.exam_id', '=', 'c.exam_id')
          .where(isFilmOfSites('film', siteIds)),
      ),
    );
  }
  if (ids !== undefined) query = query.where('c.correction_id', 'in', ids);
  if (personIds !== undefined) query = query.where('c.exam_id', 'in', filmsOf(database, personIds));
  if (examIds !== undefined) query = query.where('c.exam_id', 'in', examIds);
  if (changed !== undefined) {
    query = query.where('c.at_ms', '>=', changed.fromMs).where('c.at_ms', '<=', changed.toMs);
  }
  return query.execute();
}

/** People who signed in here, by their identifiers; for whoever reads who did what. */
export function listSharedUsers(
  database: Connection,
  filter: { readonly ids?: readonly string[] },
  page: RecordPage,
): Promise<readonly { readonly user_id: string; readonly name: string; readonly is_disabled: 0 | 1 }[]> {
  let query = database
    .selectFrom('users')
    .select(['user_id', 'name', 'is_disabled'])
    .orderBy('user_id')
    .limit(page.limit);
  if (page.from?.key != null) query = query.where('user_id', '>=', page.from.key);
  if (filter.ids !== undefined) query = query.where('user_id', 'in', filter.ids);
  return query.execute();
}

const NO_GROUNDS: ReferralGrounds = { filmIds: [], asksTreatment: false };

async function readGrounds(
  database: Connection,
  referrals: readonly { readonly referral_id: string; readonly lead_exam_id: string | null }[],
  siteIds: ReferralFilter['siteIds'],
): Promise<ReadonlyMap<string, ReferralGrounds>> {
  if (referrals.length === 0) return new Map();
  let query = database
    .selectFrom('referral_exams as f')
    .innerJoin('exams as e', 'e.exam_id', 'f.exam_id')
    .select(['f.referral_id', 'f.exam_id', 'f.asks_treatment'])
    .where(
      'f.referral_id',
      'in',
      referrals.map((row) => row.referral_id),
    )
    .where('e.analysis_json', 'is not', null)
    .orderBy('e.received_at_ms')
    .orderBy('f.exam_id');
  if (siteIds !== undefined) query = query.where(isFilmOfSites('e', siteIds));
  const films = await query.execute();
  return new Map(
    referrals.map((referral) => {
      const own = films.filter((film) => film.referral_id === referral.referral_id);
      const filmIds = own.map((film) => film.exam_id);
      const lead = filmIds.filter((id) => id === referral.lead_exam_id);
      return [
        referral.referral_id,
        {
          filmIds: [...new Set([...lead, ...filmIds])],
          asksTreatment: own.some((film) => film.asks_treatment === 1),
        },
      ];
    }),
  );
}

function referralsOf(database: Connection, stepIds: readonly string[]) {
  return database.selectFrom('procedure_steps').select('referral_id').where('step_id', 'in', stepIds);
}

/** Not joined: a planner that knows of few rows here would begin with all referrals. */
function personOfReferral(alias: 'm' | 'v'): RawBuilder<string> {
  const referralId = sql.ref(`${alias}.referral_id`);
  return sql<string>`(SELECT r.person_id FROM referrals r WHERE r.referral_id = ${referralId})`;
}

function referralsOfPersons(database: Connection, personIds: readonly string[]) {
  return database.selectFrom('referrals').select('referral_id').where('person_id', 'in', personIds);
}

function filmsOf(database: Connection, personIds: readonly string[]) {
  return database.selectFrom('exams').select('exam_id').where('person_id', 'in', personIds);
}

/** The order of each referral that was made last. */
async function listSteps(
  database: Connection,
  referralIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (referralIds.length === 0) return new Map();
  const rows = await database
    .selectFrom('procedure_steps')
    .select(['referral_id', 'step_id'])
    .where('referral_id', 'in', referralIds)
    .orderBy('created_at_ms')
    .orderBy('step_id')
    .execute();
  return new Map(rows.map((row) => [row.referral_id, row.step_id]));
}
