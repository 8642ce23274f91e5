/** The audit trail for auditors: what they look at is written down there too. */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import { parseHead } from '../audit/audit-chain.ts';
import { exportTrail } from '../audit/audit-export.ts';
import { readTrail } from '../audit/audit-reader.ts';
import { AuditVerifier } from '../audit/audit-verifier.ts';
import type { AuditAnswer, AuditQuery, VerificationAnswer } from '../audit/audit-views.ts';
import type { Clock } from '../clock.ts';
import { type AuditEntry, recordAudit } from '../database/audit-trail.ts';
import type { Database } from '../database/schema.ts';
import { actorOf } from '../exam/staff.ts';
import type { Log } from '../telemetry.ts';
import { parseInput } from '../worklist/worklist-routes.ts';
import { staffOf } from './caller.ts';
import type { RouteGroup } from './server.ts';

/** What the routes stand on. */
export interface AuditParts {
  readonly database: Kysely<Database>;
  readonly clock: Clock;
  readonly log: Log;
}

const TRAIL = 'audit trail';
const ROWS_MAX = 500;
const text = z.string().trim().min(1).max(100);
const time = z.coerce.number().int().min(0).max(8.64e15);
const listQuery = z.strictObject({
  fromMs: time.optional(),
  untilMs: time.optional(),
  actor: text.optional(),
  action: text.optional(),
  subject: text.optional(),
  person: text.optional(),
  cursor: z.string().max(40).optional(),
  limit: z.coerce.number().int().min(1).max(ROWS_MAX).default(100),
});
const verificationBody = z.strictObject({ head: z.string().max(100).optional() });

/** Serves the trail, its export and its verification. */
export function serveAudit({ database, clock, log }: AuditParts): RouteGroup {
  const verifier = new AuditVerifier({ database, clock, log });
  const record = (
    request: FastifyRequest,
    entry: Pick<AuditEntry, 'action'> & Partial<AuditEntry>,
  ): Promise<void> =>
    recordAudit(database, {
      ...{ atMs: clock.nowMs(), actor: actorOf(staffOf(request)), subject: TRAIL },
      ...entry,
    });
  return (app) => {
    app.addHook('onClose', () => verifier.close());
    serveList(app, { database, clock, record });
    app.get('/api/audit/export', async (request, reply) => {
      await record(request, { action: 'audit trail exported' });
      const day = new Date(clock.nowMs()).toISOString().slice(0, 10);
      return reply
        .type('application/x-ndjson; charset=utf-8')
        .header('content-disposition', `attachment; filename="osteotriage-audit-${day}.jsonl"`)
        .send(Readable.from(exportTrail(database, clock.nowMs())));
    });
    app.get('/api/audit/verification', (): Promise<VerificationAnswer> => verifier.describe());
    app.post('/api/audit/verification', async (request): Promise<VerificationAnswer> => {
      const { head } = parseInput(verificationBody, request.body);
      const known = head === undefined ? undefined : parseHead(head);
      await verifier.begin(actorOf(staffOf(request)), known);
      return verifier.describe();
    });
  };
}

interface ListParts {
  readonly database: Kysely<Database>;
  readonly clock: Clock;
  readonly record: (
    request: FastifyRequest,
    entry: Pick<AuditEntry, 'action'> & Partial<AuditEntry>,
  ) => Promise<void>;
}

function serveList(app: FastifyInstance, { database, clock, record }: ListParts): void {
  app.get('/api/audit', async (request): Promise<AuditAnswer> => {
    const query: AuditQuery = parseInput(listQuery, request.query);
    const { personIds, ...page } = await readTrail(database, query);
    // Numbers that were typed stay out of the trail; whom they are of stands there by our own identifiers.
    const asked = { ...query, person: query.person === undefined ? undefined : personIds };
    const [onlyId, ...more] = personIds;
    await record(request, {
      action: 'audit trail searched',
      detail: { ...asked, rows: page.entries.length },
      ...(onlyId === undefined || more.length > 0 ? {} : { personId: onlyId }),
    });
    return { at: new Date(clock.nowMs()).toISOString(), ...page };
  });
}
