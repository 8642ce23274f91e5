/** What this API can do, made of the same tables that it works by. Pure. */
import { type FhirElement, instantOf } from './fhir-values.ts';
import { RESOURCE_KINDS, type ResourceKind } from './resource-kinds.ts';

/** The CapabilityStatement of GET /fhir/metadata. */
export function capabilityStatement(about: {
  readonly base: string;
  readonly softwareVersion: string;
  readonly atMs: number;
}): FhirElement {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: instantOf(about.atMs),
    kind: 'instance',
    fhirVersion: '4.0.1',
    format: ['application/fhir+json'],
    software: { name: 'osteotriage', version: about.softwareVersion },
    implementation: {
      description: 'Findings of X-ray films and referrals to DXA; for reading',
      url: about.base,
    },
    rest: [
      {
        mode: 'server',
        security: {
          description: 'Authorization: Bearer KEY, with a key of exchange.systems of the sites file.',
        },
        resource: RESOURCE_KINDS.map(describeKind),
      },
    ],
  };
}

function describeKind({ type, parameters, includes }: ResourceKind): FhirElement {
  return {
    type,
    interaction: [{ code: 'read' }, { code: 'search-type' }],
    versioning: 'no-version',
    readHistory: false,
    updateCreate: false,
    conditionalRead: 'not-match',
    searchInclude: includes.length === 0 ? undefined : includes.map((name) => `${type}:${name}`),
    searchParam: parameters.map(({ name, type: parameterType, documentation }) => ({
      name,
      type: parameterType,
      documentation,
    })),
  };
}
