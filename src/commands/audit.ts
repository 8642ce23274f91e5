import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { headText, parseHead } from '../audit/audit-chain.ts';
import { exportTrail, linksOfExport } from '../audit/audit-export.ts';
import { type ChainFault, type ChainVerdict, verifyChain } from '../audit/audit-verification.ts';
import { systemClock } from '../clock.ts';
import type { ChainLink } from '../database/audit-chain-records.ts';
import { TriageError } from '../errors.ts';
import { type RecordPlace, withRecord } from './open-record.ts';

const FAULTS: Readonly<Record<ChainFault, string>> = {
  changed: 'the row, its place or its hash was changed',
  missing: 'the row was removed',
  foreign: 'a row stands before the first one',
  cut: 'the chain ends here, and went on when it was written down elsewhere',
  rewritten: 'another row stood here when it was written down elsewhere',
};

/** What was written down elsewhere, to hold the chain against. */
export interface KnownChain {
  /** Path of an export. */
  readonly fromExport?: string | undefined;
  /** NUMBER:HASH as the log and every export say it. */
  readonly head?: string | undefined;
}

/** Looks at the whole chain. Throws request-invalid where what it is held against cannot be used. */
export async function verifyTrail(place: RecordPlace, known: KnownChain): Promise<ChainVerdict> {
  if (known.fromExport !== undefined && known.head !== undefined) {
    throw new TriageError(
      'request-invalid',
      'an export has its own head: name one of --from-export and --head',
    );
  }
  const links = known.head === undefined ? linksOfFile(known.fromExport) : [parseHead(known.head)];
  return withRecord(place, (database) => verifyChain(database, { known: links }), { readOnly: true });
}

/** Writes the export line by line; `write` resolves when more can be taken. */
export function exportAudit(place: RecordPlace, write: (text: string) => Promise<void>): Promise<void> {
  return withRecord(
    place,
    async (database) => {
      for await (const text of exportTrail(database, systemClock.nowMs())) await write(text);
    },
    { readOnly: true },
  );
}

/** A verdict as lines for people. */
export function describeVerdict(
  { rows, head, firstBad, unsealed }: ChainVerdict,
  nowMs: number,
): readonly string[] {
  const seconds =
    unsealed.oldestAtMs === null ? 0 : Math.max(0, Math.round((nowMs - unsealed.oldestAtMs) / 1000));
  return [
    firstBad === null
      ? `whole: ${rows} rows`
      : `NOT WHOLE at number ${firstBad.number}: ${FAULTS[firstBad.fault]}`,
    ...(head === null ? [] : [`right as far as ${headText(head)}`]),
    ...(unsealed.rows === 0
      ? []
      : [
          `${unsealed.rows} rows wait to be sealed, the oldest for ${seconds} s: nothing can be said of them yet`,
        ]),
  ];
}

async function* linksOfFile(path: string | undefined): AsyncGenerator<ChainLink> {
  if (path === undefined) return;
  const lines = createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity });
  try {
    yield* linksOfExport(lines);
  } catch (thrown) {
    if (thrown instanceof TriageError) throw thrown;
    throw new TriageError('request-invalid', `${path} cannot be read`, { cause: thrown });
  }
}
