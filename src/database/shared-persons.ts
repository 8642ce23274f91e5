/** People as other systems see them: who was merged into whom, who declined, whose identity is protected. */
import type { Selectable } from 'kysely';
import { type Connection, patientIdentityKey } from './exam-records.ts';
import type { RecordPage } from './record-page.ts';
import type { PersonTable } from './schema.ts';
import { isPersonOfSites } from './site-films.ts';

/** A person, and the identities that turned out to be theirs. */
export interface SharedPerson extends Selectable<PersonTable> {
  readonly mergedIds: readonly string[];
}

/** What must be minded whenever something of a person is shown. */
export interface PersonStanding {
  readonly isProtected: boolean;
  /** Declined: nothing of theirs is shown. */
  readonly isOptedOut: boolean;
}

/** Which people are looked for. */
export interface PersonFilter {
  readonly personIds?: readonly string[];
  readonly patientIds?: readonly string[];
  /** Sites beyond whose films nothing is shown; left out: of every site. */
  readonly siteIds?: readonly string[];
}

/** People in the order of their identifiers. */
export async function listSharedPersons(
  database: Connection,
  filter: PersonFilter,
  page: RecordPage,
): Promise<readonly SharedPerson[]> {
  const { personIds, patientIds, siteIds } = filter;
  let query = database.selectFrom('persons').selectAll().orderBy('person_id').limit(page.limit);
  if (page.from?.key != null) query = query.where('person_id', '>=', page.from.key);
  if (personIds !== undefined) query = query.where('person_id', 'in', personIds);
  if (patientIds !== undefined) query = query.where('patient_id', 'in', patientIds);
  if (siteIds !== undefined) {
    query = query.where((or) =>
      or.or([isPersonOfSites('persons.person_id', siteIds), isPersonOfSites('persons.merged_into', siteIds)]),
    );
  }
  const persons = await query.execute();
  if (persons.length === 0) return [];
  const merged = await database
    .selectFrom('persons')
    .select(['person_id', 'merged_into'])
    .where(
      'merged_into',
      'in',
      persons.map(({ person_id }) => person_id),
    )
    .orderBy('person_id')
    .execute();
  return persons.map((person) => ({
    ...person,
    mergedIds: merged.filter((one) => one.merged_into === person.person_id).map((one) => one.person_id),
  }));
}

/** The people that these identifiers stand for now. */
export async function findSurvivors(
  database: Connection,
  personIds: readonly string[],
): Promise<readonly string[]> {
  if (personIds.length === 0) return [];
  const rows = await database
    .selectFrom('persons')
    .select(['person_id', 'merged_into'])
    .where('person_id', 'in', personIds)
    .execute();
  return [...new Set(rows.map((row) => row.merged_into ?? row.person_id))];
}

/** How people stand, under any identity that turned out to be theirs. */
export async function findPersonStandings(
  database: Connection,
  personIds: readonly string[],
): Promise<ReadonlyMap<string, PersonStanding>> {
  if (personIds.length === 0) return new Map();
  const identitiesBy = (column: 'person_id' | 'merged_into') =>
    database
      .selectFrom('persons')
      .select(['person_id', 'merged_into', 'identity_key', 'patient_id', 'is_protected'])
      .where(column, 'in', personIds)
      .execute();
  const identities = [...(await identitiesBy('person_id')), ...(await identitiesBy('merged_into'))];
  const keysOf = ({ identity_key, patient_id }: (typeof identities)[number]): readonly string[] =>
    patient_id === null ? [identity_key] : [identity_key, patientIdentityKey(null, patient_id)];
  const keys = [...new Set(identities.flatMap(keysOf))];
  const declined = new Set(
    keys.length === 0
      ? []
      : (
          await database
            .selectFrom('opt_outs')
            .select('identity_key')
            .where('identity_key', 'in', keys)
            .execute()
        ).map((entry) => entry.identity_key),
  );
  return new Map(
    personIds.map((personId) => {
      const own = identities.filter((one) => one.person_id === personId || one.merged_into === personId);
      return [
        personId,
        {
          isProtected: own.some((one) => one.is_protected === 1),
          isOptedOut: own.some((one) => keysOf(one).some((key) => declined.has(key))),
        },
      ];
    }),
  );
}
