import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import { restartDeliveries, type RestartSelection } from '../database/delivery-records.ts';
import type { Database } from '../database/schema.ts';
import type { DeliveryState, ReportKind } from '../exam/exam-state.ts';
import type { PersonView } from './worklist-views.ts';
import { PERSON_COLUMNS, personView } from './person-view.ts';

/** The sending of one report object to one destination, as the page shows it. */
export interface DeliveryView {
  readonly examId: string;
  readonly revision: number;
  readonly object: ReportKind;
  readonly destination: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly note: string | null;
  /** null for who keeps the node and leads no referrals. */
  readonly person: PersonView | null;
  readonly ageYears: number | null;
  /** When it was first tried; null where it never was. */
  readonly firstTryAt: string | null;
  /** When it got where it stands. */
  readonly changedAt: string;
}

/** GET /api/deliveries. */
export interface DeliveriesAnswer {
  readonly at: string;
  readonly deliveries: readonly DeliveryView[];
}

/** POST /api/deliveries/restart. */
export interface RestartAnswer {
  readonly at: string;
  readonly restarted: number;
}

/** Where people look at deliveries and start dead ones again. */
export interface DeliveryDesk {
  list(state: DeliveryState, limit: number): Promise<readonly DeliveryView[]>;
  /** Makes dead deliveries due at once; returns how many. */
  restart(selection: RestartSelection, actor: string): Promise<number>;
}

/** Opens the desk over the record; `onRestarted` is rung when there is something to send. */
export function openDeliveryDesk(
  database: Kysely<Database>,
  clock: Clock,
  onRestarted: () => void,
): DeliveryDesk {
  return {
    list: (state, limit) => listDeliveryViews(database, state, limit, clock.nowMs()),
    async restart(selection, actor) {
      const restarted = await restartDeliveries(database, selection, { nowMs: clock.nowMs(), actor });
      if (restarted > 0) onRestarted();
      return restarted;
    },
  };
}

async function listDeliveryViews(
  database: Kysely<Database>,
  state: DeliveryState,
  limit: number,
  nowMs: number,
): Promise<readonly DeliveryView[]> {
  const rows = await database
    .selectFrom('deliveries')
    .innerJoin('exams', 'exams.exam_id', 'deliveries.exam_id')
    .innerJoin('persons', 'persons.person_id', 'exams.person_id')
    .select([
      'deliveries.exam_id as examId',
      'deliveries.revision as revision',
      'deliveries.kind as object',
      'deliveries.destination as destination',
      'deliveries.state as state',
      'deliveries.attempts as attempts',
      'deliveries.note as note',
      'deliveries.first_try_at_ms as firstTryAtMs',
      'deliveries.due_at_ms as changedAtMs',
      'exams.age_years as ageYears',
    ])
    .select(PERSON_COLUMNS)
    .where('deliveries.state', '=', state)
    .orderBy('deliveries.due_at_ms', 'desc')
    .limit(limit)
    .execute();
  return rows.map(
    ({ name, patient_id, birth_date, sex, is_protected, firstTryAtMs, changedAtMs, ...row }) => ({
      ...row,
      person: personView({ name, patient_id, birth_date, sex, is_protected }, nowMs),
      firstTryAt: firstTryAtMs === null ? null : new Date(firstTryAtMs).toISOString(),
      changedAt: new Date(changedAtMs).toISOString(),
    }),
  );
}
