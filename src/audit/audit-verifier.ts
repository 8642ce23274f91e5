import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import { type ChainLink, findHead, findUnsealed } from '../database/audit-chain-records.ts';
import { recordAudit } from '../database/audit-trail.ts';
import type { Database } from '../database/schema.ts';
import type { Log } from '../telemetry.ts';
import { headText } from './audit-chain.ts';
import { namesOf } from './audit-reader.ts';
import { verifyChain } from './audit-verification.ts';
import type { VerificationAnswer, VerificationView } from './audit-views.ts';

const VERIFIED = 'audit trail verified';

/** What a verifier stands on. */
export interface VerifierParts {
  readonly database: Kysely<Database>;
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn' | 'error'>;
}

/** Verifies the chain beside the service's work, one verification at a time; what was found stands in the trail itself. */
export class AuditVerifier {
  readonly #parts: VerifierParts;
  #running: { rows: number; readonly of: number } | null = null;
  #work: Promise<void> = Promise.resolve();

  constructor(parts: VerifierParts) {
    this.#parts = parts;
  }

  /** Begins unless one runs. `known` is a head that was written down elsewhere. */
  async begin(actor: string, known: ChainLink | undefined): Promise<void> {
    if (this.#running !== null) return;
    const running = { rows: 0, of: 0 };
    this.#running = running;
    const of = (await findHead(this.#parts.database))?.number ?? 0;
    this.#running = { ...running, of };
    this.#work = this.#verify(actor, known)
      .catch((thrown: unknown) => {
        this.#parts.log.error({ err: thrown }, 'the audit chain could not be verified');
      })
      .finally(() => (this.#running = null));
  }

  /** How the chain stands. */
  async describe(): Promise<VerificationAnswer> {
    const { database, clock } = this.#parts;
    const last = await findLast(database);
    return {
      at: new Date(clock.nowMs()).toISOString(),
      head: await findHead(database),
      unsealed: await findUnsealed(database),
      running: this.#running === null ? null : { ...this.#running },
      last,
    };
  }

  /** Resolves when what runs has ended. */
  close(): Promise<void> {
    return this.#work;
  }

  async #verify(actor: string, known: ChainLink | undefined): Promise<void> {
    const { database, clock, log } = this.#parts;
    const { isWhole, rows, head, firstBad } = await verifyChain(database, {
      known: known === undefined ? [] : [known],
      onProgress: (done) => {
        if (this.#running !== null) this.#running.rows = done;
      },
    });
    if (!isWhole) log.error({ firstBad }, 'the audit chain is not whole');
    await recordAudit(database, {
      ...{ atMs: clock.nowMs(), actor, action: VERIFIED, subject: 'audit trail' },
      detail: { isWhole, rows, head: head === null ? null : headText(head), firstBad },
    });
  }
}

async function findLast(database: Kysely<Database>): Promise<VerificationView | null> {
  const row = await database
    .selectFrom('audit_trail')
    .select(['at_ms', 'actor', 'detail'])
    .where('action', '=', VERIFIED)
    .orderBy('at_ms', 'desc')
    .orderBy('audit_id', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return null;
  const found = JSON.parse(row.detail ?? '{}') as Omit<VerificationView, 'at' | 'actor' | 'actorName'>;
  return {
    ...found,
    at: new Date(row.at_ms).toISOString(),
    actor: row.actor,
    actorName: (await namesOf(database, [row.actor])).get(row.actor) ?? null,
  };
}
