import { parseDate } from '../dicom/read-header.ts';
import { TriageError } from '../errors.ts';

/** When and where a DXA is to be done. */
export interface Appointment {
  /** AE title; left out: any scanner. */
  readonly station?: string | undefined;
  /** YYYYMMDD; left out: today, now. */
  readonly date?: string | undefined;
  /** HHMM; left out: now, or the start of another day. */
  readonly time?: string | undefined;
}

/** An appointment as the scanner's list has it. */
export interface Schedule {
  readonly stationAeTitle: string | null;
  /** YYYYMMDD */
  readonly scheduledDate: string;
  /** HHMMSS */
  readonly scheduledTime: string;
}

/** The date and time of an appointment, in this machine's time zone as scanners have it. */
export function scheduleOf({ station, date, time }: Appointment, nowMs: number): Schedule {
  if (station !== undefined && !/^(?! )[^\\\p{Cc}]{1,16}(?<! )$/u.test(station)) {
    throw new TriageError('request-invalid', 'the station is an AE title of 1 to 16 characters');
  }
  if (date !== undefined && parseDate(date) !== date) {
    throw new TriageError('request-invalid', 'the date is no day: year, month and day as digits');
  }
  if (time !== undefined && !/^([01]\d|2[0-3])[0-5]\d$/.test(time)) {
    throw new TriageError('request-invalid', 'the time is no time of day: hours and minutes as four digits');
  }
  const today = localDay(nowMs);
  const timeOfDay =
    time === undefined ? (date === undefined || date === today ? localTime(nowMs) : '000000') : `${time}00`;
  return { stationAeTitle: station ?? null, scheduledDate: date ?? today, scheduledTime: timeOfDay };
}

/** YYYYMMDD on this machine. */
export function localDay(atMs: number): string {
  const at = new Date(atMs);
  return `${at.getFullYear()}${twoDigits(at.getMonth() + 1)}${twoDigits(at.getDate())}`;
}

/** HHMMSS on this machine. */
export function localTime(atMs: number): string {
  const at = new Date(atMs);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join('');
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}
