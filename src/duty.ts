import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Clock } from './clock.ts';
import type { Database } from './database/schema.ts';
import type { Log } from './telemetry.ts';

/**
 * A duty is work that one process does for all. It stands as a lease in the table `duties`: the holder renews it, and
 * the others watch the row. They take it over when it has not changed for as long as a lease lasts, on their own clock,
 * so that clocks which differ between machines neither end a lease early nor let two hold it.
 *
 * A process that was stopped and goes on may still write what it had begun. Nothing that is done as a duty harms by
 * being done so: a delivery or an answer is written down only where it still stands as it was read, reports and results
 * have fixed names and contents, and retention looks at each film again within its transaction.
 */

/** A lease lasts so long from its last renewal. */
const LEASE_MS = 8_000;
const RENEW_MS = 2_000;
/** Who could not renew for so long ends its work, well before another may begin. */
const HELD_MS_MAX = 6_000;
const LOOK_MS = 1_000;

/** A duty as its row says. A lease that was given back ends at 0. */
export interface DutyRow {
  readonly token: string;
  readonly until_ms: number;
}

/** A row as it was first seen so, on the watcher's own clock. */
export interface SeenDuty extends DutyRow {
  readonly sinceMs: number;
}

/** What was seen, given a new look: the same row keeps its time. */
export function watchDuty(seen: SeenDuty | undefined, row: DutyRow, monotonicMs: number): SeenDuty {
  const isSame = seen?.token === row.token && seen.until_ms === row.until_ms;
  return isSame ? seen : { ...row, sinceMs: monotonicMs };
}

/** Whether a duty may be taken: it was given back, nobody renews it, or its lease is one's own of before. */
export function mayTakeDuty(seen: SeenDuty, ownToken: string | undefined, monotonicMs: number): boolean {
  return seen.until_ms === 0 || seen.token === ownToken || monotonicMs - seen.sinceMs >= LEASE_MS;
}

/** What runs while a duty is held. */
export interface DutyWork {
  /** Begins nothing more at once, and resolves when what was begun has ended. */
  close(): Promise<void>;
}

/** How the work of one for all is run. */
export interface Duties {
  /** Does the work for as long as this process is the one; what is returned ends it for good. */
  hold(name: string, begin: () => Promise<DutyWork>): Promise<DutyWork>;
}

/** For the one process that holds a data folder: every duty is its own. */
export const holdAlone: Duties = { hold: (_name, begin) => begin() };

/** For processes beside each other: whoever has the lease in the record. `holder` names this one to people. */
export function openDuties(parts: {
  readonly database: Kysely<Database>;
  readonly clock: Clock;
  readonly log: Log;
  readonly holder: string;
}): Duties {
  return {
    hold: (name, begin) => {
      const duty = new LeasedDuty({ ...parts, name, begin });
      duty.start();
      return Promise.resolve(duty);
    },
  };
}

interface LeasedDutyParts {
  readonly database: Kysely<Database>;
  readonly clock: Clock;
  readonly log: Log;
  readonly holder: string;
  readonly name: string;
  readonly begin: () => Promise<DutyWork>;
}

interface HeldLease {
  readonly token: string;
  /** Ends the work when no renewal came in time. */
  cancelEnd: () => void;
}

/** One duty in one process. Modes: watching (the row is another's), holding (the work runs), closed. */
class LeasedDuty implements DutyWork {
  readonly #parts: LeasedDutyParts;
  #lease: HeldLease | undefined;
  #ownToken: string | undefined;
  #seen: SeenDuty | undefined;
  /** The work, its beginning and its end, one after the other. */
  #work: Promise<DutyWork | undefined> = Promise.resolve(undefined);
  #cancelTurn: () => void = () => undefined;
  #closed = false;

  constructor(parts: LeasedDutyParts) {
    this.#parts = parts;
  }

  start(): void {
    void this.#turn()
      .catch((thrown: unknown) => {
        const { log, name } = this.#parts;
        log.error({ duty: name, err: thrown }, 'a duty could not be looked at');
      })
      .finally(() => {
        if (this.#closed) return;
        const waitMs = this.#lease === undefined ? LOOK_MS : RENEW_MS;
        this.#cancelTurn = this.#parts.clock.schedule(waitMs, () => this.start());
      });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTurn();
    this.#end();
    await this.#work;
    // A look that hangs at a record that is gone is not waited for: the lease then ends by itself.
    const { database, name, log } = this.#parts;
    if (this.#ownToken === undefined) return;
    await database
      .updateTable('duties')
      .set({ until_ms: 0 })
      .where('name', '=', name)
      .where('token', '=', this.#ownToken)
      .execute()
      .catch((thrown: unknown) => log.warn({ duty: name, err: thrown }, 'a duty could not be given back'));
  }

  async #turn(): Promise<void> {
    if (this.#lease !== undefined) return this.#renew(this.#lease);
    const { database, clock, name, holder } = this.#parts;
    const row = await database
      .selectFrom('duties')
      .select(['token', 'until_ms'])
      .where('name', '=', name)
      .executeTakeFirst();
    const token = randomUUID();
    const askedAtMs = clock.monotonicMs();
    if (row === undefined) {
      const inserted = await database
        .insertInto('duties')
        .values({ name, holder, token, until_ms: clock.nowMs() + LEASE_MS })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .executeTakeFirst();
      if (inserted.numInsertedOrUpdatedRows === 1n) this.#begin(token, askedAtMs);
      return;
    }
    this.#seen = watchDuty(this.#seen, row, askedAtMs);
    if (!mayTakeDuty(this.#seen, this.#ownToken, askedAtMs)) return;
    // One statement, so that a process that is stopped in the midst of it keeps nobody waiting.
    const taken = await database
      .updateTable('duties')
      .set({ holder, token, until_ms: clock.nowMs() + LEASE_MS })
      .where('name', '=', name)
      .where('token', '=', row.token)
      .where('until_ms', '=', row.until_ms)
      .executeTakeFirst();
    if (taken.numUpdatedRows === 1n) this.#begin(token, askedAtMs);
  }

  async #renew(lease: HeldLease): Promise<void> {
    const { database, clock, name } = this.#parts;
    const askedAtMs = clock.monotonicMs();
    const renewed = await database
      .updateTable('duties')
      .set({ until_ms: clock.nowMs() + LEASE_MS })
      .where('name', '=', name)
      .where('token', '=', lease.token)
      .executeTakeFirst();
    if (this.#lease !== lease) return;
    if (renewed.numUpdatedRows === 1n) this.#endLater(lease, askedAtMs);
    else this.#lose('another process took it over');
  }

  #begin(token: string, askedAtMs: number): void {
    const { log, name } = this.#parts;
    this.#ownToken = token;
    if (this.#closed) return;
    const lease: HeldLease = { token, cancelEnd: () => undefined };
    this.#lease = lease;
    this.#endLater(lease, askedAtMs);
    log.info({ duty: name }, 'this process does it for all from now on');
    this.#work = this.#work.then(async () => {
      if (this.#lease !== lease) return undefined;
      try {
        return await this.#parts.begin();
      } catch (thrown) {
        log.error({ duty: name, err: thrown }, 'a duty could not be begun; it is tried again');
        if (this.#lease === lease) this.#end();
        return undefined;
      }
    });
  }

  #endLater(lease: HeldLease, fromMs: number): void {
    const { clock } = this.#parts;
    lease.cancelEnd();
    lease.cancelEnd = clock.schedule(Math.max(0, fromMs + HELD_MS_MAX - clock.monotonicMs()), () =>
      this.#lose('it could not be renewed in time'),
    );
  }

  #lose(why: string): void {
    const { log, name } = this.#parts;
    log.warn({ duty: name, why }, 'this process does it no more');
    this.#end();
  }

  #end(): void {
    this.#lease?.cancelEnd();
    this.#lease = undefined;
    const { log, name } = this.#parts;
    this.#work = this.#work.then(async (work) => {
      await work?.close().catch((thrown: unknown) => {
        log.error({ duty: name, err: thrown }, 'a duty did not end cleanly');
      });
      return undefined;
    });
  }
}
