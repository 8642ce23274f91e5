/** People and staff as FHIR resources. Pure. */
import type { SharedPerson } from '../../database/shared-persons.ts';
import { describeNumber } from '../../exam/personal-number.ts';
import {
  dateOf,
  type FhirElement,
  type FhirResource,
  hl7Concept,
  OWN_SYSTEMS,
  referenceTo,
} from './fhir-values.ts';

const PERSONNUMMER = 'urn:oid:1.2.752.129.2.1.3.1';
const SAMORDNINGSNUMMER = 'urn:oid:1.2.752.129.2.1.3.3';

const GENDERS: Readonly<Record<string, string>> = { F: 'female', M: 'male', O: 'other' };

/** A person. One that turned out to be another says so, and no more is changed. */
export function patientResource(person: SharedPerson, onDate: string): FhirResource {
  const { person_id, merged_into, mergedIds, patient_id, issuer, is_protected } = person;
  const links = [
    ...(merged_into === null ? [] : [{ other: referenceTo('Patient', merged_into), type: 'replaced-by' }]),
    ...mergedIds.map((id) => ({ other: referenceTo('Patient', id), type: 'replaces' })),
  ];
  const name = is_protected === 1 ? MASKED_NAME : humanName(person.name);
  return {
    resourceType: 'Patient',
    id: person_id,
    active: merged_into === null,
    identifier: patient_id === null ? undefined : [patientIdentifier(patient_id, issuer, onDate)],
    name: name === undefined ? undefined : [name],
    gender: person.sex === null ? undefined : (GENDERS[person.sex] ?? 'unknown'),
    birthDate: dateOf(person.birth_date),
    link: links.length === 0 ? undefined : links,
  };
}

/** A person's number, under the system that gave it out. */
export function patientIdentifier(patientId: string, issuer: string | null, onDate: string): FhirElement {
  const { kind, shown } = describeNumber(patientId, onDate);
  if (kind === 'personnummer' || kind === 'samordningsnummer') {
    return {
      type: hl7Concept('v2-0203', 'NI', 'National unique individual identifier'),
      system: kind === 'personnummer' ? PERSONNUMMER : SAMORDNINGSNUMMER,
      value: shown.replace('-', ''),
    };
  }
  return {
    type: hl7Concept('v2-0203', 'MR', 'Medical record number'),
    system: issuer === null || issuer.trim() === '' ? undefined : issuerSystem(issuer.trim()),
    value: patientId.trim(),
  };
}

/** How a number that is looked for may stand in a film's header. */
export function notationsOf(value: string): readonly string[] {
  const digits = value.replaceAll(/[-+ ]/g, '');
  if (!/^(\d{2})?\d{10}$/.test(digits)) return [value];
  const long = digits.length === 12 ? [digits] : ['19', '20'].map((century) => century + digits);
  const short = digits.slice(-10);
  const marked = [...long, short].map((text) => `${text.slice(0, -4)}-${text.slice(-4)}`);
  return [...new Set([value, ...long, short, ...marked, `${short.slice(0, 6)}+${short.slice(6)}`])];
}

/** A person who signs in here. */
export function practitionerResource(user: {
  readonly user_id: string;
  readonly name: string;
  readonly is_disabled: 0 | 1;
}): FhirResource {
  return {
    resourceType: 'Practitioner',
    id: user.user_id,
    active: user.is_disabled === 0,
    identifier: [{ system: OWN_SYSTEMS.user, value: user.user_id }],
    name: [{ text: user.name }],
  };
}

const MASKED_NAME: FhirElement = {
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }],
};

/** Components of a PN: family, given, middle, prefix, suffix (PS3.5 section 6.2.1). */
function humanName(personName: string | null): FhirElement | undefined {
  const parts =
    (personName ?? '')
      .split('=')[0]
      ?.split('^')
      .map((part) => part.trim()) ?? [];
  const [family = '', given = '', middle = '', prefix = '', suffix = ''] = parts;
  const text = [prefix, given, middle, family, suffix].filter((part) => part !== '').join(' ');
  if (text === '') return undefined;
  const list = (...names: readonly string[]) => {
    const present = names.flatMap((name) => name.split(/\s+/)).filter((name) => name !== '');
    return present.length === 0 ? undefined : present;
  };
  return {
    text,
    family: family === '' ? undefined : family,
    given: list(given, middle),
    prefix: list(prefix),
    suffix: list(suffix),
  };
}

function issuerSystem(issuer: string): string {
  if (/^[0-2](\.\d+)+$/.test(issuer)) return `urn:oid:${issuer}`;
  return /^(urn:|https?:)/.test(issuer) ? issuer : OWN_SYSTEMS.issuer + encodeURIComponent(issuer);
}
