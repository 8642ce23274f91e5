/** The sites file as an administrator changes it while the service runs. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { access, constants, copyFile, lstat, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Database } from '../database/schema.ts';
import { recordAdministration } from '../database/setting-records.ts';
import { transact } from '../database/transact.ts';
import { asTriageError, TriageError } from '../errors.ts';
import { type SiteRegistry, sitesPathOf } from '../site-registry.ts';
import { parseSites } from '../sites.ts';
import type { Administrator, SitesAnswer, SitesChange } from './admin-views.ts';
import { writeWhole } from './durable-file.ts';

/** What the desk stands on. */
export interface SitesDeskParts {
  readonly config: Config;
  readonly database: Kysely<Database>;
  readonly sites: Pick<SiteRegistry, 'look'>;
  readonly clock: Clock;
}

/** Reads and changes the sites file, one change after the other. */
export class SitesDesk {
  readonly #parts: SitesDeskParts;
  readonly #path: string;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: SitesDeskParts) {
    this.#parts = parts;
    this.#path = sitesPathOf(parts.config);
  }

  async read(): Promise<SitesAnswer> {
    const { config } = this.#parts;
    const defaults = {
      ageYearsMin: config.ageYearsMin,
      corticalWidthMmMin: config.corticalWidthMmMin,
      corticalWidthDetectorMmMin: config.corticalWidthDetectorMmMin,
      pmiMin: config.pmiMin,
      magnification: config.magnification,
      genantGradeMin: config.genantGradeMin,
    };
    if (this.#path === '') {
      return { path: null, text: null, version: null, heldBy: 'environment', fault: null, defaults };
    }
    const text = await readText(this.#path);
    return {
      path: this.#path,
      text,
      version: versionOf(text),
      heldBy: await holderOf(this.#path),
      fault: text === null ? null : faultOf(text, this.#path),
      defaults,
    };
  }

  /**
   * Puts another text in the file's place, whole and durable, with the earlier one beside it as `.bak` and both in the
   * history. Throws request-invalid with the place of what is wrong, state-conflict where somebody else changed it.
   */
  change(change: SitesChange, by: Administrator): Promise<SitesAnswer> {
    const turn = this.#turn.then(() => this.#write(change, by));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #write({ text, version, note }: SitesChange, by: Administrator): Promise<SitesAnswer> {
    const { database, sites, clock } = this.#parts;
    const present = await this.read();
    if (present.heldBy !== null) throw heldElsewhere(present);
    if (present.version !== version) {
      throw new TriageError('state-conflict', 'somebody else changed the sites file meanwhile');
    }
    const fault = faultOf(text, this.#path);
    if (fault !== null) throw new TriageError('request-invalid', fault);
    if (text !== present.text) {
      const changed = { subject: 'sites', before: present.text, after: text, note };
      const made = { atMs: clock.nowMs(), actor: by.actor, actorName: by.name };
      // The file last: where it cannot be written nothing is said of a change.
      await transact(database, async (transaction) => {
        await recordAdministration(transaction, { ...changed, ...made }, 'sites changed');
        await this.#replace(text);
      });
      sites.look();
    }
    return this.read();
  }

  async #replace(text: string): Promise<void> {
    const path = this.#path;
    try {
      const isThere = existsSync(path);
      const mode = isThere ? (await lstat(path)).mode : 0o644;
      if (isThere) await copyFile(path, `${path}.bak`);
      await writeWhole(path, (partPath) => writeFile(partPath, text, { mode }));
    } catch (cause) {
      throw new TriageError('storage-failed', `${path} could not be written and is as it was`, { cause });
    }
  }
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (!existsSync(path)) return null;
    throw new TriageError('configuration-invalid', `the sites file ${path} cannot be read`, { cause });
  }
}

function versionOf(text: string | null): string | null {
  return text === null ? null : createHash('sha256').update(text).digest('hex');
}

/** What is wrong with a text, with its place; null where nothing is. */
function faultOf(text: string, path: string): string | null {
  try {
    JSON.parse(text);
  } catch (thrown) {
    return `${path} is not JSON: ${thrown instanceof Error ? thrown.message : ''}`;
  }
  try {
    parseSites(text, path);
    return null;
  } catch (thrown) {
    return asTriageError(thrown).message;
  }
}

async function holderOf(path: string): Promise<SitesAnswer['heldBy']> {
  const found = await lstat(path).catch(() => null);
  // A mounted configuration is a link that another program turns.
  if (found?.isSymbolicLink() === true) return 'link';
  const needed = found === null ? [dirname(path)] : [path, dirname(path)];
  const rights = await Promise.allSettled(needed.map((one) => access(one, constants.W_OK)));
  return rights.every(({ status }) => status === 'fulfilled') ? null : 'rights';
}

function heldElsewhere({ path, heldBy }: SitesAnswer): TriageError {
  const why = {
    environment:
      'the PACS of this node are named by TRIAGE_PACS, or TRIAGE_SITES names no file: set TRIAGE_SITES',
    link: `${path ?? ''} is a link: change the file where it is managed`,
    rights: `this service may not write ${path ?? ''}: change it on the machine, or let the service write there`,
  };
  return new TriageError('state-conflict', heldBy === null ? 'it can be changed' : why[heldBy]);
}
