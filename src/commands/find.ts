import { systemClock } from '../clock.ts';
import { MESSAGE_TRANSFER_SYNTAX_UIDS } from '../dicom/dimse-data-set.ts';
import { SOP_CLASSES } from '../dicom/uids.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import { DEFAULT_DIMSE_LIMITS } from '../dimse/limits.ts';
import { openAssociation } from '../dimse/requestor.ts';
import type { Peer } from '../dimse/send-files.ts';
import { TriageError } from '../errors.ts';

const CONNECT_MS_MAX = 10_000;
const STUDY_ROOT = '1.2.840.10008.5.1.4.1.2.2.1';

/** What can be asked for: the SOP class, Query/Retrieve Level (0008,0052), and the keys where none are named. */
export const QUERY_LEVELS = {
  worklist: {
    sopClassUid: SOP_CLASSES.modalityWorklistFind,
    level: null,
    keys: [
      'PatientName',
      'PatientID',
      'PatientBirthDate',
      'PatientSex',
      'AccessionNumber',
      'StudyInstanceUID',
      'RequestedProcedureID',
      'RequestedProcedureDescription',
      'ScheduledProcedureStepSequence.Modality',
      'ScheduledProcedureStepSequence.ScheduledStationAETitle',
      'ScheduledProcedureStepSequence.ScheduledProcedureStepStartDate',
      'ScheduledProcedureStepSequence.ScheduledProcedureStepStartTime',
      'ScheduledProcedureStepSequence.ScheduledProcedureStepID',
    ],
  },
  study: {
    sopClassUid: STUDY_ROOT,
    level: 'STUDY',
    keys: ['PatientID', 'StudyDate', 'StudyInstanceUID', 'AccessionNumber', 'StudyDescription'],
  },
  series: {
    sopClassUid: STUDY_ROOT,
    level: 'SERIES',
    keys: ['StudyInstanceUID', 'SeriesInstanceUID', 'Modality', 'SeriesDescription'],
  },
  image: {
    sopClassUid: STUDY_ROOT,
    level: 'IMAGE',
    keys: ['StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID', 'SOPClassUID'],
  },
} as const satisfies Record<
  string,
  { readonly sopClassUid: string; readonly level: string | null; readonly keys: readonly string[] }
>;

/** A level of a query. */
export type QueryLevel = keyof typeof QUERY_LEVELS;

/** What `osteotriage find` is told. */
export interface FindCommand {
  readonly peer: Peer;
  readonly level: QueryLevel;
  /** KEYWORD=VALUE, KEYWORD, or either within a sequence: SEQUENCE.KEYWORD=VALUE. */
  readonly keys: readonly string[];
  readonly matchesMax: number;
  readonly write: (line: string) => void;
}

/** Asks a peer and writes each match as a line of JSON. Throws where the peer refuses. */
export async function findAtPeer({ peer, level, keys, matchesMax, write }: FindCommand): Promise<number> {
  const { sopClassUid } = QUERY_LEVELS[level];
  const identifier = readIdentifier(level, keys);
  const association = await openAssociation({
    ...peer,
    contexts: [{ abstractSyntax: sopClassUid, transferSyntaxes: MESSAGE_TRANSFER_SYNTAX_UIDS }],
    limits: DEFAULT_DIMSE_LIMITS,
    clock: systemClock,
    connectMsMax: CONNECT_MS_MAX,
  });
  let found = 0;
  for await (const match of association.find(sopClassUid, identifier)) {
    write(JSON.stringify(match));
    found += 1;
    // Leaving the loop cancels the rest.
    if (found >= matchesMax) break;
  }
  await association.release();
  return found;
}

/** The identifier that keys of the command line stand for. Throws request-invalid on one that is none. */
export function readIdentifier(level: QueryLevel, keys: readonly string[]): DicomDataset {
  const query = QUERY_LEVELS[level];
  const identifier: Record<string, string | null | DicomDataset[]> =
    query.level === null ? {} : { QueryRetrieveLevel: query.level };
  for (const key of keys.length === 0 ? query.keys : keys) {
    const [, sequence, keyword = '', value] = /^(?:([A-Za-z]+)\.)?([A-Za-z]+)(?:=(.*))?$/s.exec(key) ?? [];
    if (keyword === '') {
      throw new TriageError('request-invalid', `the key ${JSON.stringify(key)} is not KEYWORD=VALUE`);
    }
    const matched = value === undefined || value === '' ? null : value;
    if (sequence === undefined) identifier[keyword] = matched;
    else identifier[sequence] = [{ ...itemOf(identifier[sequence]), [keyword]: matched }];
  }
  return { SpecificCharacterSet: 'ISO_IR 192', ...identifier };
}

function itemOf(value: string | null | undefined | DicomDataset[]): DicomDataset {
  return (Array.isArray(value) ? value[0] : undefined) ?? {};
}
