import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import { type AuditEntry, recordAudit } from './audit-trail.ts';
import type { Database } from './schema.ts';

/** Who looks at the same thing again within this time is looking at it still: a page reads itself anew every few seconds. */
const LOOK_MS = 600_000;
const LOOKS_MAX = 10_000;

/** Writes down who saw what, once for each look; it is on record before it is shown. */
export class AuditSights {
  readonly #database: Kysely<Database>;
  readonly #clock: Clock;
  readonly #notedAtMs = new Map<string, number>();

  constructor(database: Kysely<Database>, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Notes a look, unless the same one was noted within the last ten minutes. */
  async note(entry: Omit<AuditEntry, 'atMs'>): Promise<void> {
    const key = JSON.stringify([entry.actor, entry.action, entry.subject]);
    const atMs = this.#clock.nowMs();
    const before = this.#notedAtMs.get(key);
    if (before !== undefined && atMs - before < LOOK_MS) return;
    await recordAudit(this.#database, { ...entry, atMs });
    // The oldest stand first, for a look that is noted anew goes to the end.
    this.#notedAtMs.delete(key);
    this.#notedAtMs.set(key, atMs);
    const [oldest] = this.#notedAtMs.keys();
    if (this.#notedAtMs.size > LOOKS_MAX && oldest !== undefined) this.#notedAtMs.delete(oldest);
  }
}
