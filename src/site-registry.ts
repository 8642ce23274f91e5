import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import { asTriageError, TriageError } from './errors.ts';
import { type ExchangeSettings, type ExchangeSystem, NO_EXCHANGE } from './exchange-settings.ts';
import { DEFAULT_REFERRAL_DAYS, type ReferralDays } from './exam/referral-life.ts';
import {
  DELIVERED_OBJECTS,
  type Destination,
  LOOPBACK_SITE_ID,
  readSites,
  type Site,
  type SiteBook,
  type SiteRules,
} from './sites.ts';
import type { Log } from './telemetry.ts';

/** The sites file is looked at this often. */
const LOOK_MS = 2_000;

/** Who may call, what is done with their films and where reports go, at this moment. */
export interface SiteDirectory {
  /** The sites file; null while none is configured: then only loopback may call. */
  book(): SiteBook | null;
  /** Every PACS that reports can be sent to. */
  destinations(): readonly Destination[];
  /** Names of the destinations that get a site's reports; none for a site that is no longer there. */
  destinationsOf(siteId: string): readonly string[];
  /** What differs from the configuration for a site's films. */
  rulesOf(siteId: string): SiteRules;
  /** Days that a referral may stay in a state before it is overdue. */
  referralDays(): ReferralDays;
  /** The site that an API key of DICOMweb belongs to. */
  siteOfApiKey(key: string): Site | undefined;
  /** Other systems that are told of referrals and results, or may ask. */
  exchange(): ExchangeSettings;
  /** The other system that a bearer key belongs to. */
  findSystem(key: string): ExchangeSystem | undefined;
}

/** What of the configuration says who may call and where reports go. */
export type SiteSettings = SitesPlace & Pick<Config, 'dimseHost' | 'dicomwebPort' | 'dicomwebHost'>;

/** What of the configuration says where the sites file is. */
export type SitesPlace = Pick<Config, 'sitesFile' | 'pacs' | 'mode' | 'data'>;

/**
 * Where the sites file is, or would be if somebody made one; empty where none can be. An embedded node that names no
 * file and no PACS has its place in the data folder, where the administration pages can make it.
 */
export function sitesPathOf({ sitesFile, pacs, mode, data }: SitesPlace): string {
  if (sitesFile !== '') return sitesFile;
  return mode === 'embedded' && pacs.length === 0 ? sitesPathIn(data) : '';
}

/** The place of a sites file in a data folder. */
export function sitesPathIn(dataFolder: string): string {
  return join(dataFolder, 'sites.json');
}

/** The sites file as far as it is there or ought to be; empty while no site is configured. */
export function sitesFileOf(place: SitesPlace): string {
  const path = sitesPathOf(place);
  return place.sitesFile !== '' || (path !== '' && existsSync(path)) ? path : '';
}

/** The sites file as it is now; null while no site is configured. Throws configuration-invalid. */
export function readSiteBook(place: SitesPlace): SiteBook | null {
  const file = sitesFileOf(place);
  return file === '' ? null : readSites(file);
}

/**
 * Reads the sites file and goes on reading it when it changes. Throws configuration-invalid where it cannot be
 * used, or where there is none and the service was told to listen on more than loopback.
 */
export function openSiteRegistry(settings: SiteSettings, clock: Clock, log: Log): SiteRegistry {
  checkSiteSettings(settings);
  return new SiteRegistry(settings, clock, log);
}

/** Throws configuration-invalid where the settings contradict the closed door of a node without sites. */
export function checkSiteSettings(settings: SiteSettings): void {
  const { pacs, dimseHost, dicomwebPort, dicomwebHost } = settings;
  if (sitesFileOf(settings) !== '') {
    if (pacs.length === 0) return;
    throw new TriageError(
      'configuration-invalid',
      'with TRIAGE_SITES the PACS are destinations of the sites file: leave TRIAGE_PACS empty',
    );
  }
  const listened = [
    ['TRIAGE_DIMSE_HOST', dimseHost],
    ...(dicomwebPort === null ? [] : [['TRIAGE_DICOMWEB_HOST', dicomwebHost]]),
  ] as const;
  for (const [variable, host = ''] of listened) {
    if (isLoopbackHost(host)) continue;
    throw new TriageError(
      'configuration-invalid',
      `${variable} = ${JSON.stringify(host)}: without a configured site only loopback is listened on ` +
        '(127.0.0.1, ::1 or localhost); name who may call in a sites file and set TRIAGE_SITES to its path',
    );
  }
}

/**
 * The sites file while the service runs. A new file takes effect without a restart, for the next association and
 * the next film; a broken one changes nothing and is named in the log until it is mended.
 */
export class SiteRegistry implements SiteDirectory {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #pacs: readonly Destination[];
  #book: SiteBook | null;
  #signature: string;
  #cancelLook: () => void = () => undefined;

  constructor(settings: SiteSettings, clock: Clock, log: Log) {
    this.#path = sitesPathOf(settings);
    this.#clock = clock;
    this.#log = log;
    this.#pacs = settings.pacs.map((pacs) => ({
      ...pacs,
      name: pacs.aeTitle,
      tls: false,
      objects: [...DELIVERED_OBJECTS],
      commitment: false,
    }));
    // The signature is taken before the text, so that a change in between is seen at the next look.
    this.#signature = this.#path === '' ? '' : signatureOf(this.#path);
    this.#book = readSiteBook(settings);
    if (this.#path !== '') this.#lookLater();
  }

  book(): SiteBook | null {
    return this.#book;
  }

  destinations(): readonly Destination[] {
    return this.#book?.destinations ?? this.#pacs;
  }

  destinationsOf(siteId: string): readonly string[] {
    if (this.#book !== null) return this.#siteOf(siteId)?.reportsTo ?? [];
    return siteId === LOOPBACK_SITE_ID ? this.#pacs.map(({ name }) => name) : [];
  }

  rulesOf(siteId: string): SiteRules {
    return this.#siteOf(siteId)?.rules ?? {};
  }

  siteOfApiKey(key: string): Site | undefined {
    const sha256 = createHash('sha256').update(key).digest('hex');
    return this.#book?.sites.find(({ apiKeySha256 }) => apiKeySha256.includes(sha256));
  }

  referralDays(): ReferralDays {
    return this.#book?.worklist.days ?? DEFAULT_REFERRAL_DAYS;
  }

  exchange(): ExchangeSettings {
    return this.#book?.exchange ?? NO_EXCHANGE;
  }

  findSystem(key: string): ExchangeSystem | undefined {
    const sha256 = createHash('sha256').update(key).digest('hex');
    return this.exchange().systems.find(({ apiKeySha256 }) => apiKeySha256.includes(sha256));
  }

  /** Looks at the file no more. */
  close(): Promise<void> {
    this.#cancelLook();
    return Promise.resolve();
  }

  #siteOf(siteId: string): Site | undefined {
    return this.#book?.sites.find(({ id }) => id === siteId);
  }

  // Looking at the time and size of a file is the way that also works on shared folders and mounted secrets.
  #lookLater(): void {
    this.#cancelLook = this.#clock.schedule(LOOK_MS, () => {
      this.look();
      this.#lookLater();
    });
  }

  /** Reads the file at once where it has changed. */
  look(): void {
    if (this.#path === '') return;
    const signature = signatureOf(this.#path);
    if (signature === this.#signature) return;
    this.#signature = signature;
    try {
      this.#book = readSites(this.#path);
      this.#log.info({ sites: this.#book.sites.map(({ id }) => id) }, 'the sites file was read anew');
    } catch (thrown) {
      const reason = asTriageError(thrown).message;
      this.#log.error(
        { reason },
        'the changed sites file cannot be used: the earlier one stays in force; mend the file, it is read again by itself',
      );
    }
  }
}

/** Whether only this machine can reach a listener at that address. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function signatureOf(path: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch {
    return 'out of reach';
  }
}
