import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { systemClock } from '../clock.ts';
import type { Database } from '../database/schema.ts';
import { isOnPostgres, openTestRecord } from '../testing/test-record.ts';
import { sealTrail } from './audit-sealer.ts';
import { verifyChain } from './audit-verification.ts';

const WRITER = join(import.meta.dirname, '..', 'testing', 'audit-writer.ts');
const KILLS = 3;

let folder: string;
let place: string;
let database: Kysely<Database>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-audit-'));
  place = join(folder, 'record.sqlite');
  database = await openTestRecord(place);
  if (!isOnPostgres) return;
  const { rows } = await sql<{ name: string }>`SELECT current_database() AS name`.execute(database);
  place = (inject('postgresUrl') ?? '').replace(/[^/]*$/, rows[0]?.name ?? '');
});
afterAll(async () => {
  await database.destroy();
  await rm(folder, { recursive: true, force: true });
});

/** Writes and seals until the kill; returns what was told as committed. */
async function writeUntilKilled(afterMs: number): Promise<readonly string[]> {
  const writer = spawn(process.execPath, [WRITER, place], { stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks: string[] = [];
  writer.stdout.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  await once(writer.stdout, 'data');
  await systemClock.sleep(afterMs);
  writer.kill('SIGKILL');
  await once(writer, 'close');
  // The last line may be half a line.
  return chunks.join('').split('\n').slice(0, -1);
}

it('keeps every committed row in one whole chain, however often whoever writes and seals is killed', async () => {
  const told: string[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    told.push(...(await writeUntilKilled(150 + 70 * kill)));
    expect(await verifyChain(database)).toMatchObject({ isWhole: true });
  }
  expect(told.length).toBeGreaterThan(KILLS * 5);
  await sealTrail(database);
  const verdict = await verifyChain(database);
  expect(verdict).toMatchObject({ isWhole: true, unsealed: { rows: 0 } });
  const rows = await database.selectFrom('audit_trail').select('subject').execute();
  const written = new Set(rows.map(({ subject }) => subject));
  expect(told.filter((subject) => !written.has(subject))).toEqual([]);
  expect(verdict.rows).toBe(rows.length);
});
