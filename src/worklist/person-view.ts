import type { Selectable } from 'kysely';
import { dateOf } from '../database/person-terms.ts';
import type { PersonTable } from '../database/schema.ts';
import { describeNumber } from '../exam/personal-number.ts';
import type { PersonView } from './worklist-views.ts';

/** What a person is shown from. */
export const PERSON_COLUMNS = [
  'persons.name',
  'persons.patient_id',
  'persons.birth_date',
  'persons.sex',
  'persons.is_protected',
] as const;

/** A row with these columns. */
export type PersonColumns = Pick<
  Selectable<PersonTable>,
  'name' | 'patient_id' | 'birth_date' | 'sex' | 'is_protected'
>;

/**
 * Whom a row is about, as pages show it. Of a person with a protected identity neither name nor number nor birth date
 * leaves the record this way.
 */
export function personView(row: PersonColumns, nowMs: number): PersonView {
  return row.is_protected === 1
    ? { name: '', patientId: '', birthDate: null, sex: row.sex, isProtected: true }
    : { ...openView(row, nowMs), isProtected: false };
}

/** The same with nothing hidden: only for whoever asked for it by name, which is logged. */
export function openView(row: PersonColumns, nowMs: number): PersonView {
  const patientId = row.patient_id ?? '';
  const { kind, shown } = describeNumber(patientId, dateOf(nowMs));
  return {
    name: writtenName(row.name),
    patientId,
    birthDate: row.birth_date,
    sex: row.sex,
    number: { kind, shown },
    isProtected: row.is_protected === 1,
  };
}

/** PN components are divided by ^ (PS3.5 6.2.1): family name, given name. */
function writtenName(name: string | null): string {
  const [alphabetic = ''] = (name ?? '').split('=');
  return alphabetic
    .split('^')
    .filter((part) => part !== '')
    .join(', ');
}
