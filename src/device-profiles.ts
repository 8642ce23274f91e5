/** Device profiles as they stand in a file: in the rules of a site, or alone for an installation without sites. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { systemClock } from './clock.ts';
import { TriageError } from './errors.ts';
import { type DeviceProfile, isSameDevice } from './exam/device-profile.ts';

const PROFILES_MAX = 200;
const DAY_MS = 86_400_000;

// DICOM's LO holds 64 characters, SH 16 (PS3.5 6.2).
const text = (charactersMax: number) => z.string().trim().min(1).max(charactersMax);

const calibrationDay = z
  .string()
  .refine((day) => isDay(day), 'write a day as YYYY-MM-DD')
  // Where it is already tomorrow the day is still one of this world.
  .refine(
    (day) => Date.parse(day) <= systemClock.nowMs() + DAY_MS,
    'the day of the calibration lies in the future',
  );

const deviceProfileSchema = z.strictObject({
  name: text(64),
  manufacturer: text(64),
  model: text(64),
  station: text(16).optional(),
  verticalMagnification: z.number().min(1).max(2),
  uncertainty: z.number().min(0).max(0.2).optional(),
  source: text(200),
  calibratedOn: calibrationDay,
});

/** A list of profiles of which no two have one name or speak of the same device. */
export const deviceProfilesSchema = z
  .array(deviceProfileSchema)
  .max(PROFILES_MAX)
  .superRefine((profiles, context) => {
    for (const [index, profile] of profiles.entries()) {
      const earlier = profiles.slice(0, index);
      if (earlier.some(({ name }) => name === profile.name))
        context.addIssue({ code: 'custom', message: `two device profiles are named ${profile.name}` });
      const twin = earlier.find((other) => isSameDevice(other, profile));
      if (twin !== undefined)
        context.addIssue({
          code: 'custom',
          message: `the device profiles ${twin.name} and ${profile.name} are of the same device: leave one, or tell units apart by their station`,
        });
    }
  });

const fileSchema = z.strictObject({ deviceProfiles: deviceProfilesSchema });

/** Reads the file of an installation without sites. Throws configuration-invalid with the place in it. */
export function readDeviceProfiles(path: string): readonly DeviceProfile[] {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new TriageError('configuration-invalid', `the device profiles ${path} cannot be read`, { cause });
  }
  return parseDeviceProfiles(content, path);
}

/** Checks the text of such a file; `path` is for the message. */
export function parseDeviceProfiles(content: string, path: string): readonly DeviceProfile[] {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (cause) {
    throw new TriageError('configuration-invalid', `the device profiles ${path} are not JSON`, { cause });
  }
  const checked = fileSchema.safeParse(json);
  if (checked.success) return checked.data.deviceProfiles;
  const { path: place, message } = checked.error.issues[0] ?? { path: [], message: 'not allowed' };
  throw new TriageError(
    'configuration-invalid',
    `the device profiles ${path}, at ${place.join('.') || 'top'}: ${message}`,
  );
}

function isDay(day: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return false;
  const time = Date.parse(day);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}
