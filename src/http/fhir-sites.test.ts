import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../database/schema.ts';
import { RESOURCE_KINDS } from '../exchange/fhir/resource-kinds.ts';
import { parseSites } from '../sites.ts';
import { buildFhirServer, type FhirServer } from '../testing/fhir-server.ts';
import { fillFhirRecord, type FhirRecord } from '../testing/fhir-record.ts';
import { openTestRecord } from '../testing/test-record.ts';

const KEYS = { region: 'key-of-the-region', north: 'key-of-the-north', south: 'key-of-the-south' };
type Caller = keyof typeof KEYS;

let database: Kysely<Database>;
let record: FhirRecord;
let server: FhirServer;

/** Films 11, 30, 40 and 60 are the south's, the others the north's; the one of the spine came from both. */
beforeAll(async () => {
  database = await openTestRecord();
  record = await fillFhirRecord(database);
  const { closed, corrected, densityExamId, protectedOne } = record;
  await database.updateTable('exams').set({ site_id: 'north' }).execute();
  await database
    .updateTable('exams')
    .set({ site_id: 'south' })
    .where((where) =>
      where.or([
        where('exam_id', 'in', [closed.secondExamId, corrected.examId, densityExamId]),
        where('study_uid', '=', '1.2.3.60'),
      ]),
    )
    .execute();
  await database
    .insertInto('exam_senders')
    .values({ exam_id: protectedOne.examId, site_id: 'south', noted_at_ms: 0, is_told: 1 })
    .execute();
  server = buildFhirServer(database, {
    [KEYS.region]: { name: 'region' },
    [KEYS.north]: { name: 'journal-north', sites: ['north'] },
    [KEYS.south]: { name: 'journal-south', sites: ['south'] },
  });
});
afterAll(async () => {
  await server.close();
  await database.destroy();
});

interface Entry {
  readonly resource: { readonly resourceType: string; readonly id: string };
  readonly search: { readonly mode: string };
}

interface Page {
  readonly entry?: readonly Entry[];
  readonly link: readonly { readonly relation: string; readonly url: string }[];
}

function get(caller: Caller, path: string) {
  const headers = { authorization: `Bearer ${KEYS[caller]}` };
  return server.app.inject({ method: 'GET', url: `/fhir/${path}`, headers });
}

async function entriesOf(caller: Caller, path: string): Promise<readonly Entry[]> {
  const answer = await get(caller, path);
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json<Page>().entry ?? [];
}

async function idsOf(caller: Caller, path: string): Promise<readonly string[]> {
  return (await entriesOf(caller, path)).map(({ resource }) => resource.id).toSorted();
}

/** Every reference in what was answered. */
function referencesOf(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = (value as { readonly reference?: unknown }).reference;
  const inner = Object.values(value).flatMap(referencesOf);
  return typeof own === 'string' && !own.startsWith('#') ? [own, ...inner] : inner;
}

describe('a key that is held to sites', () => {
  it('finds the people of whom one of them has a film, and no others', async () => {
    const { closed, protectedOne, corrected, mergedPersonId } = record;
    const north = await idsOf('north', 'Patient?_count=200');
    expect(north).toEqual(
      expect.arrayContaining([closed.personId, protectedOne.personId, mergedPersonId]) as string[],
    );
    expect(north).not.toContain(corrected.personId);
    expect(await idsOf('south', 'Patient?_count=200')).toContain(corrected.personId);
    expect((await idsOf('region', 'Patient?_count=200')).length).toBeGreaterThan(north.length);
    // Nor by a number that it happens to know.
    expect(await idsOf('north', 'Patient?identifier=C-1')).toEqual([]);
    expect(await idsOf('south', 'Patient?identifier=C-1')).toEqual([corrected.personId]);
  });

  it('finds the referrals that a film of theirs speaks for, with their orders and T-scores', async () => {
    const { closed, protectedOne, corrected } = record;
    expect(await idsOf('north', 'Task')).toEqual([closed.referralId, protectedOne.referralId].toSorted());
    expect(await idsOf('south', 'Task')).toEqual(
      [closed.referralId, protectedOne.referralId, corrected.referralId].toSorted(),
    );
    for (const caller of ['north', 'south'] as const) {
      expect(await idsOf(caller, 'ServiceRequest')).toEqual([closed.stepId]);
      expect(await idsOf(caller, 'Observation?code=38267-1')).toHaveLength(2);
      expect((await idsOf(caller, 'Observation?code=98146-4')).length).toBe(1);
    }
  });

  it('finds of a referral that several sites share its own films alone', async () => {
    const { closed } = record;
    const { body } = await get('north', `Task/${closed.referralId}`);
    expect(body).toContain(closed.examId);
    expect(body).not.toContain(closed.secondExamId);
    expect(await idsOf('north', `DiagnosticReport?patient=${closed.personId}`)).toEqual([closed.examId]);
    expect((await get('north', `DiagnosticReport/${closed.secondExamId}`)).statusCode).toBe(404);
    expect((await get('south', `DiagnosticReport/${closed.secondExamId}`)).statusCode).toBe(200);
  });

  it('finds what came to a second site later too', async () => {
    const { examId } = record.protectedOne;
    for (const caller of ['north', 'south'] as const) {
      expect((await get(caller, `DiagnosticReport/${examId}`)).statusCode).toBe(200);
    }
  });

  it.each(RESOURCE_KINDS.map(({ type }) => [type] as const))(
    'reads each %s that it finds, and none that only the whole node has',
    async (type) => {
      const whole = await idsOf('region', `${type}?_count=200`);
      for (const caller of ['north', 'south'] as const) {
        const own = await idsOf(caller, `${type}?_count=200`);
        expect(own.filter((id) => !whole.includes(id))).toEqual([]);
        for (const id of whole) {
          const { statusCode } = await get(caller, `${type}/${id}`);
          expect([id, statusCode]).toEqual([id, own.includes(id) ? 200 : 404]);
        }
      }
      const apart = type === 'Practitioner' || type === 'ServiceRequest';
      if (!apart) expect((await idsOf('north', `${type}?_count=200`)).length).toBeLessThan(whole.length);
    },
  );

  it.each(RESOURCE_KINDS.map(({ type, includes }) => [type, includes] as const))(
    'is told of no %s with a reference, or a resource sent along, that it may not read',
    async (type, includes) => {
      const asked = includes.map((name) => `&_include=${type}:${name}`).join('');
      for (const caller of ['north', 'south'] as const) {
        const entries = await entriesOf(caller, `${type}?_count=200${asked}`);
        const named = new Set([
          ...referencesOf(entries),
          ...entries.map(({ resource }) => `${resource.resourceType}/${resource.id}`),
        ]);
        for (const reference of named) {
          expect([reference, (await get(caller, reference)).statusCode]).toEqual([reference, 200]);
        }
      }
    },
  );

  it('turns pages without coming upon what is not its own', async () => {
    const whole = await idsOf('south', 'Observation?_count=200');
    const seen: string[] = [];
    let path: string | undefined = 'Observation?_count=2';
    while (path !== undefined) {
      const answer: Page = (await get('south', path)).json<Page>();
      seen.push(...(answer.entry ?? []).map(({ resource }) => resource.id));
      path = answer.link
        .find(({ relation }) => relation === 'next')
        ?.url.replace('https://node.test/fhir/', '');
    }
    expect(seen.toSorted()).toEqual(whole);
  });

  it('is of sites that there are', () => {
    const systems = [{ name: 'journal', apiKeySha256: ['a'.repeat(64)], sites: ['elsewhere'] }];
    const text = JSON.stringify({ sites: [{ id: 'north', name: 'North' }], exchange: { systems } });
    expect(() => parseSites(text, 'sites.json')).toThrow(
      'system journal may see elsewhere, which is no site',
    );
  });
});
