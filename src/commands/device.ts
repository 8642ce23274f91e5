/** What the commands about calibrated devices do; each returns the lines that are printed. */
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { readHeaderFromFile } from '../dicom/read-header.ts';
import { TriageError } from '../errors.ts';
import {
  type DeviceNames,
  type DeviceProfile,
  isCalibrationFar,
  isCorrectedByFilm,
  magnificationOf,
} from '../exam/device-profile.ts';
import { readSpacing } from '../imaging/pixel-spacing.ts';
import { sitesFileOf } from '../site-registry.ts';
import { readSites } from '../sites.ts';
import { calibrateDevice, type CalibrationReport, type Phantom } from './device-calibration.ts';
import {
  changeProfiles,
  type ProfilePlace,
  profilePlace,
  profilePlaces,
  type ProfileSettings,
  profilesAt,
} from './device-file.ts';
import { listFiles } from './list-files.ts';

/** What `device list` is told. */
export interface DeviceListOptions {
  readonly site?: string | undefined;
  readonly film?: string | undefined;
  readonly json: boolean;
}

/** What `device add` is told. */
export interface DeviceAddOptions {
  readonly film?: string;
  readonly manufacturer?: string;
  readonly model?: string;
  readonly station?: string;
  readonly magnification: number;
  readonly uncertainty?: number;
  readonly source: string;
  readonly on?: string;
  readonly site?: string;
  readonly json: boolean;
}

/** What `device calibrate` is told. */
export interface CalibrateOptions {
  readonly ballMm?: number;
  readonly stepMm?: number;
  readonly count?: number;
  readonly mmPerPx?: number;
  readonly add?: string;
  readonly anyStation: boolean;
  readonly source?: string;
  readonly site?: string;
  readonly json: boolean;
}

type DeviceConfig = ProfileSettings & Pick<Config, 'magnification' | 'filmMpixelMax'>;

/** The profiles by where they stand; for a film, what corrects it. Throws configuration-invalid, not-found. */
export async function listDevices(
  config: DeviceConfig,
  { site, film, json }: DeviceListOptions,
  clock: Clock,
): Promise<readonly string[]> {
  const places = profilePlaces(config).filter(({ siteId }) => site === undefined || siteId === site);
  if (site !== undefined && places.length === 0)
    throw new TriageError('not-found', `no site is named ${site}`);
  const today = dayOf(clock).replaceAll('-', '');
  const lists = places.map((place) => ({ place, profiles: profilesAt(place) }));
  const header = film === undefined ? null : await readHeaderFromFile(film);
  const applied =
    header === null
      ? []
      : (lists.length === 0 ? [null] : lists).map((list) => appliedTo(header, list, config));
  if (json) {
    const entries = lists.map(({ place: { path, siteId }, profiles }) => ({ path, site: siteId, profiles }));
    return [JSON.stringify({ schema: 'osteotriage.device-profiles/1', lists: entries, applied })];
  }
  return [
    ...lists.flatMap(({ place, profiles }) => [
      `${nameOf(place)}: ${profiles.length === 0 ? 'no profile' : `${profiles.length} in ${place.path}`}`,
      ...profiles.map(
        (profile) => `  ${describe(profile)}${isCalibrationFar(profile, today) ? '; OLD' : ''}`,
      ),
    ]),
    ...(lists.length === 0 ? ['no file holds device profiles (TRIAGE_DEVICE_PROFILES, TRIAGE_SITES)'] : []),
    ...applied.map(({ what, why }) => `${what}: ${why}`),
  ];
}

interface Applied {
  readonly what: string;
  readonly profile: string | null;
  readonly magnification: number | null;
  readonly why: string;
}

function appliedTo(
  header: DeviceNames & Parameters<typeof readSpacing>[0],
  list: { readonly place: ProfilePlace; readonly profiles: readonly DeviceProfile[] } | null,
  config: DeviceConfig,
): Applied {
  const { spacing } = readSpacing(header);
  const own = list?.place.siteId == null ? null : readSites(sitesFileOf(config));
  const rules = own?.sites.find(({ id }) => id === list?.place.siteId)?.rules;
  // A site without a list of its own uses the installation's, as the workers do.
  const installation =
    config.deviceProfilesFile === '' ? [] : profilesAt({ path: config.deviceProfilesFile, siteId: null });
  const { magnification, profile } = magnificationOf(spacing, header, {
    deviceProfiles:
      list?.place.siteId == null ? (list?.profiles ?? []) : (rules?.deviceProfiles ?? installation),
    magnification: rules?.magnification ?? config.magnification,
  });
  const device = [header.manufacturer, header.manufacturerModelName, header.stationName]
    .map((name) => name ?? '-')
    .join(' / ');
  const why = isCorrectedByFilm(spacing)
    ? 'the film corrects its scale itself; no profile is applied'
    : spacing.mmPerPx === null
      ? 'the film states no scale, so there are no millimetres to correct'
      : profile !== null
        ? `${profile.name}, magnification ${profile.verticalMagnification}`
        : magnification !== null
          ? `no profile; the site’s one magnification ${magnification}`
          : 'no profile: detector scale, not corrected';
  const place = list === null ? 'the installation' : nameOf(list.place);
  return { what: `film of ${device}, ${place}`, profile: profile?.name ?? null, magnification, why };
}

/** Enters a profile. Throws configuration-invalid where it cannot be one, with what is wrong. */
export async function addDevice(
  config: DeviceConfig,
  name: string,
  options: DeviceAddOptions,
  clock: Clock,
): Promise<readonly string[]> {
  const { film, magnification, uncertainty, source } = options;
  const header = film === undefined ? null : await readHeaderFromFile(film);
  const manufacturer = options.manufacturer ?? header?.manufacturer ?? '';
  const model = options.model ?? header?.manufacturerModelName ?? '';
  const station = options.station ?? header?.stationName ?? undefined;
  if (manufacturer === '' || model === '') {
    throw new TriageError(
      'request-invalid',
      'say which device it is: --manufacturer and --model, or --film with a DICOM file of it that names them',
    );
  }
  const profile: DeviceProfile = {
    ...{ name, manufacturer, model },
    ...(station === undefined ? {} : { station }),
    verticalMagnification: magnification,
    ...(uncertainty === undefined ? {} : { uncertainty }),
    ...{ source, calibratedOn: options.on ?? dayOf(clock) },
  };
  const place = await enter(config, profile, options.site);
  if (options.json) return [JSON.stringify({ schema: 'osteotriage.device-profile/1', profile, ...place })];
  return [describe(profile), takesEffect(place)];
}

/** Takes a profile away. Throws not-found. */
export async function removeDevice(
  config: DeviceConfig,
  name: string,
  { site, json }: Pick<DeviceListOptions, 'site' | 'json'>,
): Promise<readonly string[]> {
  const place = profilePlace(config, site);
  await changeProfiles(place, (profiles) => {
    const left = profiles.filter((profile) => profile.name !== name);
    if (left.length === profiles.length)
      throw new TriageError('not-found', `${nameOf(place)} has no device profile named ${name}`);
    return left;
  });
  return json ? [JSON.stringify({ removed: name, ...place })] : [`${name} is removed`, takesEffect(place)];
}

/** Measures a phantom, and enters the profile where that is asked for. Throws request-invalid with what to do. */
export async function calibrate(
  config: DeviceConfig,
  paths: readonly string[],
  options: CalibrateOptions,
  clock: Clock,
): Promise<readonly string[]> {
  const phantom = phantomOf(options);
  const report = await calibrateDevice(await listFiles(paths), phantom, {
    mmPerPx: options.mmPerPx,
    filmPixelsMax: config.filmMpixelMax * 1_000_000,
  });
  const profile = profileOf(report, phantom, options, clock);
  let place: ProfilePlace | null = null;
  if (options.add !== undefined) {
    if (report.device === null) {
      throw new TriageError(
        'request-invalid',
        'the films name no manufacturer and model: enter the profile with `device add` and the magnification printed without --add',
      );
    }
    place = await enter(config, profile, options.site);
  }
  if (options.json) {
    return [JSON.stringify({ schema: 'osteotriage.device-calibration/1', ...report, profile, added: place })];
  }
  return [
    ...describeReport(report),
    '',
    JSON.stringify(profile),
    ...(place === null ? [] : [takesEffect(place)]),
  ];
}

function phantomOf({ ballMm, stepMm, count }: CalibrateOptions): Phantom {
  const sizeMm = ballMm ?? stepMm;
  if (sizeMm === undefined || (ballMm !== undefined && stepMm !== undefined)) {
    throw new TriageError('configuration-invalid', 'say what is on the films: either --ball-mm or --step-mm');
  }
  return { kind: ballMm === undefined ? 'step' : 'ball', sizeMm, count: count ?? null };
}

function profileOf(
  { device, objects, verticalMagnification, uncertainty, exposedOn }: CalibrationReport,
  { kind, sizeMm }: Phantom,
  options: CalibrateOptions,
  clock: Clock,
): DeviceProfile {
  const films = new Set(objects.map(({ file }) => file)).size;
  const measured = `${counted(objects.length, kind === 'ball' ? 'ball' : 'bar')} on ${counted(films, 'film')}`;
  const station = options.anyStation ? undefined : device?.station;
  return {
    name: options.add ?? 'NAME',
    manufacturer: device?.manufacturer ?? 'MANUFACTURER',
    model: device?.model ?? 'MODEL',
    ...(station === undefined ? {} : { station }),
    verticalMagnification: Number(verticalMagnification.toFixed(4)),
    ...(uncertainty === null ? {} : { uncertainty: Number(uncertainty.toFixed(5)) }),
    source: options.source ?? `${kind} phantom ${sizeMm.toFixed(2)} mm, ${measured}`,
    calibratedOn: exposedOn ?? dayOf(clock),
  };
}

async function enter(
  config: DeviceConfig,
  profile: DeviceProfile,
  site: string | undefined,
): Promise<ProfilePlace> {
  const place = profilePlace(config, site);
  await changeProfiles(place, (profiles) => [...profiles, profile]);
  return place;
}

function describeReport(report: CalibrationReport): readonly string[] {
  const { objects, verticalMagnification, uncertainty, horizontalMagnification, notes } = report;
  const error =
    uncertainty === null ? '' : ` ± ${uncertainty.toFixed(4)} (one standard error of ${objects.length})`;
  return [
    'height px   vertical   horizontal   place              film',
    ...objects.map((object) => {
      const { file, centerPx, heightPx, horizontalMagnification: wide } = object;
      const place = centerPx.map((at) => at.toFixed(1)).join(', ');
      return `${heightPx.toFixed(2).padStart(9)}   ${object.verticalMagnification.toFixed(4).padStart(8)}   ${(wide?.toFixed(4) ?? '-').padStart(10)}   ${place.padEnd(16)}   ${file}`;
    }),
    `vertical magnification ${verticalMagnification.toFixed(4)}${error}`,
    ...(horizontalMagnification === null
      ? []
      : [`horizontal, for comparison ${horizontalMagnification.toFixed(4)}`]),
    ...notes.map((note) => `note: ${note}`),
  ];
}

function describe(profile: DeviceProfile): string {
  const { name, manufacturer, model, station, verticalMagnification, uncertainty, source, calibratedOn } =
    profile;
  const error = uncertainty === undefined ? '' : ` ± ${uncertainty}`;
  return `${name}: ${manufacturer} / ${model} / ${station ?? 'every station'}, magnification ${verticalMagnification}${error}, ${source}, ${calibratedOn}`;
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function nameOf({ siteId }: ProfilePlace): string {
  return siteId === null ? 'the installation' : `site ${siteId}`;
}

function takesEffect({ path, siteId }: ProfilePlace): string {
  return siteId === null
    ? `written to ${path} (before: ${path}.bak); a running service takes it after a restart`
    : `written to ${path} (before: ${path}.bak); a running service takes it within seconds`;
}

function dayOf(clock: Clock): string {
  return new Date(clock.nowMs()).toISOString().slice(0, 10);
}
