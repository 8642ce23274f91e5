import type { Kysely } from 'kysely';
import { z } from 'zod';
import {
  type ChainLink,
  findHead,
  findUnsealed,
  listSealed,
  type SealedRow,
} from '../database/audit-chain-records.ts';
import type { Database } from '../database/schema.ts';
import { syncRecord } from '../database/transact.ts';
import { TriageError } from '../errors.ts';
import { headText, parseHead } from './audit-chain.ts';
import { faultOf } from './audit-verification.ts';

const SCHEMA = 'osteotriage.audit/1';
const BATCH_ROWS = 500;

/**
 * The whole sealed trail as lines of JSON: first what it is, with the chain's head, then the rows in the order of the
 * chain. What waits for its place is not in it, only how much that is.
 */
export async function* exportTrail(database: Kysely<Database>, atMs: number): AsyncGenerator<string> {
  const head = await findHead(database);
  const unsealed = await findUnsealed(database);
  // A head that left the node must outlive a power cut.
  await syncRecord(database);
  const first = {
    schema: SCHEMA,
    at: new Date(atMs).toISOString(),
    head: head === null ? null : headText(head),
    rows: head?.number ?? 0,
    unsealed: unsealed.rows,
  };
  yield `${JSON.stringify(first)}\n`;
  let after = 0;
  while (head !== null && after < head.number) {
    const rows = await listSealed(database, after, BATCH_ROWS);
    const within = rows.filter(({ number }) => number <= head.number);
    const last = within.at(-1);
    if (last === undefined) return;
    yield within.map((row) => `${JSON.stringify(row)}\n`).join('');
    after = last.number;
  }
}

const firstLine = z.object({ schema: z.literal(SCHEMA), head: z.string().nullable() });
const rowLine = z.strictObject({
  auditId: z.number(),
  atMs: z.number(),
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  personId: z.string().nullable(),
  detail: z.string().nullable(),
  number: z.number(),
  hash: z.string(),
});

/** The places that an export holds, in order. Throws request-invalid where it is none, or does not fit itself. */
export async function* linksOfExport(lines: AsyncIterable<string>): AsyncGenerator<ChainLink> {
  let head: z.output<typeof firstLine>['head'] | undefined;
  let before: ChainLink | null = null;
  for await (const line of lines) {
    if (head === undefined) {
      head = parseLine(firstLine, line, 'the first line').head;
      continue;
    }
    const place = `row ${(before?.number ?? 0) + 1} of the export`;
    const row: SealedRow = parseLine(rowLine, line, place);
    if (faultOf(row, before) !== null) throw damaged(place);
    before = { number: row.number, hash: row.hash };
    yield before;
  }
  if (head === undefined) throw damaged('the first line');
  // One that was cut still says how far it went.
  if (head !== null && headText(before ?? { number: 0, hash: '' }) !== head) yield parseHead(head);
}

function parseLine<Rule extends z.ZodType>(schema: Rule, line: string, place: string): z.output<Rule> {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    throw damaged(place);
  }
  const checked = schema.safeParse(json);
  if (!checked.success) throw damaged(place);
  return checked.data;
}

function damaged(place: string): TriageError {
  return new TriageError(
    'request-invalid',
    `this is no whole export of the audit trail: ${place} is not right`,
  );
}
