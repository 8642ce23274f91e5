/** Device profiles where they stand: in the rules of a site, or in the file of an installation without sites. */
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import type { Config } from '../config.ts';
import { parseDeviceProfiles, readDeviceProfiles } from '../device-profiles.ts';
import { TriageError } from '../errors.ts';
import type { DeviceProfile } from '../exam/device-profile.ts';
import { writeWhole } from '../operations/durable-file.ts';
import { sitesFileOf, type SitesPlace } from '../site-registry.ts';
import { parseSites, readSites } from '../sites.ts';

/** Where a list of profiles stands. */
export interface ProfilePlace {
  readonly path: string;
  /** null: the file of the installation. */
  readonly siteId: string | null;
}

/** What of the configuration says where profiles stand. */
export type ProfileSettings = SitesPlace & Pick<Config, 'deviceProfilesFile'>;

/** Every list that is configured: the installation's, then those of the sites. Throws configuration-invalid. */
export function profilePlaces(settings: ProfileSettings): readonly ProfilePlace[] {
  const { deviceProfilesFile } = settings;
  const sitesFile = sitesFileOf(settings);
  return [
    ...(deviceProfilesFile === '' ? [] : [{ path: deviceProfilesFile, siteId: null }]),
    ...(sitesFile === ''
      ? []
      : readSites(sitesFile).sites.map(({ id }) => ({ path: sitesFile, siteId: id }))),
  ];
}

/** The one list that is meant. Throws configuration-invalid where that is not plain. */
export function profilePlace(settings: ProfileSettings, site: string | undefined): ProfilePlace {
  const places = profilePlaces(settings);
  const meant = site === undefined ? places : places.filter(({ siteId }) => siteId === site);
  const [place, ...others] = meant;
  if (place !== undefined && (others.length === 0 || (site === undefined && place.siteId === null)))
    return place;
  const why =
    places.length === 0
      ? 'no file holds device profiles: set TRIAGE_DEVICE_PROFILES to the path of one, or TRIAGE_SITES'
      : `say whose device it is with --site: ${places.flatMap(({ siteId }) => siteId ?? []).join(', ')}`;
  throw new TriageError('configuration-invalid', why);
}

/** The profiles of a list. A file of the installation that is not there yet holds none. */
export function profilesAt({ path, siteId }: ProfilePlace): readonly DeviceProfile[] {
  if (siteId !== null)
    return readSites(path).sites.find(({ id }) => id === siteId)?.rules.deviceProfiles ?? [];
  return existsSync(path) ? readDeviceProfiles(path) : [];
}

/**
 * Changes a list. The new file is checked before, takes the old one's place as a whole, and the old one stays beside
 * it as `.bak`. Throws configuration-invalid where the result could not be used or the file is not ours to write.
 */
export async function changeProfiles(
  place: ProfilePlace,
  change: (profiles: readonly DeviceProfile[]) => readonly DeviceProfile[],
): Promise<void> {
  const { path } = place;
  const profiles = change(profilesAt(place));
  const isThere = existsSync(path);
  const text = textWith(place, profiles, isThere);
  if (place.siteId === null) parseDeviceProfiles(text, path);
  else parseSites(text, path);
  const before = isThere ? lstatSync(path) : null;
  if (before?.isSymbolicLink() === true) throw managedElsewhere(place, 'it is a link', profiles);
  try {
    if (before !== null) await copyFile(path, `${path}.bak`);
    await writeWhole(path, (partPath) => writeFile(partPath, text, { mode: before?.mode ?? 0o644 }));
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'it cannot be written';
    throw managedElsewhere(place, code, profiles);
  }
}

/** The file's text with another list in its place; nothing else of what it says changes. */
function textWith(
  { path, siteId }: ProfilePlace,
  deviceProfiles: readonly DeviceProfile[],
  isThere: boolean,
): string {
  // It was read and checked a moment ago.
  const file = isThere ? (JSON.parse(readFileSync(path, 'utf8')) as RawFile) : {};
  if (siteId === null) return printed({ ...file, deviceProfiles });
  const sites = (file.sites ?? []).map((site) =>
    site.id === siteId ? { ...site, rules: { ...site.rules, deviceProfiles } } : site,
  );
  return printed({ ...file, sites });
}

interface RawFile {
  readonly sites?: readonly { readonly id: string; readonly rules?: object }[];
}

function printed(file: object): string {
  return `${JSON.stringify(file, null, 2)}\n`;
}

function managedElsewhere(
  { path, siteId }: ProfilePlace,
  why: string,
  deviceProfiles: readonly DeviceProfile[],
): TriageError {
  const key = siteId === null ? 'deviceProfiles' : `rules.deviceProfiles of site ${siteId}`;
  return new TriageError(
    'configuration-invalid',
    `${path} is not changed (${why}). Where it is managed elsewhere, let ${key} be there: ${JSON.stringify(deviceProfiles)}`,
  );
}
