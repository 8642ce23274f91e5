/** Who saw whose data: pages that show people are on record before they are answered. */
import type { FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import { AuditSights } from '../database/audit-sights.ts';
import type { Database } from '../database/schema.ts';
import { actorOf } from '../exam/staff.ts';
import type { RouteGroup } from './server.ts';

/** What a route shows; routes of one person that are not here write it down themselves. */
const SHOWN: Readonly<Record<string, 'exam' | 'exam list' | 'referral list' | 'delivery list'>> = {
  '/api/exams': 'exam list',
  '/api/exams/:examId': 'exam',
  '/api/exams/:examId/preview.png': 'exam',
  '/api/exams/:examId/overlay.png': 'exam',
  '/api/exams/:examId/corrections': 'exam',
  '/api/referrals': 'referral list',
  '/api/deliveries': 'delivery list',
};

/** Notes who looks at films and lists. */
export function noteSights({
  database,
  clock,
}: {
  readonly database: Kysely<Database>;
  readonly clock: Clock;
}): RouteGroup {
  const sights = new AuditSights(database, clock);
  return (app) => {
    app.addHook('preHandler', async (request: FastifyRequest) => {
      const shown = SHOWN[request.routeOptions.url ?? ''];
      const { staff } = request;
      if (shown === undefined || staff === null) return;
      const { examId } = request.params as { readonly examId?: string };
      const look = { actor: actorOf(staff), action: `${shown} seen` };
      if (examId === undefined) return sights.note({ ...look, subject: shown });
      const film = await database
        .selectFrom('exams')
        .select('person_id as personId')
        .where('exam_id', '=', examId)
        .executeTakeFirst();
      // A film that is not there shows nobody.
      if (film !== undefined) await sights.note({ ...look, subject: examId, personId: film.personId });
    });
  };
}
