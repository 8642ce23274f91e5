import { openWorklist } from '../worklist/worklist.ts';
import type { StatusCounts } from '../worklist/worklist-views.ts';
import { type RecordPlace, withRecord } from './open-record.ts';

/** Counts by state, read beside a running service or without one. Throws not-found without a database. */
export function readStatus(place: RecordPlace): Promise<StatusCounts> {
  return withRecord(place, (database) => openWorklist(database).countStatus(), { readOnly: true });
}
