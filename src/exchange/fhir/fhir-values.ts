/** The values that FHIR resources are made of (R4, 4.0.1), as plain JSON. Pure. */
import { createHash } from 'node:crypto';
import type { Code } from '../../report/content-item.ts';

/** Anything that a resource holds; undefined members are left out when it is written. */
export type FhirValue =
  string | number | boolean | readonly FhirValue[] | { readonly [name: string]: FhirValue | undefined };

/** A resource. */
export interface FhirResource {
  readonly resourceType: string;
  readonly id: string;
  readonly [member: string]: FhirValue | undefined;
}

/** A value with members. */
export type FhirElement = Readonly<Record<string, FhirValue | undefined>>;

/** Systems of identifiers and codes that are this service's own. */
export const OWN_SYSTEMS = {
  /** The concepts of the structured reports (99OSTEOTRIAGE). */
  concepts: 'urn:x-osteotriage:concepts',
  referralState: 'urn:x-osteotriage:referral-state',
  dismissalReason: 'urn:x-osteotriage:dismissal-reason',
  outcome: 'urn:x-osteotriage:closing-outcome',
  action: 'urn:x-osteotriage:action',
  issuer: 'urn:x-osteotriage:issuer:',
  order: 'urn:x-osteotriage:order',
  accession: 'urn:x-osteotriage:accession-number',
  user: 'urn:x-osteotriage:user',
  model: 'urn:x-osteotriage:model',
} as const;

const SYSTEM_OF_SCHEME: Readonly<Record<string, string>> = {
  DCM: 'http://dicom.nema.org/resources/ontology/DCM',
  SCT: 'http://snomed.info/sct',
  UCUM: 'http://unitsofmeasure.org',
  UMLS: 'http://terminology.hl7.org/CodeSystem/umls',
  LN: 'http://loinc.org',
  '99OSTEOTRIAGE': OWN_SYSTEMS.concepts,
};

/** A concept of LOINC. */
export function loinc(value: string, meaning: string): Code {
  return { value, scheme: 'LN', meaning };
}

/** A concept as FHIR writes it. */
export function codingOf({ value, scheme, meaning }: Code): FhirElement {
  return { system: SYSTEM_OF_SCHEME[scheme] ?? OWN_SYSTEMS.concepts, code: value, display: meaning };
}

/** Concepts that say the same, with a text. */
export function conceptOf(codes: Code | readonly Code[], text?: string): FhirElement {
  const all: readonly Code[] = 'value' in codes ? [codes] : codes;
  return { coding: all.map(codingOf), text: text ?? all[0]?.meaning };
}

/** A concept of one of HL7's own code systems. */
export function hl7Concept(codeSystem: string, code: string, display: string): FhirElement {
  return {
    coding: [{ system: `http://terminology.hl7.org/CodeSystem/${codeSystem}`, code, display }],
    text: display,
  };
}

/** A number with its unit, rounded. */
export function quantityOf(
  value: number,
  decimals: number,
  unit: Pick<Code, 'value' | 'meaning'>,
): FhirElement {
  return {
    // Adding 0 turns -0 into 0.
    value: Number(value.toFixed(decimals)) + 0,
    unit: unit.meaning,
    system: 'http://unitsofmeasure.org',
    code: unit.value,
  };
}

/** A reference within this API. */
export function referenceTo(type: string, id: string): FhirElement {
  return { reference: `${type}/${id}` };
}

/** The reference of someone's deed: `user …` is a person, everything else a machine that is named. */
export function actorReference(actor: string, name?: string): FhirElement {
  const [kind, ...rest] = actor.split(' ');
  const id = rest.join(' ');
  if (kind === 'user' && isId(id)) return { ...referenceTo('Practitioner', id), display: name };
  return { type: 'Device', display: kind === 'scanner' ? actor : `osteotriage: ${actor}` };
}

/** A moment. */
export function instantOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** YYYYMMDD as FHIR writes it; undefined where it is none. */
export function dateOf(dicomDate: string | null): string | undefined {
  const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})$/.exec(dicomDate ?? '') ?? [];
  return year === undefined ? undefined : `${year}-${month ?? ''}-${day ?? ''}`;
}

/** A UID as an identifier (R4, DICOM). */
export function uidIdentifier(uid: string): FhirElement {
  return { system: 'urn:dicom:uid', value: `urn:oid:${uid}` };
}

/** An identifier of an order or a study at the imaging department. */
export function accessionIdentifier(accessionNumber: string): FhirElement {
  return {
    type: hl7Concept('v2-0203', 'ACSN', 'Accession ID'),
    system: OWN_SYSTEMS.accession,
    value: accessionNumber,
  };
}

/** Whether a text can be an identifier of a resource. */
export function isId(text: string): boolean {
  return /^[A-Za-z0-9\-.]{1,64}$/.test(text);
}

/**
 * A resource with what is said of it: when it changed, whose protection it is under, and a version that is the same as
 * long as the content is.
 */
export function withMeta(
  resource: FhirResource,
  about: { readonly lastUpdatedMs: number | null; readonly isProtected: boolean },
): FhirResource {
  const version = createHash('sha256').update(JSON.stringify(resource)).update(String(about.isProtected));
  const { resourceType, id, ...members } = resource;
  return {
    resourceType,
    id,
    meta: {
      versionId: version.digest('hex').slice(0, 16),
      lastUpdated: about.lastUpdatedMs === null ? undefined : instantOf(about.lastUpdatedMs),
      security: about.isProtected ? [PROTECTED] : undefined,
    },
    ...members,
  };
}

/** Skyddade personuppgifter: whoever gets it must hide it from those who need not see it. */
const PROTECTED: FhirElement = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality',
  code: 'R',
  display: 'restricted',
};
