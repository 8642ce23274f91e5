import type { Clock } from '../clock.ts';
import { isCalibrationFar } from '../exam/device-profile.ts';
import { profilePlaces, profilesAt, type ProfileSettings } from './device-file.ts';

/** What `doctor` says of calibrated devices: how many, and which calibrations are old. Throws configuration-invalid. */
export function describeDevices(settings: ProfileSettings, clock: Clock): string {
  const profiles = profilePlaces(settings).flatMap(profilesAt);
  if (profiles.length === 0) {
    return 'none: panoramic millimetres stay at detector scale unless a film corrects its own (osteotriage device calibrate)';
  }
  const today = new Date(clock.nowMs()).toISOString().slice(0, 10).replaceAll('-', '');
  const old = profiles.filter((profile) => isCalibrationFar(profile, today)).map(({ name }) => name);
  const count = profiles.length === 1 ? '1 profile' : `${profiles.length} profiles`;
  return old.length === 0
    ? count
    : `${count}; calibrated more than two years ago, so calibrate anew: ${old.join(', ')}`;
}
