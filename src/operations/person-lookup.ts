import type { Selectable } from 'kysely';
import type { Connection } from '../database/exam-records.ts';
import { patientIdentityKey } from '../database/exam-records.ts';
import type { PersonTable } from '../database/schema.ts';
import { TriageError } from '../errors.ts';

/** How a person is named: by our own identifiers, or by a Patient ID, with its issuer where several have one. */
export type PersonName =
  | { readonly personId: string }
  /** For a person who came without a Patient ID. */
  | { readonly referralId: string }
  | { readonly patientId: string; readonly issuer?: string | undefined };

/** A row of the record, as it stands. */
export type Person = Selectable<PersonTable>;

/**
 * The row that a name stands for, merged or not; undefined where there is none. Throws request-invalid where more
 * than one person has the Patient ID and no issuer is named.
 */
export async function findPerson(database: Connection, name: PersonName): Promise<Person | undefined> {
  const query = database.selectFrom('persons').selectAll();
  if ('personId' in name) return query.where('person_id', '=', name.personId).executeTakeFirst();
  if ('referralId' in name) {
    const ofReferral = database
      .selectFrom('referrals')
      .select('person_id')
      .where('referral_id', '=', name.referralId);
    return query.where('person_id', 'in', ofReferral).executeTakeFirst();
  }
  const { issuer, patientId } = name;
  if (issuer !== undefined) {
    return query.where('identity_key', '=', patientIdentityKey(issuer, patientId)).executeTakeFirst();
  }
  const [person, ...others] = await query.where('patient_id', '=', patientId.trim()).execute();
  if (others.length > 0) {
    throw new TriageError(
      'request-invalid',
      `${others.length + 1} persons of different issuers have this Patient ID: name the issuer too`,
    );
  }
  return person;
}

/** As findPerson, and the person whom this one was merged into. Throws not-found; `role` is for the message. */
export async function requireSurvivor(database: Connection, name: PersonName, role: string): Promise<Person> {
  const person = await findPerson(database, name);
  const survivor =
    person === undefined || person.merged_into === null
      ? person
      : await findPerson(database, { personId: person.merged_into });
  if (survivor === undefined) throw new TriageError('not-found', `no person is known under ${role}`);
  return survivor;
}
