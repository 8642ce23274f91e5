import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sealTrail } from '../audit/audit-sealer.ts';
import type { AuditAnswer, VerificationAnswer } from '../audit/audit-views.ts';
import { recordAudit } from '../database/audit-trail.ts';
import { insertJobs } from '../database/job-records.ts';
import type { Database } from '../database/schema.ts';
import { mergePersons } from '../operations/identity.ts';
import type {
  AdminHealthAnswer,
  FailuresAnswer,
  HistoryAnswer,
  ModelsAnswer,
  SettingsAnswer,
  SitesAnswer,
} from '../operations/admin-views.ts';
import { type AdminStage, openAdminStage } from '../testing/admin-server.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { insertTestExam, routineJob } from '../testing/record-fixtures.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { buildHttpServer } from './server.ts';

const BOOK = { destinations: [], sites: [{ id: 'north', name: 'Norra kliniken', rules: { pmiMin: 0.22 } }] };

let folder: string;
let database: Kysely<Database>;
let clock: ManualClock;
let stage: AdminStage;
let app: FastifyInstance;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-admin-'));
  database = await openTestRecord();
  clock = new ManualClock();
  await open();
});
afterEach(async () => {
  await app.close();
  await stage.sites.close();
  await database.destroy();
  await rm(folder, { recursive: true, force: true });
});

async function open(environment: Readonly<Record<string, string>> = {}): Promise<void> {
  stage = await openAdminStage({ folder, database, clock, environment });
  app = buildHttpServer(stage.options).app;
}

async function get<Answer>(url: string): Promise<Answer> {
  const answer = await app.inject({ method: 'GET', url });
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json<Answer>();
}

function change(method: 'POST' | 'PUT', url: string, payload: object = {}) {
  return app.inject({ method, url, headers: { 'content-type': 'application/json' }, payload });
}

async function actions(): Promise<readonly string[]> {
  const rows = await database.selectFrom('audit_trail').select('action').orderBy('audit_id').execute();
  return rows.map(({ action }) => action);
}

describe('the sites file on the administration page', () => {
  it('is made where there was none, and holds at once and without a restart', async () => {
    const none = await get<SitesAnswer>('/api/admin/sites');
    expect(none).toMatchObject({ path: stage.sitesPath, text: null, version: null, heldBy: null });
    expect(none.defaults).toMatchObject({ ageYearsMin: 50, pmiMin: 0.22, magnification: null });
    const text = JSON.stringify(BOOK);
    const made = await change('PUT', '/api/admin/sites', { text, version: null, note: 'first site' });
    expect(made.statusCode, made.body).toBe(200);
    expect(made.json<SitesAnswer>()).toMatchObject({ text, fault: null });
    expect(await readFile(stage.sitesPath, 'utf8')).toBe(text);
    expect(stage.sites.book()?.sites.map(({ id }) => id)).toEqual(['north']);
    expect(await actions()).toEqual(['sites changed']);
  });

  it('is changed with what stood before beside it and in the history', async () => {
    const first = JSON.stringify(BOOK);
    await writeFile(stage.sitesPath, first);
    const { version } = await get<SitesAnswer>('/api/admin/sites');
    const text = first.replace('0.22', '0.3');
    expect((await change('PUT', '/api/admin/sites', { text, version })).statusCode).toBe(200);
    expect(await readFile(`${stage.sitesPath}.bak`, 'utf8')).toBe(first);
    expect(stage.sites.rulesOf('north')).toMatchObject({ pmiMin: 0.3 });
    const { changes } = await get<HistoryAnswer>('/api/admin/history');
    expect(changes).toMatchObject([
      { subject: 'sites', before: first, after: text, actorName: 'Operator', note: null },
    ]);
  });

  it('is not changed by somebody who saw an earlier one', async () => {
    await writeFile(stage.sitesPath, JSON.stringify(BOOK));
    const { version } = await get<SitesAnswer>('/api/admin/sites');
    const one = { text: JSON.stringify({ sites: [{ id: 'one', name: 'One' }] }), version };
    const two = { text: JSON.stringify({ sites: [{ id: 'two', name: 'Two' }] }), version };
    const answers = await Promise.all([one, two].map((body) => change('PUT', '/api/admin/sites', body)));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 409]);
    expect(await readFile(stage.sitesPath, 'utf8')).toBe(one.text);
    expect((await get<HistoryAnswer>('/api/admin/history')).changes).toHaveLength(1);
  });

  it.each([
    ['no JSON', '{ "sites": [', /is not JSON: .+/],
    [
      'an unknown key',
      JSON.stringify({ sites: [{ id: 'n', name: 'N', colour: 1 }] }),
      /at sites\.0: .*colour/,
    ],
    [
      'a wrong value',
      JSON.stringify({ sites: [{ id: 'n', name: 'N', rules: { pmiMin: 7 } }] }),
      /at sites\.0\.rules\.pmiMin: /,
    ],
    ['no site', JSON.stringify({ sites: [] }), /at sites: /],
  ])('is refused with the place of %s, and stays as it was', async (_what, text, message) => {
    const refused = await change('PUT', '/api/admin/sites', { text, version: null });
    expect(refused.statusCode).toBe(400);
    expect(refused.json<{ message: string }>().message).toMatch(message);
    expect(existsSync(stage.sitesPath)).toBe(false);
    expect(await actions()).toEqual([]);
  });

  it('says who must change it where this service cannot', async () => {
    const elsewhere = join(folder, 'managed.json');
    await writeFile(elsewhere, JSON.stringify(BOOK));
    await symlink(elsewhere, stage.sitesPath);
    const { heldBy, version, text } = await get<SitesAnswer>('/api/admin/sites');
    expect(heldBy).toBe('link');
    const refused = await change('PUT', '/api/admin/sites', { text, version });
    expect(refused.statusCode).toBe(409);
    await app.close();
    await open({ TRIAGE_PACS: 'PACS@pacs.example:104' });
    expect(await get<SitesAnswer>('/api/admin/sites')).toMatchObject({ path: null, heldBy: 'environment' });
  });
});

describe('what else administrators see', () => {
  it('is films that were given up, by our own identifier, and reading them again', async () => {
    const examId = await insertTestExam(database, 1, { patientName: 'Hemlig^Hanna', patientId: 'T-77' });
    await insertJobs(database, [routineJob(examId)], 1);
    await database
      .updateTable('jobs')
      .set({ state: 'dead', last_error: 'worker-deadline', attempts: 3 })
      .execute();
    const reasons = [{ code: 'pixel-data-unreadable', text: 'The image cannot be decoded.' }];
    await database
      .updateTable('exams')
      .set({ state: 'failed', reasons_json: JSON.stringify(reasons), finished_at_ms: 5 })
      .execute();
    const answer = await app.inject({ method: 'GET', url: '/api/admin/failures' });
    expect(answer.json<FailuresAnswer>().failures).toMatchObject([
      { examId, state: 'failed', attempts: 3, lastError: 'worker-deadline', reasons },
    ]);
    expect(answer.body).not.toMatch(/Hemlig|T-77/);
    const retried = await change('POST', `/api/admin/failures/${examId}/retry`);
    expect(retried.json()).toEqual({ revision: 1 });
    expect((await get<FailuresAnswer>('/api/admin/failures')).failures).toEqual([]);
    expect(await actions()).toEqual(['exam assessed anew']);
    expect((await change('POST', '/api/admin/failures/nowhere/retry')).statusCode).toBe(404);
  });

  it('is the health of the node and what waits for whom', async () => {
    const health = await get<AdminHealthAnswer>('/api/admin/health');
    expect(health).toMatchObject({
      ...{ mode: 'embedded', version: '9.9.9', receivers: [], duties: [] },
      ready: { ok: true, checks: { objects: 'the store does not answer' } },
      live: { ok: true },
    });
    expect(health.disk.freeBytes).toBeGreaterThan(0);
  });

  it('is every setting with where it came from, and no password', async () => {
    await app.close();
    await open({ TRIAGE_LOG_LEVEL: 'warn' });
    const { settings } = await get<SettingsAnswer>('/api/admin/settings');
    const of = (variable: string) => settings.find((setting) => setting.variable === variable);
    expect(of('TRIAGE_LOG_LEVEL')).toMatchObject({ value: 'warn', source: 'environment' });
    expect(of('TRIAGE_DATA')).toMatchObject({ value: folder, source: 'option' });
    expect(of('TRIAGE_PMI_MIN')).toMatchObject({ value: '0.22', source: 'default' });
  });

  it('is the models, and a change of one that is not there is refused', async () => {
    const { models } = await get<ModelsAnswer>('/api/admin/models');
    expect(models.map(({ name }) => name)).toContain('mandible-contour');
    const use = (name: string, body: object) => change('POST', `/api/admin/models/${name}`, body);
    expect((await use('mandible-contour', { use: '99.0.0' })).statusCode).toBe(503);
    expect((await use('no-such-model', { rollBack: true })).statusCode).toBe(404);
    expect((await use('mandible-contour', { rollBack: true })).statusCode).toBe(409);
    expect((await use('mandible-contour', {})).statusCode).toBe(400);
    expect(await actions()).toEqual([]);
  });

  it('is nothing in the history that does not stand there, page by page', async () => {
    for (let turn = 1; turn <= 5; turn += 1) {
      const { version } = await get<SitesAnswer>('/api/admin/sites');
      const text = JSON.stringify({ sites: [{ id: `site-${turn}`, name: 'A' }] });
      await change('PUT', '/api/admin/sites', { text, version });
    }
    const first = await get<HistoryAnswer>('/api/admin/history?limit=3');
    const second = await get<HistoryAnswer>(`/api/admin/history?limit=3&before=${first.cursor ?? ''}`);
    expect([...first.changes, ...second.changes].map(({ after }) => after?.slice(17, 23))).toEqual(
      [5, 4, 3, 2, 1].map((turn) => `site-${turn}`),
    );
    expect(second.cursor).toBeNull();
  });
});

describe('the audit trail for auditors', () => {
  async function seen(personId: string, actor = 'user anna', count = 1): Promise<void> {
    for (let turn = 0; turn < count; turn += 1) {
      clock.advance(1_000);
      const subject = `exam of ${personId}`;
      await recordAudit(database, { atMs: clock.nowMs(), actor, action: 'exam seen', subject, personId });
    }
  }

  async function insertPerson(number: number, patientId: string): Promise<string> {
    const inserted = await insertTestExam(database, number, { patientId, patientName: `N^${number}` });
    const row = await database
      .selectFrom('exams')
      .select('person_id')
      .where('exam_id', '=', inserted)
      .executeTakeFirstOrThrow();
    return row.person_id;
  }

  it('is read page by page, the newest first, and each look stands in it', async () => {
    await seen('p', 'user anna', 7);
    const first = await get<AuditAnswer>('/api/audit?limit=4&action=exam%20seen');
    const second = await get<AuditAnswer>(
      `/api/audit?limit=4&action=exam%20seen&cursor=${first.cursor ?? ''}`,
    );
    const times = [...first.entries, ...second.entries].map(({ at }) => at);
    expect(times).toHaveLength(7);
    expect(times).toEqual([...times].sort().reverse());
    expect(second.cursor).toBeNull();
    expect((await actions()).slice(-2)).toEqual(['audit trail searched', 'audit trail searched']);
    expect((await app.inject('/api/audit?cursor=x')).statusCode).toBe(400);
  });

  it('is filtered by time, by whom, and to what', async () => {
    await seen('p', 'user anna', 2);
    await seen('q', 'user bertil', 2);
    const userRow = { roles_json: '[]', created_at_ms: 0, updated_at_ms: 0 };
    await database
      .insertInto('users')
      .values({ user_id: 'bertil', login: 'bea', name: 'Bea Berg', site_ids_json: null, ...userRow })
      .execute();
    const subjects = async (query: string): Promise<readonly string[]> =>
      (await get<AuditAnswer>(`/api/audit?${query}`)).entries.map(({ subject }) => subject);
    expect(await subjects('actor=BEA')).toEqual(['exam of q', 'exam of q']);
    expect(await subjects('actor=Bea%20Berg')).toHaveLength(2);
    expect(await subjects('actor=user%20anna')).toEqual(['exam of p', 'exam of p']);
    expect(await subjects('subject=exam%20of%20q')).toHaveLength(2);
    const from = clock.nowMs() - 1_000;
    expect(await subjects(`action=exam%20seen&fromMs=${from}`)).toHaveLength(2);
    expect(await subjects(`action=exam%20seen&fromMs=${from}&untilMs=${from + 1}`)).toHaveLength(1);
    const [entry] = (await get<AuditAnswer>('/api/audit?actor=bea')).entries;
    expect(entry).toMatchObject({ actor: 'user bertil', actorName: 'Bea Berg' });
  });

  it('tells who has seen a person, by the whole number, under every identity of theirs', async () => {
    const [before, after, other] = [
      await insertPerson(1, '19121212-1212'),
      await insertPerson(2, 'RESERVE-9'),
      await insertPerson(3, '19121212-1220'),
    ];
    await seen(before, 'user anna', 2);
    await seen(other);
    const by = { actor: 'operator', nowMs: clock.nowMs() };
    await mergePersons(database, { personId: before }, { personId: after }, by);
    await seen(after, 'user bertil');
    for (const asked of ['191212121212', '121212-1212', 'RESERVE-9', after, before]) {
      const answer = await get<AuditAnswer>(`/api/audit?person=${encodeURIComponent(asked)}`);
      expect(answer.persons, asked).toBe(1);
      const looks = answer.seenBy?.filter(({ action }) => action === 'exam seen');
      expect(looks).toMatchObject([
        { actor: 'user bertil', times: 1 },
        { actor: 'user anna', times: 2 },
      ]);
    }
    expect(await get<AuditAnswer>('/api/audit?person=1912')).toMatchObject({ persons: 0, entries: [] });
    const trail = JSON.stringify(await database.selectFrom('audit_trail').selectAll().execute());
    expect(trail).not.toContain('1212');
  });

  it('is exported as lines with their hashes, and the export stands in it', async () => {
    await seen('p', 'user anna', 3);
    await sealTrail(database);
    const answer = await app.inject('/api/audit/export');
    const lines = answer.body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatchObject({ schema: 'osteotriage.audit/1', rows: 3, unsealed: 1 });
    expect(answer.headers['content-disposition']).toMatch(
      /attachment; filename="osteotriage-audit-.*\.jsonl"/,
    );
    expect(await actions()).toContain('audit trail exported');
  });

  it('is verified on demand, and what was found stands in it', async () => {
    await seen('p', 'user anna', 3);
    await sealTrail(database);
    const before = await get<VerificationAnswer>('/api/audit/verification');
    expect(before).toMatchObject({ head: { number: 3 }, unsealed: { rows: 0 }, running: null, last: null });
    const verified = async (body: object = {}): Promise<VerificationAnswer> => {
      clock.advance(1_000);
      expect((await change('POST', '/api/audit/verification', body)).statusCode).toBe(200);
      await expect
        .poll(async () => (await get<VerificationAnswer>('/api/audit/verification')).running)
        .toBeNull();
      return get<VerificationAnswer>('/api/audit/verification');
    };
    expect((await verified()).last).toMatchObject({ isWhole: true, rows: 3, actor: 'user operator' });
    const head = `9:${'0'.repeat(64)}`;
    expect((await verified({ head })).last).toMatchObject({
      isWhole: false,
      firstBad: { number: 4, fault: 'cut' },
    });
    expect((await change('POST', '/api/audit/verification', { head: 'x' })).statusCode).toBe(400);
    expect(await actions()).toContain('audit trail verified');
  });

  it('answers along an index, whatever is asked', async () => {
    await sql`INSERT INTO audit_trail (at_ms, actor, action, subject, person_id) WITH RECURSIVE n(i) AS
      (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
      SELECT i, 'user u' || (i % 50), 'exam seen', 'e' || i, 'p' || (i % 5000) FROM n`.execute(database);
    await sql`ANALYZE`.execute(database);
    const startedAtMs = performance.now();
    for (const query of ['', 'actor=user%20u7', 'subject=e77', 'action=exam%20seen', 'person=p77']) {
      await get<AuditAnswer>(`/api/audit?limit=100&${query}`);
    }
    expect(performance.now() - startedAtMs).toBeLessThan(2_000);
  });
});
