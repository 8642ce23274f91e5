/** One referral: what its page shows, and what is done with it. */
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Colleague, ReferralDesk } from '../worklist/referral-desk.ts';
import { referralActionSchema, riskFactorsSchema } from '../worklist/referral-input.ts';
import type { ReferralAnswer, ReferralView } from '../worklist/referral-views.ts';
import { parseInput } from '../worklist/worklist-routes.ts';
import { staffOf } from './caller.ts';
import type { RouteGroup } from './server.ts';

const params = z.object({
  referralId: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'is no identifier of a referral'),
});

/** Serves GET /api/referrals/:referralId with its actions and risk factors, and GET /api/colleagues. */
export function serveReferrals({
  desk,
  clock,
}: {
  readonly desk: ReferralDesk;
  readonly clock: Clock;
}): RouteGroup {
  const answer = (referral: ReferralView): ReferralAnswer => ({
    at: new Date(clock.nowMs()).toISOString(),
    referral,
  });
  return (app) => {
    app.get('/api/referrals/:referralId', async (request) => {
      const { referralId } = parseInput(params, request.params);
      return answer(await desk.read(referralId, staffOf(request)));
    });
    app.post('/api/referrals/:referralId/actions', async (request) => {
      const { referralId } = parseInput(params, request.params);
      const action = parseInput(referralActionSchema, request.body);
      return answer(await desk.act(referralId, action, staffOf(request)));
    });
    app.put('/api/referrals/:referralId/risk-factors', async (request) => {
      const { referralId } = parseInput(params, request.params);
      const factors = parseInput(riskFactorsSchema, request.body);
      return answer(await desk.saveRiskFactors(referralId, factors, staffOf(request)));
    });
    app.get('/api/colleagues', async (): Promise<{ readonly colleagues: readonly Colleague[] }> => ({
      colleagues: await desk.colleagues(),
    }));
  };
}
