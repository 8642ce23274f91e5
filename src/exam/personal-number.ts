/**
 * Numbers that name people in Sweden: personnummer, samordningsnummer and the reserve numbers of regions. Pure.
 * Reserve numbers: formats as Inera publishes them ("Lokala ReservIDn", "Nationellt ReservID"); of the others that
 * regions use only the common form is known, a date and four characters with a letter among them (Västra Götaland,
 * Skåne, Värmland). They are told by their form and not checked: one region's number may look like another's.
 */

/** What a Patient ID turned out to be; `invalid` looks like a personnummer and cannot be one. */
export type NumberKind = 'personnummer' | 'samordningsnummer' | 'reservnummer' | 'other' | 'invalid';

/** What a Patient ID says. */
export interface PatientNumber {
  readonly kind: NumberKind;
  /** As people write it: YYYYMMDD-NNNN; every other Patient ID as it came. */
  readonly shown: string;
  /** YYYYMMDD; null where the number does not tell it for sure. */
  readonly birthDate: string | null;
  readonly sex: 'F' | 'M' | null;
}

/** With or without century and separator; some systems write a space in its place. */
const PERSONAL = /^(?<century>\d{2})?(?<rest>\d{6})(?<mark>[-+ ]?)(?<serial>\d{4})$/;
/** Nobody alive was born before; centuries beyond the next belong to reserve numbers. */
const CENTURIES = ['18', '19', '20', '21'];
const SAMORDNING_DAY_ADDED = 60;

/** Reads a Patient ID as a Swedish number; `onDate` (YYYYMMDD) tells the century of a number that has none. */
export function describeNumber(patientId: string, onDate: string): PatientNumber {
  const text = patientId.trim();
  const found = PERSONAL.exec(text)?.groups;
  const isReserve = isReserveNumber(text.replace('-', '').toUpperCase());
  if (found !== undefined && !isReserve) return describePersonal(text, found, onDate);
  return { kind: isReserve ? 'reservnummer' : 'other', shown: text, birthDate: null, sex: null };
}

/** The digits by which a person is found: with and without the century; nothing for what is no such number. */
export function numberDigits(patientId: string): readonly string[] {
  const digits = patientId.replaceAll(/[-+ ]/g, '');
  if (/^\d{12}$/.test(digits)) return [digits, digits.slice(2)];
  return /^\d{10}$/.test(digits) ? [digits] : [];
}

function describePersonal(
  text: string,
  found: Readonly<Record<string, string | undefined>>,
  onDate: string,
): PatientNumber {
  const { century, rest = '', mark = '', serial = '' } = found;
  const other = { kind: 'other', shown: text, birthDate: null, sex: null } as const;
  if (century !== undefined && !CENTURIES.includes(century)) return other;
  const dayWritten = Number(rest.slice(4));
  const isSamordning = dayWritten > SAMORDNING_DAY_ADDED;
  const day = String(isSamordning ? dayWritten - SAMORDNING_DAY_ADDED : dayWritten).padStart(2, '0');
  const monthAndDay = rest.slice(2, 4) + day;
  const year = (century ?? centuryOf(rest.slice(0, 2) + monthAndDay, mark, onDate)) + rest.slice(0, 2);
  const birthDate = year + monthAndDay;
  const isRight =
    isCalendarDate(birthDate) && birthDate <= onDate && luhnDigit(rest + serial.slice(0, 3)) === serial[3];
  // Ten digits with nothing between them may be any local number.
  if (!isRight && century === undefined && mark === '') return other;
  return {
    kind: !isRight ? 'invalid' : isSamordning ? 'samordningsnummer' : 'personnummer',
    shown: `${year}${rest.slice(2)}-${serial}`,
    birthDate: isRight ? birthDate : null,
    sex: isRight ? (Number(serial[2]) % 2 === 0 ? 'F' : 'M') : null,
  };
}

/** The latest century that does not lie ahead; a plus takes a hundred years more. */
function centuryOf(shortDate: string, mark: string, onDate: string): string {
  const present = Number(onDate.slice(0, 2));
  const latest = shortDate <= onDate.slice(2) ? present : present - 1;
  return String(mark === '+' ? latest - 1 : latest);
}

/** Whether a number has the form of a region's reserve number, or of a national one. */
function isReserveNumber(text: string): boolean {
  // Region Stockholm: 99, the year it was given out, a serial number.
  if (/^99\d{10}$/.test(text)) return true;
  // Inera: a day from 32 to 59 stands for none.
  if (/^(19|20)\d{2}(0[1-9]|1[0-2])(3[2-9]|[45]\d)\d{4}$/.test(text)) {
    return luhnDigit(text.slice(2, 11)) === text[11];
  }
  const [, date = '', last = ''] = /^(\d{8})((?=.*[A-Z])[A-Z0-9]{4})$/.exec(text) ?? [];
  // National: two letters at least, none that looks like a digit; the date before it may be a running number.
  return isCalendarDate(date) || /^[A-HJ-NPR-UX-Z]{2,3}\d{1,2}$/.test(last);
}

function isCalendarDate(date: string): boolean {
  const [year, month, day] = [Number(date.slice(0, 4)), Number(date.slice(4, 6)), Number(date.slice(6))];
  const made = new Date(Date.UTC(year, month - 1, day));
  return made.getUTCFullYear() === year && made.getUTCMonth() === month - 1 && made.getUTCDate() === day;
}

/** The check digit after Luhn: every other digit counts double, the first one too. */
function luhnDigit(digits: string): string {
  const sum = Array.from(digits).reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return String((10 - (sum % 10)) % 10);
}
