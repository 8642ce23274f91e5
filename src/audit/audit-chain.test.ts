import { type Kysely, type RawBuilder, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findHead, listSealed, sealRows } from '../database/audit-chain-records.ts';
import { recordAudit } from '../database/audit-trail.ts';
import type { Database } from '../database/schema.ts';
import { transact } from '../database/transact.ts';
import { isOnPostgres, openProcesses, openTestRecord } from '../testing/test-record.ts';
import { chainRows, headText, parseHead } from './audit-chain.ts';
import { exportTrail, linksOfExport } from './audit-export.ts';
import { AuditSealer, sealTrail } from './audit-sealer.ts';
import { verifyChain } from './audit-verification.ts';
import { ManualClock } from '../testing/manual-clock.ts';

let database: Kysely<Database>;
beforeEach(async () => {
  database = await openTestRecord();
});
afterEach(async () => {
  await database.destroy();
});

async function write(count: number, from = 1): Promise<void> {
  for (let number = from; number < from + count; number += 1) {
    await recordAudit(database, {
      atMs: 1_700_000_000_000 + number,
      actor: 'user anna',
      action: 'exam seen',
      subject: `exam-${number}`,
      personId: `person-${number}`,
      detail: { page: number, åäö: 'ärlig' },
    });
  }
}

/** Does to the rows what no trigger would allow, as somebody with the right to the database can. */
async function tamper(work: () => Promise<unknown>): Promise<void> {
  if (isOnPostgres) {
    await sql`ALTER TABLE audit_trail DISABLE TRIGGER USER`.execute(database);
    await work();
    await sql`ALTER TABLE audit_trail ENABLE TRIGGER USER`.execute(database);
    return;
  }
  for (const name of ['insert', 'update', 'delete']) {
    await sql`DROP TRIGGER ${sql.ref(`audit_trail_${name}`)}`.execute(database);
  }
  await work();
}

const REFUSED: readonly (readonly [string, RawBuilder<unknown>])[] = [
  ['a change of a sealed row', sql`UPDATE audit_trail SET actor = 'other' WHERE chain_no = 1`],
  ['another seal of a sealed row', sql`UPDATE audit_trail SET hash = 'x' WHERE chain_no = 1`],
  ['the removal of a sealed row', sql`DELETE FROM audit_trail WHERE chain_no = 1`],
  ['the removal of an unsealed row', sql`DELETE FROM audit_trail WHERE chain_no IS NULL`],
  [
    'a change of an unsealed row',
    sql`UPDATE audit_trail SET action = 'other', chain_no = 2, hash = 'x' WHERE chain_no IS NULL`,
  ],
  ['half a seal', sql`UPDATE audit_trail SET chain_no = 2 WHERE chain_no IS NULL`],
  [
    'a row that comes sealed',
    sql`INSERT INTO audit_trail (at_ms, actor, action, subject, chain_no, hash) VALUES (1, 'a', 'b', 'c', 9, 'x')`,
  ],
  ...(isOnPostgres ? [['emptying the table', sql`TRUNCATE audit_trail`] as const] : []),
];

describe('the chain of the audit trail', () => {
  it('seals rows in their order and finds nothing wrong', async () => {
    await write(5);
    expect(await verifyChain(database)).toMatchObject({
      isWhole: true,
      rows: 0,
      unsealed: { rows: 5, oldestAtMs: 1_700_000_000_001 },
    });
    expect(await sealTrail(database)).toBe(5);
    await write(3, 6);
    expect(await sealTrail(database)).toBe(3);
    const rows = await listSealed(database, null, 100);
    expect(rows.map(({ number, subject }) => [number, subject])).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map((number) => [number, `exam-${number}`]),
    );
    expect(rows[0]?.detail).toBe('{"page":1,"åäö":"ärlig"}');
    const verdict = await verifyChain(database);
    expect(verdict).toMatchObject({ isWhole: true, rows: 8, firstBad: null, unsealed: { rows: 0 } });
    expect(verdict.head).toEqual(await findHead(database));
  });

  it('writes what is said of an act the same way, whatever the order of its keys', async () => {
    const entry = { atMs: 1, actor: 'a', action: 'b', subject: 'c' };
    await recordAudit(database, { ...entry, detail: { b: [{ d: 1, c: 2 }], a: null } });
    await recordAudit(database, { ...entry, detail: { a: null, b: [{ c: 2, d: 1 }] } });
    const rows = await database.selectFrom('audit_trail').select('detail').execute();
    expect(rows.map(({ detail }) => detail)).toEqual(Array(2).fill('{"a":null,"b":[{"c":2,"d":1}]}'));
  });

  it('takes a row that came late with an earlier number into the order of sealing', async () => {
    await database
      .insertInto('audit_trail')
      .values({ audit_id: 10, at_ms: 10, actor: 'a', action: 'b', subject: 'late' })
      .execute();
    await sealTrail(database);
    await database
      .insertInto('audit_trail')
      .values({ audit_id: 9, at_ms: 9, actor: 'a', action: 'b', subject: 'later' })
      .execute();
    await sealTrail(database);
    expect((await listSealed(database, null, 9)).map(({ auditId }) => auditId)).toEqual([10, 9]);
    expect(await verifyChain(database)).toMatchObject({ isWhole: true, rows: 2 });
  });

  it.each(REFUSED)('lets the database refuse %s', async (_what, statement) => {
    await write(1);
    await sealTrail(database);
    await write(1, 2);
    const before = await database.selectFrom('audit_trail').selectAll().execute();
    await expect(statement.execute(database)).rejects.toThrow();
    expect(await database.selectFrom('audit_trail').selectAll().execute()).toEqual(before);
  });

  it.each([
    ['audit_id', sql`audit_id = audit_id + 1000`],
    ['at_ms', sql`at_ms = at_ms + 1`],
    ['actor', sql`actor = 'user annb'`],
    ['action', sql`action = 'exam seeN'`],
    ['subject', sql`subject = 'exam-4'`],
    ['person_id', sql`person_id = 'person-2'`],
    ['person_id, taken away', sql`person_id = NULL`],
    ['detail', sql`detail = replace(detail, '3', '4')`],
    ['detail, taken away', sql`detail = NULL`],
    ['hash', sql`hash = 'f' || substr(hash, 2)`],
    ['hash, taken away', sql`hash = NULL`],
  ])('finds a change of %s', async (_column, change) => {
    await write(5);
    await sealTrail(database);
    // The hash might begin with that very digit.
    const [row] = await listSealed(database, 2, 1);
    const chosen = row?.hash.startsWith('f') === true && _column === 'hash' ? sql`hash = 'e'` : change;
    await tamper(() => sql`UPDATE audit_trail SET ${chosen} WHERE chain_no = 3`.execute(database));
    expect(await verifyChain(database)).toMatchObject({
      isWhole: false,
      rows: 2,
      firstBad: { number: 3, fault: 'changed' },
    });
  });

  it.each([
    ['a removed row', sql`DELETE FROM audit_trail WHERE chain_no = 3`, 3, 'missing'],
    [
      'a row whose place was taken away',
      sql`UPDATE audit_trail SET chain_no = NULL WHERE chain_no = 3`,
      3,
      'missing',
    ],
    ['a first row that was removed', sql`DELETE FROM audit_trail WHERE chain_no = 1`, 1, 'missing'],
    ['a row moved to the end', sql`UPDATE audit_trail SET chain_no = 6 WHERE chain_no = 3`, 3, 'missing'],
    [
      'an inserted row',
      sql`INSERT INTO audit_trail (at_ms, actor, action, subject, chain_no, hash)
        SELECT at_ms, actor, action, subject, 6, hash FROM audit_trail WHERE chain_no = 5`,
      6,
      'changed',
    ],
    [
      'a row before the first',
      sql`INSERT INTO audit_trail (at_ms, actor, action, subject, chain_no, hash) VALUES (1, 'a', 'b', 'c', 0, 'x')`,
      0,
      'foreign',
    ],
  ])('finds %s', async (_what, statement, number, fault) => {
    await write(5);
    await sealTrail(database);
    await tamper(() => statement.execute(database));
    expect(await verifyChain(database)).toMatchObject({ isWhole: false, firstBad: { number, fault } });
  });

  it('finds two rows that changed places', async () => {
    await write(5);
    await sealTrail(database);
    await tamper(async () => {
      await sql`UPDATE audit_trail SET chain_no = 100 WHERE chain_no = 2`.execute(database);
      await sql`UPDATE audit_trail SET chain_no = 2 WHERE chain_no = 4`.execute(database);
      await sql`UPDATE audit_trail SET chain_no = 4 WHERE chain_no = 100`.execute(database);
    });
    expect(await verifyChain(database)).toMatchObject({ firstBad: { number: 2, fault: 'changed' } });
  });

  it('finds a tail that was cut off, by a head that was written down', async () => {
    await write(5);
    await sealTrail(database);
    const head = parseHead(headText((await findHead(database))!));
    expect(await verifyChain(database, { known: [head] })).toMatchObject({ isWhole: true });
    await tamper(() => sql`DELETE FROM audit_trail WHERE chain_no > 3`.execute(database));
    expect(await verifyChain(database)).toMatchObject({ isWhole: true, rows: 3 });
    expect(await verifyChain(database, { known: [head] })).toMatchObject({
      isWhole: false,
      firstBad: { number: 4, fault: 'cut' },
    });
  });

  it('finds a chain that was made anew from a changed row on, by an export', async () => {
    await write(5);
    await sealTrail(database);
    const lines = (await gather(exportTrail(database, 0))).join('').trim().split('\n');
    expect(lines).toHaveLength(6);
    const known = () => linksOfExport(asynchronous(lines));
    await write(2, 6);
    await sealTrail(database);
    expect(await verifyChain(database, { known: known() })).toMatchObject({ isWhole: true, rows: 7 });
    await tamper(async () => {
      await sql`UPDATE audit_trail SET actor = 'nobody' WHERE chain_no = 4`.execute(database);
      await sql`UPDATE audit_trail SET chain_no = NULL, hash = NULL WHERE chain_no >= 4`.execute(database);
      await sealRows(database, 100, chainRows);
    });
    expect(await verifyChain(database)).toMatchObject({ isWhole: true, rows: 7 });
    expect(await verifyChain(database, { known: known() })).toMatchObject({
      firstBad: { number: 4, fault: 'rewritten' },
    });
  });

  it('refuses an export that does not fit itself, and knows how far one went that was cut', async () => {
    await write(3);
    await sealTrail(database);
    const lines = (await gather(exportTrail(database, 0))).join('').trim().split('\n');
    const links = (some: readonly string[]) => gather(linksOfExport(asynchronous(some)));
    expect((await links(lines)).map(({ number }) => number)).toEqual([1, 2, 3]);
    expect((await links(lines.slice(0, 2))).map(({ number }) => number)).toEqual([1, 3]);
    const changed = lines.map((line) => line.replace('exam-2', 'exam-9'));
    await expect(links(changed)).rejects.toThrow('row 2 of the export');
    await expect(links([lines[0]!, lines[2]!])).rejects.toThrow('row 1 of the export');
    await expect(links(['{}'])).rejects.toThrow('the first line');
  });

  it('stays one chain where two seal at once while others write', async () => {
    const [first, second, writer] = await openProcesses(database, 3);
    const writing = (async () => {
      for (let number = 1; number <= 60; number += 1) {
        await transact(writer!, (transaction) =>
          recordAudit(transaction, { atMs: number, actor: 'a', action: 'b', subject: String(number) }),
        );
      }
    })();
    const seal = async (who: Kysely<Database>): Promise<void> => {
      for (let turn = 0; turn < 40; turn += 1) await sealRows(who, 3, chainRows);
    };
    await Promise.all([writing, seal(first!), seal(second!)]);
    await sealTrail(database);
    expect(await verifyChain(database)).toMatchObject({ isWhole: true, rows: 60 });
    if (isOnPostgres) for (const process of [first!, second!, writer!]) await process.destroy();
  });

  it('seals what an earlier version of this program wrote', async () => {
    await database
      .insertInto('audit_trail')
      .values({ at_ms: 1, actor: 'operator', action: 'referral accepted', subject: 'r' })
      .execute();
    await sealTrail(database);
    expect(await verifyChain(database)).toMatchObject({ isWhole: true, rows: 1 });
  });

  it('writes its head into the log when it begins and once a day', async () => {
    const clock = new ManualClock();
    const heads: unknown[] = [];
    const log = { info: (fields: object) => heads.push(fields), warn: () => undefined };
    await write(2);
    const sealer = new AuditSealer({ database, clock, log });
    sealer.start();
    await expect.poll(() => heads.length).toBe(1);
    expect(heads).toEqual([{ auditHead: headText((await findHead(database))!) }]);
    await write(1, 3);
    await sealer.close();
    expect((await findHead(database))?.number).toBe(3);
  });
});

async function gather<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const gathered: Item[] = [];
  for await (const item of items) gathered.push(item);
  return gathered;
}

// eslint-disable-next-line @typescript-eslint/require-await -- lines come one at a time, as from a file.
async function* asynchronous(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}
