import type { FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../database/schema.ts';
import type { FhirResource } from '../exchange/fhir/fhir-values.ts';
import { exampleReport } from '../testing/example-report.ts';
import { buildFhirServer, type FhirServer } from '../testing/fhir-server.ts';
import { fillFhirRecord, FHIR_RECORD_MS, type FhirRecord, insertFilm } from '../testing/fhir-record.ts';
import { openTestRecord } from '../testing/test-record.ts';

const KEY = 'key-of-the-record-system';
const PERSONNUMMER = 'urn:oid:1.2.752.129.2.1.3.1';

let database: Kysely<Database>;
let record: FhirRecord;
let app: FastifyInstance;
let server: FhirServer;

beforeAll(async () => {
  database = await openTestRecord();
  record = await fillFhirRecord(database);
  server = buildFhirServer(database, { [KEY]: { name: 'journal' } });
  ({ app } = server);
});
afterAll(async () => {
  await server.close();
  await database.destroy();
});

interface Bundle {
  readonly resourceType: string;
  readonly total?: number;
  readonly link: readonly { readonly relation: string; readonly url: string }[];
  readonly entry?: readonly {
    readonly fullUrl?: string;
    readonly resource: FhirResource;
    readonly search: { readonly mode: string };
  }[];
}

function get(path: string, headers: Record<string, string> = {}) {
  return app.inject({
    method: 'GET',
    url: `/fhir/${path}`,
    headers: { authorization: `Bearer ${KEY}`, ...headers },
  });
}

async function search(path: string): Promise<Bundle> {
  const answer = await get(path);
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json<Bundle>();
}

function idsOf(bundle: Bundle, mode = 'match'): readonly string[] {
  return (bundle.entry ?? [])
    .filter((entry) => entry.search.mode === mode)
    .map(({ resource }) => resource.id);
}

async function audited(sinceId: number) {
  return database
    .selectFrom('audit_trail')
    .select(['actor', 'action', 'subject', 'person_id', 'detail'])
    .where('audit_id', '>', sinceId)
    .orderBy('audit_id')
    .execute();
}

async function lastAuditId(): Promise<number> {
  const row = await database
    .selectFrom('audit_trail')
    .select((rows) => rows.fn.max('audit_id').as('id'))
    .executeTakeFirst();
  return row?.id ?? 0;
}

describe('reading one resource', () => {
  it('needs the key of a system, and says so as an OperationOutcome', async () => {
    for (const headers of [{ authorization: 'Bearer wrong' }, { authorization: '' }]) {
      const answer = await get('Patient', headers);
      expect(answer.statusCode).toBe(401);
      expect(answer.headers['content-type']).toBe('application/fhir+json');
      expect(answer.json()).toMatchObject({
        resourceType: 'OperationOutcome',
        issue: [{ severity: 'error', code: 'login' }],
      });
    }
  });

  it('answers as FHIR JSON with a version, and nothing where the caller has that version', async () => {
    const path = `Task/${record.closed.referralId}`;
    const answer = await get(path, { accept: 'application/fhir+json' });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('application/fhir+json');
    expect(answer.headers['last-modified']).toBe(new Date(FHIR_RECORD_MS + 17 * 60_000).toUTCString());
    const { etag } = answer.headers;
    expect(answer.json<{ meta: { versionId: string } }>().meta.versionId).toBe(/W\/"(.+)"/.exec(etag!)?.[1]);
    const again = await get(path, { 'if-none-match': etag! });
    expect([again.statusCode, again.body]).toEqual([304, '']);
  });

  it('is written down with the system and the person', async () => {
    const before = await lastAuditId();
    await get(`Observation/${record.protectedOne.examId}.genant-worst`);
    expect(await audited(before)).toEqual([
      {
        actor: 'system journal',
        action: 'fhir resource seen',
        subject: `Observation/${record.protectedOne.examId}.genant-worst`,
        person_id: record.protectedOne.personId,
        detail: null,
      },
    ]);
  });

  it('finds nothing of a name that is not there, of somebody who declined, or of a kind that is not served', async () => {
    for (const path of [
      'Patient/nobody',
      `Patient/${record.optedOut.personId}`,
      `DiagnosticReport/${record.optedOut.examId}`,
      `Task/${record.optedOut.referralId}`,
      `Observation/${record.closed.examId}`,
      'Condition/1',
      "Task/x'--",
    ]) {
      const answer = await get(path);
      expect(answer.statusCode, path).toBe(404);
      expect(answer.json(), path).toMatchObject({
        resourceType: 'OperationOutcome',
        issue: [{ code: 'not-found' }],
      });
    }
  });

  it('is JSON only', async () => {
    expect((await get('Patient', { accept: 'application/fhir+xml' })).statusCode).toBe(406);
    expect((await get('Patient?_format=xml')).statusCode).toBe(406);
    expect((await get('Patient?_format=application/fhir%2Bjson')).statusCode).toBe(200);
  });
});

describe('the capability statement', () => {
  it('is for everybody and names every parameter', async () => {
    const answer = await app.inject({ method: 'GET', url: '/fhir/metadata' });
    expect(answer.statusCode).toBe(200);
    const statement = answer.json<{
      implementation: { url: string };
      rest: { resource: { type: string; searchParam: { name: string }[]; searchInclude?: string[] }[] }[];
    }>();
    expect(statement.implementation.url).toBe('https://node.test/fhir');
    for (const { type, searchParam, searchInclude = [] } of statement.rest[0]!.resource) {
      for (const { name } of searchParam) {
        const value = /date|authored|occurrence|issued|started|recorded|modified|Updated/.test(name)
          ? '2026'
          : 'x';
        const answer = await get(`${type}?${name}=${value}`, { prefer: 'handling=strict' });
        expect(answer.statusCode, `${type}?${name}`).toBe(200);
      }
      for (const include of searchInclude) {
        const answer = await get(`${type}?_include=${include}`, { prefer: 'handling=strict' });
        expect(answer.statusCode, include).toBe(200);
      }
    }
  });
});

describe('a search', () => {
  it('finds a person by the number in any notation, and not under another system', async () => {
    const { personId } = record.closed;
    for (const text of [
      `${PERSONNUMMER}|191212121212`,
      `${PERSONNUMMER}|19121212-1212`,
      '19121212-1212',
      '191212121212',
    ]) {
      expect(idsOf(await search(`Patient?identifier=${encodeURIComponent(text)}`)), text).toEqual([personId]);
    }
    expect(idsOf(await search('Patient?identifier=urn:oid:1.2.752.129.2.1.3.3|191212121212'))).toEqual([]);
    expect(idsOf(await search('Patient?identifier=O-1'))).toEqual([]);
    expect(idsOf(await search('Patient?identifier=urn:x-osteotriage:issuer:KLINIK%2520A|M-1'))).toEqual([
      record.mergedPersonId,
    ]);
  });

  it('of a person includes what came under an identity that was merged', async () => {
    const { closed, mergedPersonId } = record;
    const reports = await search(`DiagnosticReport?patient=${closed.personId}`);
    expect(idsOf(reports)).toHaveLength(3);
    expect(reports.total).toBe(3);
    const same = await search(`DiagnosticReport?subject=Patient/${mergedPersonId}`);
    expect(idsOf(same)).toEqual(idsOf(reports));
    expect(idsOf(await search(`DiagnosticReport?subject:Patient=${mergedPersonId}`))).toEqual(idsOf(reports));
    expect(idsOf(await search('DiagnosticReport?patient=nobody'))).toEqual([]);
  });

  it('looks at status, code, references and dates', async () => {
    const { closed, protectedOne, corrected } = record;
    const one = async (path: string) => idsOf(await search(path));
    expect(await one('Task?status=completed')).toEqual([closed.referralId]);
    expect(await one('Task?business-status=flagged,dismissed')).toEqual([
      corrected.referralId,
      protectedOne.referralId,
    ]);
    expect(await one(`Task?owner=Practitioner/${record.userId}`)).toEqual([closed.referralId]);
    expect(await one(`Task?focus=ServiceRequest/${closed.stepId}`)).toEqual([closed.referralId]);
    expect(await one(`Task?focus=DiagnosticReport/${protectedOne.examId}`)).toEqual([
      protectedOne.referralId,
    ]);
    expect(await one('ServiceRequest?code=http://snomed.info/sct|312681000')).toEqual([closed.stepId]);
    expect(await one('ServiceRequest?status=revoked')).toEqual([]);
    expect(await one('Observation?code=http://loinc.org|38267-1&status=final')).toHaveLength(1);
    expect(await one(`Observation?based-on=ServiceRequest/${closed.stepId}&date=2026-11-10`)).toHaveLength(4);
    expect(await one('Observation?code=GENANT&date=ge2026-01-01&date=lt2026-01-02')).toHaveLength(7);
    expect(await one('Observation?code=GENANT&date=gt2026-01-01')).toEqual([]);
    expect(await one('DiagnosticReport?status=final')).toEqual([corrected.examId]);
    expect(await one('DiagnosticReport?identifier=f-30')).toEqual([]);
    expect(await one('DiagnosticReport?identifier=F-30')).toEqual([corrected.examId]);
    expect(await one('ImagingStudy?identifier=urn:dicom:uid|urn:oid:1.2.3.30')).toEqual([corrected.examId]);
    expect(await one(`DiagnosticReport?study=ImagingStudy/${corrected.examId}`)).toEqual([corrected.examId]);
    expect(await one(`Provenance?target=Task/${corrected.referralId}`)).toHaveLength(2);
    expect(await one(`Provenance?target=DiagnosticReport/${corrected.examId}`)).toHaveLength(2);
    expect(await one(`Provenance?target=Observation/${closed.examId}.mcw-r`)).toEqual([
      `${closed.examId}.result`,
    ]);
  });

  it('is narrowed to what changed in a span of time, either way round', async () => {
    const since = new Date(FHIR_RECORD_MS + 30 * 60_000).toISOString();
    const newest = await search(`DiagnosticReport?_lastUpdated=ge${since}`);
    expect(idsOf(newest)).toContain(record.corrected.examId);
    expect(idsOf(newest)).not.toContain(record.closed.examId);
    const oldest = await search(`DiagnosticReport?_lastUpdated=ge${since}&_sort=_lastUpdated`);
    expect(idsOf(oldest)).toEqual([...idsOf(newest)].reverse());
    const none = await search(`DiagnosticReport?_lastUpdated=ge${since}&_lastUpdated=lt${since}`);
    expect(idsOf(none)).toEqual([]);
  });

  it('sends along what is referred to, once', async () => {
    const { closed } = record;
    const bundle = await search(
      `Task?_id=${closed.referralId}&_include=Task:patient&_include=Task:focus&_include=Task:owner`,
    );
    expect(idsOf(bundle)).toEqual([closed.referralId]);
    expect([...idsOf(bundle, 'include')].sort()).toEqual(
      [closed.personId, closed.stepId, record.userId].sort(),
    );
    expect(bundle.entry?.[0]?.fullUrl).toBe(`https://node.test/fhir/Task/${closed.referralId}`);
  });

  it('goes from page to page to the end, and every resource comes once', async () => {
    for (const query of ['Observation?', 'Observation?_sort=_lastUpdated&', 'Provenance?', 'Patient?']) {
      const whole = idsOf(await search(`${query}_count=200`));
      const seen: string[] = [];
      let path: string | undefined = `${query}_count=4`;
      while (path !== undefined) {
        const bundle: Bundle = await search(path);
        expect(idsOf(bundle).length).toBeLessThanOrEqual(4);
        expect(bundle.total).toBeUndefined();
        seen.push(...idsOf(bundle));
        const next = bundle.link.find(({ relation }) => relation === 'next')?.url;
        path = next?.replace('https://node.test/fhir/', '');
      }
      expect(seen, query).toEqual(whole);
      expect(whole.length, query).toBeGreaterThan(5);
    }
  });

  it('can be posted, so that a number stands in no address', async () => {
    const answer = await app.inject({
      method: 'POST',
      url: '/fhir/Patient/_search',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/x-www-form-urlencoded' },
      payload: `identifier=${encodeURIComponent(`${PERSONNUMMER}|191212121212`)}`,
    });
    expect(answer.statusCode).toBe(200);
    expect(idsOf(answer.json<Bundle>())).toEqual([record.closed.personId]);
  });

  it('says which parameters it did not know, or refuses where it is to be strict', async () => {
    const lenient = await search('Task?colour=blue&status=completed');
    expect(idsOf(lenient)).toEqual([record.closed.referralId]);
    expect(lenient.entry?.at(-1)).toMatchObject({
      search: { mode: 'outcome' },
      resource: {
        resourceType: 'OperationOutcome',
        issue: [{ diagnostics: expect.stringContaining('colour') as string }],
      },
    });
    expect(lenient.link[0]?.url).not.toContain('colour');
    const strict = await get('Task?colour=blue', { prefer: 'handling=strict' });
    expect(strict.statusCode).toBe(400);
    expect(strict.json()).toMatchObject({ issue: [{ code: 'invalid' }] });
  });

  it.each([
    ['_count=none', 'Task?_count=none'],
    ['_count=0', 'Task?_count=0'],
    ['a date that is none', 'Task?_lastUpdated=yesterday'],
    ['a day that is none', 'DiagnosticReport?date=2026-02-30'],
    ['a modifier', 'Task?status:not=completed'],
    ['another order', 'Task?_sort=status'],
    ['a cursor that was not given out', 'Task?_cursor=abc'],
  ])('refuses %s', async (_name, path) => {
    const answer = await get(path);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ resourceType: 'OperationOutcome' });
  });

  it('is written down for each person whose data it showed, without the values that were asked for', async () => {
    const before = await lastAuditId();
    await search(`Patient?identifier=${PERSONNUMMER}|191212121212`);
    await search('Patient?identifier=200001012384');
    const rows = await audited(before);
    expect(rows).toMatchObject([
      {
        actor: 'system journal',
        action: 'fhir searched',
        subject: 'Patient',
        person_id: record.closed.personId,
      },
      { actor: 'system journal', action: 'fhir searched', subject: 'Patient', person_id: null },
    ]);
    expect(rows[0]?.detail).toBe('{"found":1,"parameters":["identifier"]}');
    expect(server.lines.join('\n')).not.toMatch(/191212121212|200001012384/);
  });
});

describe('many films of one moment', () => {
  it('are each found once, though a page ends among them', async () => {
    const { analysis } = exampleReport();
    for (let number = 0; number < 7; number += 1) {
      const { examId } = await insertFilm(database, 100 + number, { patientId: 'MANY' }, analysis);
      await database
        .updateTable('exams')
        .set({ finished_at_ms: FHIR_RECORD_MS })
        .where('exam_id', '=', examId)
        .execute();
    }
    const persons = await search('Patient?identifier=MANY');
    const query = `Observation?patient=${idsOf(persons)[0]!}`;
    const whole = idsOf(await search(`${query}&_count=200`));
    const seen: string[] = [];
    let path: string | undefined = `${query}&_count=3`;
    while (path !== undefined) {
      const bundle: Bundle = await search(path);
      seen.push(...idsOf(bundle));
      path = bundle.link
        .find(({ relation }) => relation === 'next')
        ?.url.replace('https://node.test/fhir/', '');
    }
    expect(seen).toEqual(whole);
    expect(new Set(whole).size).toBe(7 * 6);
  });
});
