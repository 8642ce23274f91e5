import type { FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWithoutSignIn } from '../access/open-gate.ts';
import { systemClock } from '../clock.ts';
import type { Database } from '../database/schema.ts';
import { DEFAULT_REFERRAL_DAYS } from '../exam/referral-life.ts';
import { insertTestReferral } from '../testing/scanner-fixtures.ts';
import { ScriptedWorklist } from '../testing/scripted-worklist.ts';
import { servedOperations } from '../testing/served-operations.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { openReferralDesk } from '../worklist/referral-desk.ts';
import type { ReferralAnswer } from '../worklist/referral-views.ts';
import { serveReferrals } from './referral-routes.ts';
import { buildHttpServer } from './server.ts';

let database: Kysely<Database>;
let app: FastifyInstance;
let close: () => Promise<void>;
let referralId: string;

beforeEach(async () => {
  database = await openTestRecord();
  referralId = await insertTestReferral(database, 1);
  const worklist = new ScriptedWorklist();
  const ignore = (): void => undefined;
  const sites = { book: () => null, referralDays: () => DEFAULT_REFERRAL_DAYS };
  const desk = openReferralDesk({ database, clock: systemClock, sites, events: { publish: ignore } });
  const built = buildHttpServer({
    ...{ host: '127.0.0.1', port: 0, access: openWithoutSignIn(() => undefined) },
    ...{ reader: worklist, pictures: worklist, events: worklist, deliveries: worklist },
    ...{ clock: systemClock, routes: [serveReferrals({ desk, clock: systemClock })] },
    log: { info: ignore, warn: ignore, error: ignore },
    ...{ pagesFolder: import.meta.dirname, operations: servedOperations() },
    limits: { bodyBytesMax: 4_096, eventStreamsMax: 1 },
  });
  app = built.app;
  close = async () => {
    built.streams.close();
    await app.close();
    await database.destroy();
  };
});
afterEach(() => close());

const act = (body: object, of = referralId) =>
  app.inject({ method: 'POST', url: `/api/referrals/${of}/actions`, payload: body });

describe('the routes of one referral', () => {
  it('show it, change it and say who looked', async () => {
    const shown = await app.inject({ url: `/api/referrals/${referralId}` });
    expect(shown.json<ReferralAnswer>().referral).toMatchObject({ referralId, state: 'flagged', version: 1 });
    const claimed = await act({ action: 'claim', version: 1 });
    expect(claimed.statusCode).toBe(200);
    expect(claimed.json<ReferralAnswer>().referral).toMatchObject({ state: 'under-review', version: 2 });
    const stale = await act({ action: 'accept', version: 1 });
    expect(stale.statusCode).toBe(409);
    expect(stale.json()).toMatchObject({
      code: 'state-conflict',
      details: { conflict: 'changed', event: 'claim', actor: 'Operator', at: expect.any(String) as string },
    });
    expect(stale.body).toMatch(/took this referral at \d\d:\d\d; reload/);
    const seen = database.selectFrom('audit_trail').selectAll().where('action', '=', 'referral seen');
    expect(await seen.execute()).toMatchObject([{ subject: referralId }]);
  });

  it.each([
    ['an unknown action', { action: 'lose', version: 1 }],
    ['no version', { action: 'claim' }],
    ['a reason that is not on the list', { action: 'dismiss', reason: 'busy', version: 1 }],
    ['a field too many', { action: 'claim', version: 1, owner: 'me' }],
    ['a day that is none', { action: 'set-due', dueOn: '2027-02-30', version: 1 }],
    [
      'T-scores beyond measure',
      {
        ...{ action: 'record-dxa', version: 1, measuredOn: '2026-01-01' },
        tScores: { lumbarSpine: -25, femoralNeck: null, totalHip: null },
      },
    ],
    [
      'no T-score at all',
      {
        ...{ action: 'record-dxa', version: 1, measuredOn: '2026-01-01' },
        tScores: { lumbarSpine: null, femoralNeck: null, totalHip: null },
      },
    ],
    ['an empty note', { action: 'note', text: '  ', version: 1 }],
  ])('refuse %s, and nothing changes', async (_what, body) => {
    const answer = await act(body);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'request-invalid' });
    const row = database.selectFrom('referrals').select(['state', 'version']);
    expect(await row.executeTakeFirst()).toEqual({ state: 'flagged', version: 1 });
  });

  it('say when there is no such referral, and keep risk factors that can be true', async () => {
    expect((await act({ action: 'claim', version: 1 }, 'nobody')).statusCode).toBe(404);
    const factors = {
      ...{ weightKg: 58.5, heightCm: null, hasPriorFracture: true, hasParentHipFracture: null, smokes: null },
      ...{ usesGlucocorticoids: null, hasRheumatoidArthritis: null, drinksThreeUnitsDaily: null },
      usesOestrogen: false,
      frax: { majorPercent: 21, hipPercent: 8.5, withBmd: false, version: '4.3', country: 'Sweden' },
    };
    const url = `/api/referrals/${referralId}/risk-factors`;
    const kept = await app.inject({ method: 'PUT', url, payload: factors });
    expect(kept.json<ReferralAnswer>().referral.riskFactors).toEqual(factors);
    const wrong = await app.inject({ method: 'PUT', url, payload: { ...factors, weightKg: 5_850 } });
    expect(wrong.statusCode).toBe(400);
    expect(wrong.body).toContain('weightKg');
    expect((await app.inject({ url: '/api/colleagues' })).json()).toEqual({ colleagues: [] });
  });
});
