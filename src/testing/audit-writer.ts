/** A process that writes into the audit trail and seals it, until it is killed: node audit-writer.ts PLACE */
import process from 'node:process';
import { sealTrail } from '../audit/audit-sealer.ts';
import { nextTurn } from '../clock.ts';
import { recordAudit } from '../database/audit-trail.ts';
import { openPostgres } from '../database/postgres.ts';
import { openSqlite } from '../database/sqlite.ts';
import { transact, transactInGroup } from '../database/transact.ts';

const [place = ''] = process.argv.slice(2);
const database = place.startsWith('postgres')
  ? await openPostgres({ url: place, passwordFile: '' })
  : openSqlite(place);

async function write(): Promise<never> {
  for (let number = 1; ; number += 1) {
    const subject = `${process.pid}-${number}`;
    const run = number % 2 === 0 ? transact : transactInGroup;
    await run(database, (transaction) =>
      recordAudit(transaction, { atMs: Date.now(), actor: 'writer', action: 'written', subject }),
    );
    // Only what is committed is told.
    process.stdout.write(`${subject}\n`);
  }
}

async function seal(): Promise<never> {
  for (;;) {
    await sealTrail(database);
    await nextTurn();
  }
}

await Promise.all([write(), seal()]);
