import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { recordAudit } from '../database/audit-trail.ts';
import { readReferralFacts } from '../database/referral-facts.ts';
import type { Database } from '../database/schema.ts';
import { TriageError } from '../errors.ts';
import { actorOf } from '../exam/staff.ts';
import { makeReferralLetter } from '../report/referral-letter.ts';
import type { SiteDirectory } from '../site-registry.ts';
import { parseInput } from '../worklist/worklist-routes.ts';
import { staffOf } from './caller.ts';
import type { RouteGroup } from './server.ts';

const params = z.object({
  referralId: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'is no referral identifier'),
});
const query = z.strictObject({ language: z.enum(['sv', 'en']).default('sv') });

/** What the letter's route stands on. */
export interface LetterRoutesParts {
  readonly database: Kysely<Database>;
  readonly sites: Pick<SiteDirectory, 'book'>;
  readonly clock: Clock;
  readonly softwareVersion: string;
}

/** Serves the letter of a referral as a PDF. */
export function serveLetters({ database, sites, clock, softwareVersion }: LetterRoutesParts): RouteGroup {
  return (app) => {
    app.get('/api/referrals/:referralId/letter.pdf', async (request, reply) => {
      const staff = staffOf(request);
      const { referralId } = parseInput(params, request.params);
      const { language } = parseInput(query, request.query);
      const nowMs = clock.nowMs();
      const facts = await readReferralFacts(database, referralId);
      if (facts === undefined) throw new TriageError('not-found', 'there is no such referral');
      const site = sites.book()?.sites.find(({ id }) => id === facts.siteId);
      await recordAudit(database, {
        ...{ atMs: nowMs, actor: actorOf(staff), action: 'referral letter printed', subject: referralId },
        personId: facts.person.personId,
        // The letter names a person of protected identity, and that is said.
        detail: { language, ...(facts.person.isProtected ? { isProtected: true } : {}) },
      });
      const pdf = await makeReferralLetter({
        ...{ facts, language, softwareVersion, nowMs },
        siteName: site?.name ?? null,
      });
      return reply
        .type('application/pdf')
        .header('content-disposition', `inline; filename="referral-${referralId}.pdf"`)
        .send(pdf);
    });
  };
}
