/**
 * The sites file: who may call, what is done with their films, and where reports go. Closed by default: a caller
 * that no site names is rejected.
 */
import { readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { resolve, sep } from 'node:path';
import { z } from 'zod';
import { deviceProfilesSchema } from './device-profiles.ts';
import { TriageError } from './errors.ts';
import { JOB_PRIORITIES } from './exam/priority.ts';
import { DEFAULT_REFERRAL_DAYS } from './exam/referral-life.ts';
import { exchangeSchema, NO_EXCHANGE } from './exchange-settings.ts';
import { fingerprint, host, label, repeated, tcpPort } from './setting-fields.ts';

/** What a peer may ask of this node. */
export const PEER_RIGHTS = ['store', 'commit', 'worklist', 'mpps', 'dxa-results'] as const;

/** One right of a peer. */
export type PeerRight = (typeof PEER_RIGHTS)[number];

/** The kinds of report objects that a PACS can be sent. */
export const DELIVERED_OBJECTS = ['SR', 'SC', 'GSPS'] as const;

// Spaces at either end are not part of an AE title (PS3.5 6.2).
const aeTitle = z
  .string()
  .trim()
  .regex(/^[^\\\p{Cc}]{1,16}$/u, 'an AE title has 1 to 16 characters');
const addressRange = z.string().refine(isAddressRange, 'an address or a range such as 10.1.2.0/24');

const peerSchema = z.strictObject({
  /** Calling AE title. */
  aeTitle,
  /** The title it must call; left out: this node's own. */
  calledAeTitle: aeTitle.optional(),
  /** Where it may call from. */
  addresses: z.array(addressRange).min(1),
  /** SHA-256 of its client certificate; such a peer is taken on the TLS port only. */
  certificateSha256: fingerprint.optional(),
  rights: z.array(z.enum(PEER_RIGHTS)).default(['store', 'commit']),
  /** SOP class UIDs that it may store; left out: all that this node stores. */
  sopClassUids: z
    .array(z.string().regex(/^[0-9.]{3,64}$/, 'a SOP class UID'))
    .min(1)
    .optional(),
  /** Where it listens itself, for event reports on a new association and for doctor. */
  listensAt: z.strictObject({ host, port: tcpPort, tls: z.boolean().default(false) }).optional(),
});

const destinationSchema = z.strictObject({
  name: label,
  aeTitle,
  host,
  port: tcpPort,
  tls: z.boolean().default(false),
  objects: z
    .array(z.enum(DELIVERED_OBJECTS))
    .min(1)
    .default([...DELIVERED_OBJECTS]),
  /** Whether storage commitment is asked of it after a delivery. */
  commitment: z.boolean().default(false),
});

const siteSchema = z.strictObject({
  id: label,
  name: z.string().min(1).max(100),
  peers: z.array(peerSchema).default([]),
  /** SHA-256 of each API key for DICOMweb; `osteotriage site api-key` makes one. */
  apiKeySha256: z.array(fingerprint).default([]),
  /** Names of destinations that get this site's reports. */
  reportsTo: z.array(label).default([]),
  /** A folder that the clinic exports into, and one that results are written to. */
  watchedFolder: z
    .strictObject({ folder: z.string().min(1), outTray: z.string().min(1).optional() })
    .optional(),
  /** How urgent its films are, where it is not the sender that says so. */
  priority: z.enum(JOB_PRIORITIES).optional(),
  /** What differs from the configuration for this site's films. */
  rules: z
    .strictObject({
      ageYearsMin: z.number().int().min(0).max(120).optional(),
      corticalWidthMmMin: z.number().min(0.5).max(10).optional(),
      corticalWidthDetectorMmMin: z.number().min(0.5).max(15).optional(),
      pmiMin: z.number().min(0.01).max(1).optional(),
      magnification: z.number().min(1).max(2).optional(),
      deviceProfiles: deviceProfilesSchema.optional(),
      genantGradeMin: z.union([z.literal(1), z.literal(2), z.literal(3)]).optional(),
    })
    .default({}),
});

const DUE_DAYS_MAX = 365;
const dueDays = z.number().int().min(1).max(DUE_DAYS_MAX);
const worklistSchema = z.strictObject({
  /** Days that a referral may stay in a state before it is overdue. */
  days: z
    .strictObject({
      flagged: dueDays.default(DEFAULT_REFERRAL_DAYS.flagged),
      'under-review': dueDays.default(DEFAULT_REFERRAL_DAYS['under-review']),
      accepted: dueDays.default(DEFAULT_REFERRAL_DAYS.accepted),
      'dxa-ordered': dueDays.default(DEFAULT_REFERRAL_DAYS['dxa-ordered']),
      'dxa-booked': dueDays.default(DEFAULT_REFERRAL_DAYS['dxa-booked']),
      'dxa-done': dueDays.default(DEFAULT_REFERRAL_DAYS['dxa-done']),
      'treatment-assessment': dueDays.default(DEFAULT_REFERRAL_DAYS['treatment-assessment']),
    })
    .default(DEFAULT_REFERRAL_DAYS),
});

const sitesSchema = z
  .strictObject({
    destinations: z.array(destinationSchema).default([]),
    sites: z.array(siteSchema).min(1),
    exchange: exchangeSchema.default(NO_EXCHANGE),
    worklist: worklistSchema.default({ days: DEFAULT_REFERRAL_DAYS }),
  })
  .superRefine((book, context) => {
    const names = new Set(book.destinations.map(({ name }) => name));
    const say = (message: string): void => context.addIssue({ code: 'custom', message });
    for (const site of book.sites) {
      for (const name of site.reportsTo) {
        if (!names.has(name)) say(`site ${site.id} reports to ${name}, which is no destination`);
      }
    }
    const siteIds = new Set(book.sites.map(({ id }) => id));
    for (const { name, sites = [] } of book.exchange.systems) {
      for (const id of sites) {
        if (!siteIds.has(id)) say(`system ${name} may see ${id}, which is no site`);
      }
    }
    for (const twice of repeated(book.destinations.map(({ name }) => name))) say(`two destinations ${twice}`);
    for (const twice of repeated(book.sites.map(({ id }) => id))) say(`two sites ${twice}`);
    // Whoever calls must be of one site, else its films would follow the rules of whichever stands first.
    const callers = book.sites.flatMap(({ peers }) => peers.flatMap(callersOf));
    for (const [index, caller] of callers.entries()) {
      const twin = callers.slice(0, index).find((earlier) => isSameCaller(earlier, caller));
      if (twin !== undefined) {
        say(`two peers are the same caller: ${caller.name} from ${twin.address} and from ${caller.address}`);
      }
    }
    for (const message of foldersAmiss(book.sites)) say(message);
    const keys = [...book.sites, ...book.exchange.systems].flatMap(({ apiKeySha256 }) => apiKeySha256);
    for (const twice of repeated(keys)) say(`two sites or systems have the API key ${twice.slice(0, 8)}…`);
  });

/** One site. */
export type Site = z.output<typeof siteSchema>;

/** What differs from the configuration for the films of a site. */
export type SiteRules = Site['rules'];

/** One caller of a site. */
export type Peer = z.output<typeof peerSchema>;

/** A PACS that reports are sent to. */
export type Destination = z.output<typeof destinationSchema>;

/** The whole file, checked. */
export type SiteBook = z.output<typeof sitesSchema>;

/** The site of films that came while no site was configured: loopback only. */
export const LOOPBACK_SITE_ID = 'loopback';

/** Reads the sites file. Throws configuration-invalid with the place in the file and what is expected there. */
export function readSites(path: string): SiteBook {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new TriageError('configuration-invalid', `the sites file ${path} cannot be read`, { cause });
  }
  return parseSites(text, path);
}

/** Checks the text of a sites file; `path` is for the message. */
export function parseSites(text: string, path: string): SiteBook {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new TriageError('configuration-invalid', `the sites file ${path} is not JSON`, { cause });
  }
  const checked = sitesSchema.safeParse(json);
  if (checked.success) return checked.data;
  const { path: place, message } = checked.error.issues[0] ?? { path: [], message: 'not allowed' };
  throw new TriageError(
    'configuration-invalid',
    `the sites file ${path}, at ${place.join('.') || 'top'}: ${message}`,
  );
}

function isAddressRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** Whether an address lies in a range of the file. */
export function isInRange(address: string, range: string): boolean {
  const [start = '', bits] = range.split('/');
  const kind = isIP(start) === 4 ? 'ipv4' : 'ipv6';
  const allowed = new BlockList();
  if (bits === undefined) allowed.addAddress(start, kind);
  else allowed.addSubnet(start, Number(bits), kind);
  return allowed.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
}

interface Caller {
  readonly peer: z.output<typeof peerSchema>;
  readonly name: string;
  readonly address: string;
}

function callersOf(peer: z.output<typeof peerSchema>): readonly Caller[] {
  const { aeTitle: calling, calledAeTitle = '(this node)', certificateSha256 } = peer;
  const shown = certificateSha256 === undefined ? '' : ` with certificate ${certificateSha256.slice(0, 8)}…`;
  const name = `${calling} calling ${calledAeTitle}${shown}`;
  return peer.addresses.filter(isAddressRange).map((address) => ({ peer, name, address }));
}

/** Of two ranges that overlap one holds the other, whatever address of it the file names. */
function isSameCaller(one: Caller, other: Caller): boolean {
  if (one.peer === other.peer || one.name !== other.name) return false;
  const [first = '', second = ''] = [one.address, other.address].map((range) => range.split('/')[0]);
  return isInRange(first, other.address) || isInRange(second, one.address);
}

/** What lies in a watched folder is taken for that site's export: no other site's film, and no result, may come there. */
function foldersAmiss(sites: readonly Site[]): readonly string[] {
  const watched = sites.flatMap(({ id, watchedFolder: folders }) => (folders ? [{ id, ...folders }] : []));
  return watched.flatMap(({ id, folder, outTray }) => [
    ...(outTray !== undefined && resolve(outTray) === resolve(folder)
      ? [`the out-tray of site ${id} is its watched folder itself: name a folder within it or elsewhere`]
      : []),
    ...watched
      .filter((other) => other.id !== id)
      .filter((other) => [folder, outTray ?? folder].some((path) => liesWithin(path, other.folder)))
      .map((other) => `site ${id} has a folder within the watched folder of site ${other.id}`),
  ]);
}

function liesWithin(path: string, folder: string): boolean {
  return `${resolve(path)}${sep}`.startsWith(`${resolve(folder)}${sep}`);
}
