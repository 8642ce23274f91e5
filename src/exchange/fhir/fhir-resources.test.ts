import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../clock.ts';
import type { Database } from '../../database/schema.ts';
import { fillFhirRecord, type FhirRecord } from '../../testing/fhir-record.ts';
import { FHIR_SCHEMA_ID, profileErrors, schemaErrors } from '../../testing/fhir-validation.ts';
import { openTestRecord } from '../../testing/test-record.ts';
import { capabilityStatement } from './capability-statement.ts';
import { type FhirReader, openFhirReader } from './fhir-reader.ts';
import type { FhirResource } from './fhir-values.ts';
import { notationsOf, patientIdentifier } from './patient-resource.ts';
import { findKind, RESOURCE_KINDS } from './resource-kinds.ts';
import { failureOutcome, searchBundle } from './search-bundle.ts';
import { readSearch } from './search-request.ts';

let database: Kysely<Database>;
let record: FhirRecord;
let reader: FhirReader;
let all: readonly FhirResource[];

beforeAll(async () => {
  database = await openTestRecord();
  record = await fillFhirRecord(database);
  reader = openFhirReader(database, systemClock);
  const pages = await Promise.all(
    RESOURCE_KINDS.map((kind) => reader.search(kind, readSearch(kind, [['_count', '200']]))),
  );
  all = pages.flatMap(({ found }) => found.map(({ resource }) => plain(resource)));
});
afterAll(() => database.destroy());

/** As it is sent. */
function plain<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

function of(type: string, id: string): FhirResource {
  const found = all.find((one) => one.resourceType === type && one.id === id);
  if (found === undefined) throw new Error(`no ${type} ${id}`);
  return found;
}

describe('the validators', () => {
  it('are of R4 and find what is wrong', () => {
    expect(FHIR_SCHEMA_ID).toBe('http://hl7.org/fhir/json-schema/4.0');
    const task = of('Task', record.closed.referralId);
    expect(schemaErrors({ ...task, status: 'nearly done' })).not.toEqual([]);
    expect(schemaErrors({ ...task, buisnessStatus: { text: 'x' } })).not.toEqual([]);
    expect(schemaErrors({ ...task, for: { reference: 3 } })).not.toEqual([]);
    expect(schemaErrors({ ...task, authoredOn: 'yesterday' })).not.toEqual([]);
    expect(profileErrors({ ...task, status: 'nearly done' })).not.toEqual([]);
    expect(profileErrors({ ...task, intent: undefined })).not.toEqual([]);
    expect(profileErrors({ ...task, buisnessStatus: { text: 'x' } })).not.toEqual([]);
  });
});

describe('every resource of a real record', () => {
  it('is there in each kind', () => {
    const kinds = new Set(all.map(({ resourceType }) => resourceType));
    expect([...kinds].sort()).toEqual(RESOURCE_KINDS.map(({ type }) => type).sort());
    expect(new Set(all.map(({ resourceType, id }) => `${resourceType}/${id}`)).size).toBe(all.length);
  });

  it('is valid by the schema of FHIR R4', () => {
    const wrong = all.flatMap((one) =>
      schemaErrors(one).map((text) => `${one.resourceType}/${one.id}: ${text}`),
    );
    expect(wrong).toEqual([]);
  });

  it('is valid by the profiles and value sets of FHIR R4', () => {
    const wrong = all.flatMap((one) =>
      profileErrors(one).map((text) => `${one.resourceType}/${one.id}: ${text}`),
    );
    expect(wrong).toEqual([]);
  });

  it('refers to nothing that cannot be read', async () => {
    const references = new Set(
      [...JSON.stringify(all).matchAll(/"reference":"([^"]+)"/g)].map(([, reference = '']) => reference),
    );
    const missing: string[] = [];
    for (const reference of references) {
      if (reference.startsWith('#')) continue;
      const [type = '', id = ''] = reference.split('/');
      const kind = findKind(type);
      if (kind === undefined || (await reader.read(kind, id)) === undefined) missing.push(reference);
    }
    expect(missing).toEqual([]);
    expect(references.size).toBeGreaterThan(40);
  });

  it('is the same at every reading', async () => {
    const task = await reader.read(findKind('Task')!, record.closed.referralId);
    expect(plain(task?.resource)).toEqual(of('Task', record.closed.referralId));
  });
});

describe('bundles, outcomes and the capability statement', () => {
  it('are valid as well', () => {
    const bundle = plain(
      searchBundle(
        {
          found: all.slice(0, 3).map((resource) => ({ resource, personId: null, lastUpdatedMs: null })),
          included: [],
          next: 'abc',
        },
        {
          base: 'https://node/fhir',
          self: 'https://node/fhir/Patient',
          nextOf: (cursor) => `https://node/fhir/Patient?_cursor=${cursor}`,
          isFirstPage: true,
          ignored: ['colour'],
          atMs: 0,
        },
      ),
    ) as FhirResource;
    const about = { base: 'https://node/fhir', softwareVersion: '1', atMs: 0 };
    const statement = plain(capabilityStatement(about)) as unknown as FhirResource;
    const outcome = plain(failureOutcome('request-invalid', 'x', 'y')) as unknown as FhirResource;
    expect(statement).toMatchObject({ fhirVersion: '4.0.1' });
    // The schema and the profiles are those of 4.0.0, of which 4.0.1 is a technical correction.
    for (const one of [bundle, { ...statement, fhirVersion: '4.0.0' }, outcome]) {
      expect(schemaErrors(one), one.resourceType).toEqual([]);
      expect(profileErrors(one), one.resourceType).toEqual([]);
    }
  });
});

describe('a person', () => {
  it('has the number under the system of its issuer', () => {
    const identifier = (patientId: string, issuer: string | null = null) => {
      const { system, value } = patientIdentifier(patientId, issuer, '20261122');
      return [system, value];
    };
    expect(identifier('19121212-1212')).toEqual(['urn:oid:1.2.752.129.2.1.3.1', '191212121212']);
    expect(identifier('121212-1212')).toEqual(['urn:oid:1.2.752.129.2.1.3.1', '201212121212']);
    expect(identifier('197010632391')).toEqual(['urn:oid:1.2.752.129.2.1.3.3', '197010632391']);
    expect(identifier('19121212-1213', '1.2.752.99')).toEqual(['urn:oid:1.2.752.99', '19121212-1213']);
    expect(identifier('A 7', 'KLINIK Ö')).toEqual(['urn:x-osteotriage:issuer:KLINIK%20%C3%96', 'A 7']);
    expect(identifier('A7')).toEqual([undefined, 'A7']);
  });

  it('is looked for in every notation of the number', () => {
    expect(notationsOf('191212121212')).toEqual(
      expect.arrayContaining(['191212121212', '19121212-1212', '121212-1212', '1212121212', '121212+1212']),
    );
    expect(notationsOf('A7')).toEqual(['A7']);
  });

  it('with a protected identity has no name, and all of theirs is marked as restricted', () => {
    const { personId, examId, referralId } = record.protectedOne;
    const restricted = { security: [{ code: 'R' }] };
    const patient = of('Patient', personId);
    expect(patient).toMatchObject({ meta: restricted, name: [{ extension: [{ valueCode: 'masked' }] }] });
    expect(JSON.stringify(all)).not.toContain('Skyddad');
    expect(of('Task', referralId)).toMatchObject({ meta: restricted });
    expect(of('Observation', `${examId}.genant-worst`)).toMatchObject({ meta: restricted });
    expect(of('Patient', record.closed.personId)['meta']).not.toHaveProperty('security');
  });

  it('that turned out to be another says so, and the other too', () => {
    const { closed, mergedPersonId } = record;
    expect(of('Patient', mergedPersonId)).toMatchObject({
      active: false,
      link: [{ other: { reference: `Patient/${closed.personId}` }, type: 'replaced-by' }],
    });
    expect(of('Patient', closed.personId)).toMatchObject({
      active: true,
      link: [{ other: { reference: `Patient/${mergedPersonId}` }, type: 'replaces' }],
      identifier: [{ system: 'urn:oid:1.2.752.129.2.1.3.1', value: '191212121212' }],
      name: [{ family: 'Påhittad', given: ['Åsa'], text: 'Åsa Påhittad' }],
      gender: 'female',
      birthDate: '1950-01-01',
    });
  });

  it('who declined is nowhere', () => {
    const { personId, examId, referralId } = record.optedOut;
    const text = JSON.stringify(all);
    for (const id of [personId, examId, referralId]) expect(text).not.toContain(id);
  });
});

describe('what a film showed', () => {
  it('is given for each side with its scale, error and rival', () => {
    const { examId, personId } = record.closed;
    const right = of('Observation', `${examId}.mcw-r`);
    expect(right).toMatchObject({
      status: 'preliminary',
      subject: { reference: `Patient/${personId}` },
      effectiveDateTime: '2026-01-01',
      bodySite: { text: 'Mandible, right' },
      valueQuantity: { unit: 'millimeter', code: 'mm' },
    });
    const components = right['component'] as readonly { code: { coding: { code: string }[] } }[];
    expect(components.map(({ code }) => code.coding[0]?.code)).toEqual(['SCALE', 'MCW-SE', 'MCW-RIVAL']);
    expect(components[0]).toMatchObject({ valueCodeableConcept: { text: 'Corrected for magnification' } });
    const { value } = right['valueQuantity'] as { readonly value: number };
    expect(value).toBeCloseTo((28.2 * 0.0959) / 1.25, 2);
    expect(of('Observation', `${examId}.mci-r`)).toMatchObject({
      valueCodeableConcept: { coding: [{ code: 'MCI-C2' }] },
    });
    expect(of('Observation', `${examId}.pmi-l`)).toMatchObject({ valueQuantity: { value: 0.21 } });
  });

  it('is in pixels where there is no scale, and then without a mean', () => {
    const { secondExamId } = record.closed;
    expect(of('Observation', `${secondExamId}.mcw-l`)).toMatchObject({
      valueQuantity: { value: 27.1, code: '{pixels}' },
      component: [{ valueCodeableConcept: { coding: [{ code: 'SCALE-PX' }] } }, {}],
    });
    expect(all.some(({ id }) => id === `${secondExamId}.mcw-mean`)).toBe(false);
  });

  it('has grade, losses and errors of every vertebra', () => {
    const { examId } = record.protectedOne;
    expect(of('Observation', `${examId}.vertebra-l1`)).toMatchObject({
      valueCodeableConcept: { coding: [{ code: 'GENANT-2' }] },
      bodySite: { coding: [{ system: 'http://snomed.info/sct', code: '66794005' }] },
      component: [
        { valueCodeableConcept: { text: 'Wedge' } },
        { code: { coding: [{ code: 'LOSS-WEDGE' }] }, valueQuantity: { value: 31, code: '%' } },
        { code: { coding: [{ code: 'LOSS-WEDGE-SE' }] } },
        {},
        {},
        {},
        {},
      ],
    });
    expect(of('Observation', `${examId}.vertebra-l5`)).toMatchObject({
      valueCodeableConcept: { coding: [{ code: 'GENANT-NONE' }] },
      note: [{ text: expect.stringContaining('not graded') as string }],
    });
  });

  it('is reported in words that claim no diagnosis, and a study holds the film', () => {
    const { examId } = record.closed;
    const report = of('DiagnosticReport', examId);
    expect(report).toMatchObject({ status: 'preliminary', identifier: [{ value: 'F-10' }] });
    expect(report['conclusion']).toContain('not a diagnosis');
    expect(report['conclusionCode']).toMatchObject([{ coding: [{ code: 'POSITIVE' }] }]);
    const [study] = report['imagingStudy'] as readonly { readonly reference: string }[];
    expect(of('ImagingStudy', study!.reference.split('/')[1]!)).toMatchObject({
      identifier: [{ system: 'urn:dicom:uid', value: 'urn:oid:1.2.3.10' }, { value: 'F-10' }],
      series: [{ uid: '1.2.3.10.1', instance: [{ uid: '1.2.3.1.10' }] }],
      status: 'available',
    });
  });

  it('is final by the word of the person who set the points, and cancelled where nothing was read', () => {
    const { examId } = record.corrected;
    expect(of('DiagnosticReport', examId)).toMatchObject({ status: 'final' });
    expect(of('Observation', `${examId}.mcw-r`)).toMatchObject({
      status: 'final',
      performer: [{ reference: `Practitioner/${record.userId}`, display: 'Karin Koordinator' }],
    });
    const left = of('Observation', `${examId}.mcw-l`);
    expect(left).toMatchObject({ status: 'preliminary' });
    expect(left).not.toHaveProperty('performer');
    expect(of('DiagnosticReport', record.notEligibleExamId)).toMatchObject({ status: 'cancelled' });
    expect(of('DiagnosticReport', record.notEligibleExamId)).not.toHaveProperty('result');
  });

  it('names the models that made it, and who corrected it', () => {
    const { examId } = record.corrected;
    expect(of('Provenance', `${examId}.result`)).toMatchObject({
      contained: [{ resourceType: 'Device', version: [{ value: '1.0.0' }] }],
      agent: [{ who: { display: 'osteotriage' } }, { who: { reference: '#model-1' } }],
    });
    const correction = all.find(({ id }) => id.endsWith('.correction'));
    expect(correction).toMatchObject({
      target: [{ reference: `DiagnosticReport/${examId}` }],
      agent: [{ who: { reference: `Practitioner/${record.userId}` } }],
    });
  });
});

describe('a referral', () => {
  it('that ran to its end is a completed Task with its order, outcome and T-scores', () => {
    const { referralId, stepId, examId, secondExamId, personId } = record.closed;
    expect(of('Task', referralId)).toMatchObject({
      status: 'completed',
      businessStatus: { coding: [{ code: 'closed' }] },
      focus: { reference: `ServiceRequest/${stepId}` },
      owner: { reference: `Practitioner/${record.userId}` },
      output: [{ valueCodeableConcept: { coding: [{ code: 'treatment-started' }] } }],
    });
    expect(of('Task', referralId)).not.toHaveProperty('restriction');
    const order = of('ServiceRequest', stepId);
    expect(order).toMatchObject({
      status: 'completed',
      intent: 'order',
      code: { coding: [{ system: 'http://snomed.info/sct', code: '312681000' }] },
      subject: { reference: `Patient/${personId}` },
      occurrenceDateTime: new Date(2026, 10, 10, 10, 15).toISOString(),
    });
    const reasons = order['reasonReference'] as readonly { readonly reference: string }[];
    const info = order['supportingInfo'] as readonly { readonly reference: string }[];
    const films = [reasons[1]?.reference, info[0]?.reference].sort();
    expect(films).toEqual([`DiagnosticReport/${examId}`, `DiagnosticReport/${secondExamId}`].sort());
    const scores = all.filter(({ id }) => id.endsWith('.lumbar-spine'));
    expect(scores.map((one) => [one['status'], one['valueQuantity']])).toEqual([
      ['final', expect.objectContaining({ value: -2.8 })],
      ['entered-in-error', expect.objectContaining({ value: -2.7 })],
    ]);
    expect(scores[0]).toMatchObject({
      code: { coding: [{ system: 'http://loinc.org', code: '38267-1' }] },
      basedOn: [{ reference: `ServiceRequest/${stepId}` }],
    });
  });

  it('that waits has its due date, and one that was dismissed its reason', () => {
    const waiting = of('Task', record.protectedOne.referralId);
    expect(waiting).toMatchObject({
      status: 'requested',
      focus: { reference: expect.any(String) as string },
    });
    expect(waiting['restriction']).toMatchObject({
      period: { end: expect.stringMatching(/^2026-11-/) as string },
    });
    expect(of('Task', record.corrected.referralId)).toMatchObject({
      status: 'rejected',
      statusReason: { coding: [{ code: 'known-and-treated' }] },
    });
    expect(JSON.stringify(all)).not.toContain('Foramen set');
  });

  it('has the indices of the risk and FRAX under their codes', () => {
    const risks = all.filter(({ id }) => /\.(ost|orai|osiris|frax-major)$/.test(id));
    const codes = risks.map((one) => (one['code'] as { coding: { code: string }[] }).coding[0]?.code);
    expect(codes.sort()).toEqual(['90265-0', '98133-2', '98139-9', '98146-4']);
    expect(risks.find(({ id }) => id.endsWith('.frax-major'))).toMatchObject({
      valueQuantity: { value: 23.4, code: '%' },
      method: { text: 'FRAX 4.3, SE, with bone density' },
    });
  });
});
