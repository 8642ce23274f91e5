import type { Kysely } from 'kysely';
import { type Clock, nextTurn } from '../clock.ts';
import { bookFetched } from '../database/fetched-referrals.ts';
import { selectSteps, type ScheduledStep, type StepFilter } from '../database/procedure-records.ts';
import type { Database } from '../database/schema.ts';
import { SOP_CLASSES } from '../dicom/uids.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { FindService } from '../dimse/services.ts';
import { TriageError } from '../errors.ts';
import type { ReferralDays } from '../exam/referral-life.ts';
import type { Log } from '../telemetry.ts';
import { hasWildcard } from './attribute-matching.ts';
import {
  answerStep,
  exactValues,
  matchesQuery,
  readQuery,
  stationFor,
  type WorklistQuery,
} from './worklist-item.ts';

/** Rows that are read and matched before the rest of the process has its turn. */
const PAGE_ROWS = 500;
/** A scanner's list is not read further than this; the answer then ends with A700, never in silence. */
const MATCHES_MAX = 2_000;
/** So many fetched orders are written down in one transaction. */
const BOOKED_AT_ONCE = 250;
/** More single values than this are matched row by row. */
const LOOKED_UP_MAX = 200;

/** What the worklist is read from. */
export interface ModalityWorklistParts {
  readonly database: Kysely<Database>;
  readonly clock: Clock;
  readonly log: Log;
  readonly matchesMax?: number;
  /** How long a referral may stay in a state; left out: as long as by default. */
  readonly days?: () => ReferralDays;
  /** Called after the commit of each referral that a scanner fetched. */
  readonly onReferral?: (referralId: string) => void;
}

/**
 * The modality worklist (PS3.4 Annex K): the steps of referrals whose DXA was ordered, those under way first, in the order of
 * their time. What was ordered a moment ago by any process is found, and is booked by being fetched.
 */
export function modalityWorklist(parts: ModalityWorklistParts): FindService {
  const { log, matchesMax = MATCHES_MAX } = parts;
  return {
    kind: 'find',
    sopClassUids: [SOP_CLASSES.modalityWorklistFind],
    hasUnsupportedKeys: (identifier) => readQuery(identifier).hasUnsupportedKeys,
    async *find(identifier, caller, cancelled): AsyncIterable<DicomDataset> {
      const query = readQuery(identifier);
      const { callingAeTitle } = caller;
      let matches = 0;
      const fetched: string[] = [];
      try {
        for await (const page of eachPage(parts, query, callingAeTitle)) {
          for (const step of page) {
            if (cancelled.aborted) return;
            const stationTitle = stationFor(query, step.stationAeTitle, callingAeTitle);
            if (stationTitle === null || !matchesQuery(query, { ...step, stationTitle })) continue;
            if (matches === matchesMax) {
              throw new TriageError(
                'answer-too-long',
                `more than ${matchesMax} steps match: ask for one day`,
              );
            }
            matches += 1;
            if (step.referralState === 'dxa-ordered') fetched.push(step.referralId);
            yield answerStep(query, { ...step, stationTitle });
          }
        }
      } finally {
        // The scanner has its last word first: it does not wait for what we write down.
        void nextTurn().then(() => noteFetched(parts, fetched, callingAeTitle));
      }
      log.info({ callingAeTitle, matches }, 'a worklist was asked for');
    },
  };
}

/** What a scanner has on its list is booked; where that cannot be written down, the scanner has its answer still. */
async function noteFetched(
  { database, clock, log, days, onReferral = () => undefined }: ModalityWorklistParts,
  referralIds: readonly string[],
  callingAeTitle: string,
): Promise<void> {
  if (referralIds.length === 0) return;
  try {
    const by = { actor: `scanner ${callingAeTitle}`, nowMs: clock.nowMs(), days: days?.() };
    for (let from = 0; from < referralIds.length; from += BOOKED_AT_ONCE) {
      const some = referralIds.slice(from, from + BOOKED_AT_ONCE);
      for (const referralId of await bookFetched(database, some, by)) onReferral(referralId);
      // The rest of the process has its turn, as between pages.
      await clock.sleep(0);
    }
  } catch (thrown) {
    log.warn({ callingAeTitle, err: thrown }, 'a fetched worklist could not be noted; the next answer will');
  }
}

async function* eachPage(
  { database, clock }: ModalityWorklistParts,
  query: WorklistQuery,
  callingAeTitle: string,
): AsyncIterable<readonly ScheduledStep[]> {
  for (const state of ['in-progress', 'scheduled'] as const) {
    const filter = filterOf(query, state, callingAeTitle);
    let after: ScheduledStep | null = null;
    for (;;) {
      const page: readonly ScheduledStep[] = await selectSteps(database, filter, after, PAGE_ROWS).execute();
      yield page;
      if (page.length < PAGE_ROWS) break;
      after = page.at(-1) ?? null;
      // The database answers at once, so without a pause a long list would keep C-CANCEL and all else out.
      await clock.sleep(0);
    }
  }
}

/** What of a query the database can look up; the rest is matched row by row. */
function filterOf(query: WorklistQuery, state: StepFilter['state'], callingAeTitle: string): StepFilter {
  const lookedUp = (keyword: string): readonly string[] | null => {
    const values = exactValues(query, keyword);
    return values === null || values.length > LOOKED_UP_MAX ? null : values;
  };
  const { stationKeys, startDate } = query;
  const stations = stationKeys.length === 0 ? [callingAeTitle] : stationKeys;
  const isListed = stations.length <= LOOKED_UP_MAX && !stations.some((key) => hasWildcard('AE', key));
  return {
    state,
    dateFrom: startDate?.from ?? null,
    dateTo: startDate?.to ?? null,
    patientIds: lookedUp('PatientID'),
    stepIds: lookedUp('ScheduledProcedureStepID'),
    studyUids: lookedUp('StudyInstanceUID'),
    accessionNumbers: lookedUp('AccessionNumber'),
    stationAeTitles: isListed ? stations : null,
  };
}
