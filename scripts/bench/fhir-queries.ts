import type { Kysely } from 'kysely';
import { systemClock } from '../../src/clock.ts';
import type { Database } from '../../src/database/schema.ts';
import { openFhirReader } from '../../src/exchange/fhir/fhir-reader.ts';
import { findKind } from '../../src/exchange/fhir/resource-kinds.ts';
import { cursorOf, readSearch } from '../../src/exchange/fhir/search-request.ts';
import type { GrowthQuery } from './growth-queries.ts';
import { GROWN_UNTIL_MS } from './grown-record.ts';

/** What other systems ask of the record. */
export const FHIR_QUERIES: Readonly<Record<string, GrowthQuery>> = {
  'FHIR referrals, newest': (database) => search(database, 'Task', {}),
  'FHIR referrals, next page': (database, exams) =>
    search(database, 'Task', { _cursor: cursorOf(placeAt(exams, 'r')) }),
  'FHIR orders, newest': (database) => search(database, 'ServiceRequest', {}),
  'FHIR findings of a person': (database, exams, number) =>
    search(database, 'Observation', { patient: `p${personAt(exams, number)}` }),
  'FHIR findings, next page': (database, exams) =>
    search(database, 'Observation', { _cursor: cursorOf(placeAt(exams, 'e')) }),
  'FHIR reports of a day': (database, exams) => {
    const fromMs = GROWN_UNTIL_MS - Math.floor(exams / 2) * 60_000;
    return search(database, 'DiagnosticReport', {
      _lastUpdated: `ge${new Date(fromMs).toISOString()}`,
      _sort: '_lastUpdated',
    });
  },
  'FHIR studies, newest': (database) => search(database, 'ImagingStudy', {}),
  'FHIR study by its UID': (database, exams, number) =>
    search(database, 'ImagingStudy', {
      identifier: `urn:dicom:uid|urn:oid:1.2.840.99.${1 + ((number * 7_919) % (exams - 1))}`,
    }),
  'FHIR person by number': (database, exams, number) =>
    search(database, 'Patient', { identifier: `T-${personAt(exams, number)}` }),
  'FHIR history, newest': (database) => search(database, 'Provenance', {}),
};

function search(
  database: Kysely<Database>,
  type: string,
  parameters: Readonly<Record<string, string>>,
): Promise<unknown> {
  const kind = findKind(type);
  if (kind === undefined) throw new Error(`no ${type} is served`);
  const request = readSearch(kind, [['_count', '20'], ...Object.entries(parameters)]);
  return openFhirReader(database, systemClock).search(kind, request);
}

/** The middle of the record. */
function placeAt(exams: number, letter: string) {
  const middle = Math.floor(exams / 2);
  const atMs = GROWN_UNTIL_MS - (exams - middle) * 60_000 + 1_000;
  return { atMs, source: 0, key: `${letter}${middle}`, ordinal: 0 };
}

function personAt(exams: number, number: number): number {
  return 1 + ((number * 7_919) % Math.floor(exams / 2));
}
