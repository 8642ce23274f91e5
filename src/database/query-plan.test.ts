import { type CompiledQuery, type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillRecord } from '../../scripts/bench/grown-record.ts';
import { GROWTH_QUERIES } from '../../scripts/bench/growth-queries.ts';
import { isOnPostgres, openTestRecord } from '../testing/test-record.ts';
import type { Database } from './schema.ts';

const EXAMS = 3_000;
/** No question is answered from more rows of a table; the record has 3,000 exams and 7,000 deliveries. */
const ROWS_MAX = 1_000;

/** The index that leads to the answer, where there is one that must. */
const LEADING_INDEX: Readonly<Record<string, string>> = {
  'claim of jobs': 'jobs_by_rank',
  'worklist of exams': 'exams_by_arrival',
  'worklist of one state': 'exams_by_state',
  'worklist of referrals': 'referrals_by_urgency',
  'referrals of two states, by due date': 'referrals_by_due',
  'referrals of one coordinator': 'referrals_by_owner',
  'referrals after a page': 'referrals_by_urgency',
  'referrals of a site and a grade': 'referrals_by_urgency',
  'referrals of a rare name': 'referrals_by_person',
  'register of people, two beginnings': 'person_terms_by_person',
  'referrals to decide on': 'referrals_by_state',
  'studies, first page': 'exams_by_site',
  'search by Patient ID': 'persons_by_id_text',
  'search by name': 'persons_by_name',
  'search by accession number': 'exams_by_accession',
  'results for a clinic, from the middle': 'exams_by_finish',
  'modality worklist': 'procedure_steps_by_date',
  'modality worklist, deep page': 'procedure_steps_by_date',
  'modality worklist, one patient': 'persons_by_patient_id',
  'deliveries that are due': 'deliveries_by_due',
  'look of the reconciler': 'exams_by_state',
};

let database: Kysely<Database>;
beforeAll(async () => {
  database = await openTestRecord();
  await fillRecord(database, EXAMS);
});
afterAll(() => database.destroy());

/** Asks the record and returns the statements that this took, but for those that only insert. */
async function statementsOf(question: string): Promise<readonly CompiledQuery[]> {
  const made: CompiledQuery[] = [];
  const executor = database.getExecutor();
  const spied = database.withPlugin({
    transformQuery({ node, queryId }) {
      made.push(executor.compileQuery(node, queryId));
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  });
  await GROWTH_QUERIES[question]?.(spied, EXAMS, 5);
  return made.filter(({ sql: text }) => !text.startsWith('insert'));
}

async function explain({
  sql: text,
  parameters,
}: CompiledQuery): Promise<readonly Record<string, unknown>[]> {
  const words = isOnPostgres ? 'EXPLAIN (ANALYZE, FORMAT JSON) ' : 'EXPLAIN QUERY PLAN ';
  const query = sql`SELECT 1`.compile(database);
  const { rows } = await database.executeQuery<Record<string, unknown>>({
    ...query,
    ...{ sql: words + text, parameters },
  });
  return rows;
}

/** A step of PostgreSQL's plan, as it was run. */
interface PlanNode {
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** What a statement reads too much of, and the indexes that it goes along. */
async function lookInto(
  statement: CompiledQuery,
): Promise<{ readonly wide: readonly string[]; readonly plan: string }> {
  const rows = await explain(statement);
  const plan = JSON.stringify(rows);
  if (!isOnPostgres) {
    const details = rows.map(({ detail }) => String(detail));
    // What is scanned along no index is read as a whole; the lines that tallies have are few.
    const small = /^SCAN (?:tallies|\(|found|own|later|due|waiting|ended|some|CONSTANT)/;
    // The referrals of the persons that were found are a list that was made first.
    const isMade = (detail: string) => detail === 'SCAN r' && details.includes('MATERIALIZE theirs');
    const wide = details.filter(
      (detail) => /^SCAN \S+$/.test(detail) && !small.test(detail) && !isMade(detail),
    );
    return { wide, plan };
  }
  const wide: string[] = [];
  const visit = (node: PlanNode): void => {
    const read = (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
    if (node['Relation Name'] !== undefined && read > ROWS_MAX) {
      wide.push(`${read} rows of ${node['Relation Name']} by ${node['Index Name'] ?? 'no index'}`);
    }
    node.Plans?.forEach(visit);
  };
  const [first] = rows as readonly { readonly 'QUERY PLAN': readonly { readonly Plan: PlanNode }[] }[];
  visit(first!['QUERY PLAN'][0]!.Plan);
  return { wide, plan };
}

describe('a record of many exams', () => {
  it.each(Object.keys(GROWTH_QUERIES))('answers the question for the %s along an index', async (question) => {
    const looks = await Promise.all((await statementsOf(question)).map((statement) => lookInto(statement)));
    expect(looks.flatMap(({ wide }) => wide)).toEqual([]);
    const index = LEADING_INDEX[question];
    if (index !== undefined) expect(looks.map(({ plan }) => plan).join('\n')).toContain(index);
  });
});
