import { systemClock } from '../clock.ts';
import {
  type DeliveryRow,
  listDeliveries,
  restartDeliveries,
  type RestartSelection,
} from '../database/delivery-records.ts';
import { findExamIds, reassessExam } from '../database/revision-records.ts';
import { TriageError } from '../errors.ts';
import type { DeliveryState } from '../exam/exam-state.ts';
import { type RecordPlace, withRecord } from './open-record.ts';

const ROWS_MAX = 10_000;
/** Until people sign in, whoever may run commands on the data folder is the operator. */
const ACTOR = 'operator';

/** Deliveries in a state, the latest first. They name no patient. */
export function readDeliveries(place: RecordPlace, state: DeliveryState): Promise<readonly DeliveryRow[]> {
  return withRecord(place, (database) => listDeliveries(database, state, ROWS_MAX));
}

/** Starts dead deliveries again; a running service finds them within seconds. Returns how many. */
export function restart(
  place: RecordPlace,
  { all, ...selection }: RestartSelection & { readonly all: boolean },
): Promise<number> {
  const isChosen = Object.values(selection).some((value) => value !== undefined);
  if (all === isChosen) {
    throw new TriageError('request-invalid', 'name --destination, --exam or --kind, or else --all');
  }
  const by = { nowMs: systemClock.nowMs(), actor: ACTOR };
  return withRecord(place, (database) => restartDeliveries(database, selection, by));
}

/** What became of asking for an exam to be assessed anew. */
export interface Reassessment {
  readonly examId: string;
  readonly revision: number;
}

/** Puts the exams of an identifier back as a new revision; a running service takes them up at once. */
export function reassess(place: RecordPlace, name: string): Promise<readonly Reassessment[]> {
  return withRecord(place, async (database) => {
    const examIds = await findExamIds(database, name);
    if (examIds.length === 0) throw new TriageError('not-found', 'there is no such exam or SOP Instance UID');
    const done: Reassessment[] = [];
    for (const examId of examIds) {
      done.push({ examId, revision: await reassessExam(database, examId, systemClock.nowMs(), ACTOR) });
    }
    return done;
  });
}

/** A delivery as a line for people. */
export function describeDelivery(row: DeliveryRow): string {
  const { examId, revision, kind, destination, state, attempts, note, commitment } = row;
  const parts = [`${attempts} attempts`, note, commitment === null ? null : `commitment ${commitment}`];
  const told = parts.filter((part) => part !== null).join(', ');
  return `${destination}  ${kind.padEnd(4)} ${state.padEnd(10)} exam ${examId} revision ${revision}: ${told}`;
}
