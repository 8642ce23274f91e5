import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sealTrail } from '../audit/audit-sealer.ts';
import { recordAudit } from '../database/audit-trail.ts';
import { migrate } from '../database/migrations.ts';
import type { Database } from '../database/schema.ts';
import { databasePath, openSqlite } from '../database/sqlite.ts';
import { describeVerdict, exportAudit, verifyTrail } from './audit.ts';
import { recordIn } from './open-record.ts';

let folder: string;
let database: Kysely<Database>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-audit-'));
  database = openSqlite(databasePath(folder));
  await migrate(database);
  for (let atMs = 1; atMs <= 4; atMs += 1) {
    await recordAudit(database, { atMs, actor: 'user anna', action: 'exam seen', subject: `e${atMs}` });
  }
  await sealTrail(database);
  await recordAudit(database, { atMs: 5_000, actor: 'user anna', action: 'exam seen', subject: 'e5' });
});
afterEach(async () => {
  await database.destroy();
  await rm(folder, { recursive: true, force: true });
});

it('says how far the chain is right, and what waits', async () => {
  const verdict = await verifyTrail(recordIn(folder), {});
  const [whole, right, waiting] = describeVerdict(verdict, 65_000);
  expect(whole).toBe('whole: 4 rows');
  expect(right).toMatch(/^right as far as 4:[0-9a-f]{64}$/);
  expect(waiting).toMatch(/^1 rows wait to be sealed, the oldest for 60 s/);
});

it('holds the chain against an export, and says the first bad number', async () => {
  const path = join(folder, 'export.jsonl');
  let text = '';
  await exportAudit(recordIn(folder), (part) => {
    text += part;
    return Promise.resolve();
  });
  await writeFile(path, text);
  expect(await verifyTrail(recordIn(folder), { fromExport: path })).toMatchObject({ isWhole: true });
  await sql`DROP TRIGGER audit_trail_delete`.execute(database);
  await sql`DELETE FROM audit_trail WHERE chain_no = 4`.execute(database);
  expect(await verifyTrail(recordIn(folder), {})).toMatchObject({ isWhole: true, rows: 3 });
  const verdict = await verifyTrail(recordIn(folder), { fromExport: path });
  expect(describeVerdict(verdict, 0)[0]).toMatch(/^NOT WHOLE at number 4: the chain ends here/);
});

it('refuses what it cannot hold the chain against', async () => {
  const place = recordIn(folder);
  await expect(verifyTrail(place, { fromExport: join(folder, 'nowhere') })).rejects.toMatchObject({
    code: 'request-invalid',
  });
  await expect(verifyTrail(place, { fromExport: 'x', head: 'y' })).rejects.toMatchObject({
    code: 'request-invalid',
  });
});
