/**
 * The calibration of an X-ray device by its site. A panoramic film shows the jaw larger than it is, by a factor that
 * differs between devices: only a measured one may correct a millimetre (PS3.3 10.7.1.3). Pure.
 */
import type { AppliedProfile, Spacing } from './analysis.ts';
import type { ImageHeader } from './exam.ts';

/** What a site says of a device that it has calibrated. */
export interface DeviceProfile {
  /** How people name it. */
  readonly name: string;
  /** Manufacturer (0008,0070). */
  readonly manufacturer: string;
  /** Manufacturer's Model Name (0008,1090). */
  readonly model: string;
  /** Station Name (0008,1010); left out: every unit of the model. */
  readonly station?: string | undefined;
  readonly verticalMagnification: number;
  /** One standard error of the magnification, where it is known. */
  readonly uncertainty?: number | undefined;
  /** Who or what the magnification comes from, in the site's words. */
  readonly source: string;
  /** YYYY-MM-DD. */
  readonly calibratedOn: string;
}

/** What a film's header says of the device. */
export type DeviceNames = Pick<ImageHeader, 'manufacturer' | 'manufacturerModelName' | 'stationName'>;

/** What a site knows of magnifications. */
export interface KnownMagnifications {
  readonly deviceProfiles: readonly DeviceProfile[];
  /** Of every panoramic device that no profile names; null leaves its millimetres uncorrected. */
  readonly magnification: number | null;
}

/** What the millimetres of a film are divided by, and whose word that is. */
export interface FilmMagnification {
  /** null: nothing is corrected here. */
  readonly magnification: number | null;
  readonly profile: DeviceProfile | null;
}

/** A calibration holds this long: a tube or a detector is exchanged, a unit is mended or moved. */
export const CALIBRATION_DAYS_MAX = 731;

const DAY_MS = 86_400_000;

/**
 * The magnification of a film, once: a scale that the film itself corrects stays as it is, then the profile of its
 * device counts, then the one magnification of the site.
 * @param device null for a picture without a header
 */
export function magnificationOf(
  spacing: Spacing,
  device: DeviceNames | null,
  known: KnownMagnifications,
): FilmMagnification {
  if (isCorrectedByFilm(spacing) || spacing.mmPerPx === null) return { magnification: null, profile: null };
  const profile = device === null ? null : profileFor(known.deviceProfiles, device);
  return { magnification: profile?.verticalMagnification ?? known.magnification, profile };
}

/** Whether the millimetres of a film are those of the bone by its own word. */
export function isCorrectedByFilm({ source, statedMagnification }: Spacing): boolean {
  return source === 'calibrated' || statedMagnification !== undefined;
}

/** Whether millimetres are those of the bone: by the film's own word, or because the device's magnification is known. */
export function isScaleCorrected(spacing: Spacing, magnification: number | null): boolean {
  return isCorrectedByFilm(spacing) || (magnification !== null && magnification > 0);
}

/** The profile of a device; one of its very station counts before one of its model. */
export function profileFor(profiles: readonly DeviceProfile[], device: DeviceNames): DeviceProfile | null {
  const ofModel = profiles.filter(
    ({ manufacturer, model }) =>
      isSameName(manufacturer, device.manufacturer) && isSameName(model, device.manufacturerModelName),
  );
  const ofStation = ofModel.find(
    ({ station }) => station !== undefined && isSameName(station, device.stationName),
  );
  return ofStation ?? ofModel.find(({ station }) => station === undefined) ?? null;
}

/** Whether two profiles speak of the same device, so that nobody could say which counts. */
export function isSameDevice(one: DeviceProfile, other: DeviceProfile): boolean {
  const isSameStation =
    one.station === undefined || other.station === undefined
      ? one.station === other.station
      : isSameName(one.station, other.station);
  return (
    isSameStation && isSameName(one.manufacturer, other.manufacturer) && isSameName(one.model, other.model)
  );
}

/** Whether a calibration is far from a day, YYYYMMDD as DICOM writes it: made long before it, or long after. */
export function isCalibrationFar(
  { calibratedOn }: Pick<DeviceProfile, 'calibratedOn'>,
  day: string,
): boolean {
  const dayMs = Date.parse(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6, 8)}`);
  return Math.abs(dayMs - Date.parse(calibratedOn)) > CALIBRATION_DAYS_MAX * DAY_MS;
}

/** What stands in the result. */
export function appliedProfile({ name, source, calibratedOn, uncertainty }: DeviceProfile): AppliedProfile {
  return { name, source, calibratedOn, uncertainty: uncertainty ?? null };
}

/** Case and the number of spaces differ between a sticker, a manual and a header. */
function isSameName(one: string, other: string | null): boolean {
  return other !== null && plainName(one) === plainName(other);
}

function plainName(name: string): string {
  return name.normalize('NFC').trim().replaceAll(/\s+/g, ' ').toLowerCase();
}
