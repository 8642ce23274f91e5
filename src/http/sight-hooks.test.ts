import type { Kysely } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openWithoutSignIn } from '../access/open-gate.ts';
import { systemClock } from '../clock.ts';
import type { Database } from '../database/schema.ts';
import type { Role } from '../exam/staff.ts';
import { insertTestExam } from '../testing/record-fixtures.ts';
import { inventDelivery, ScriptedWorklist } from '../testing/scripted-worklist.ts';
import { servedOperations } from '../testing/served-operations.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { buildHttpServer } from './server.ts';
import { noteSights } from './sight-hooks.ts';

const ignore = (): void => undefined;

let database: Kysely<Database>;
beforeEach(async () => {
  database = await openTestRecord();
});
afterEach(() => database.destroy());

function serveTo(roles: readonly Role[]) {
  const worklist = new ScriptedWorklist();
  worklist.deliveries.push(inventDelivery({ examId: 'e1' }));
  const open = openWithoutSignIn(() => undefined);
  const staff = { userId: 'anna', name: 'Anna Ek', roles, siteIds: null };
  const built = buildHttpServer({
    ...{
      host: '127.0.0.1',
      port: 0,
      clock: systemClock,
      routes: [noteSights({ database, clock: systemClock })],
    },
    access: { ...open, identify: async () => ({ ...(await open.identify(undefined, true))!, staff }) },
    ...{ reader: worklist, pictures: worklist, events: worklist, deliveries: worklist },
    log: { info: ignore, warn: ignore, error: ignore },
    ...{ pagesFolder: import.meta.dirname, operations: servedOperations() },
    limits: { bodyBytesMax: 4_096, eventStreamsMax: 1 },
  });
  built.streams.close();
  return built.app;
}

const trail = () =>
  database.selectFrom('audit_trail').select(['actor', 'action', 'subject', 'person_id']).execute();

it('writes down who looked at a film and at a list, once for each look', async () => {
  const examId = await insertTestExam(database, 1, { patientId: 'T-1' });
  const app = serveTo(['coordinator']);
  for (const url of [
    '/api/exams',
    `/api/exams/${examId}`,
    `/api/exams/${examId}/preview.png`,
    '/api/exams',
  ]) {
    await app.inject({ url });
  }
  await app.inject({ url: '/api/exams/nothing-of-that-name' });
  expect(await trail()).toMatchObject([
    { actor: 'user anna', action: 'exam list seen', subject: 'exam list', person_id: null },
    { actor: 'user anna', action: 'exam seen', subject: examId, person_id: expect.any(String) as string },
  ]);
  await app.close();
});

it('shows deliveries to who keeps the node without whose films they are', async () => {
  const named = serveTo(['coordinator']);
  const [delivery] = (await named.inject({ url: '/api/deliveries' })).json<{ deliveries: object[] }>()
    .deliveries;
  expect(delivery).toMatchObject({ person: { patientId: expect.any(String) as string } });
  const kept = serveTo(['administrator']);
  const answer = await kept.inject({ url: '/api/deliveries' });
  expect(answer.json()).toMatchObject({ deliveries: [{ examId: 'e1', person: null, ageYears: null }] });
  await Promise.all([named.close(), kept.close()]);
});
