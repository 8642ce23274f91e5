import type { FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/schema.ts';
import type { EventBus } from '../event-bus.ts';
import { actorOf } from '../exam/staff.ts';
import {
  type ChangeMaker,
  correctIdentity,
  type IdentityReport,
  mergePersons,
} from '../operations/identity.ts';
import type { SiteDirectory } from '../site-registry.ts';
import type { PersonDesk } from '../worklist/person-desk.ts';
import type { IdentityAnswer, PersonAnswer, PersonsAnswer, RevealAnswer } from '../worklist/person-views.ts';
import { parseInput } from '../worklist/worklist-routes.ts';
import { staffOf } from './caller.ts';
import type { RouteGroup } from './server.ts';

/** What the routes of people stand on. */
export interface PersonRoutesParts {
  readonly desk: PersonDesk;
  readonly database: Kysely<Database>;
  readonly clock: Clock;
  readonly events: Pick<EventBus, 'publish'>;
  readonly sites: Pick<SiteDirectory, 'referralDays'>;
}

const identifier = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'is no identifier');
const personParams = z.object({ personId: identifier });
const searchQuery = z.strictObject({ search: z.string().trim().min(1).max(100) });
/** LO and PN of DICOM hold 64 characters; a backslash would make two values of one. */
const written = z
  .string()
  .trim()
  .min(1)
  .max(64)
  .regex(/^[^\\\p{Cc}]*$/u, 'has a character that DICOM does not take');
const correctBody = z
  .strictObject({ patientId: written.optional(), issuer: written.optional(), name: written.optional() })
  .refine((body) => Object.keys(body).length > 0, 'say what is right: patientId, issuer or name');
const mergeBody = z.strictObject({ fromPersonId: identifier, intoPersonId: identifier });
const protectionBody = z.strictObject({ isProtected: z.boolean() });
const revealBody = z.strictObject({ referralId: identifier.nullable().default(null) });

/** Serves the register of people, and corrections of who a film is of. */
export function servePersons({ desk, database, clock, events, sites }: PersonRoutesParts): RouteGroup {
  const at = (): string => new Date(clock.nowMs()).toISOString();
  const personOf = (request: FastifyRequest): string => parseInput(personParams, request.params).personId;
  const maker = (request: FastifyRequest): ChangeMaker => {
    const staff = staffOf(request);
    return {
      ...{ actor: actorOf(staff), actorName: staff.name, nowMs: clock.nowMs() },
      days: sites.referralDays(),
    };
  };
  const answer = async (report: IdentityReport, request: FastifyRequest): Promise<IdentityAnswer> => {
    const personId = report.toPersonId;
    const { person } = await desk.read(personId, staffOf(request), false);
    for (const { referralId } of person.referrals) events.publish({ type: 'referral', referralId });
    return {
      ...{ at: at(), personId, examsMoved: report.examsMoved, examsRevised: report.examsRevised },
      examsNotRevised: report.examsNotRevised.length,
    };
  };
  return (app) => {
    app.get('/api/persons', (request): Promise<PersonsAnswer> => {
      const { search } = parseInput(searchQuery, request.query);
      return desk.search(search, staffOf(request));
    });
    app.get('/api/persons/:personId', (request): Promise<PersonAnswer> => {
      const isAttended = request.headers['x-unattended'] === undefined;
      return desk.read(personOf(request), staffOf(request), isAttended);
    });
    app.post('/api/persons/:personId/reveal', (request): Promise<RevealAnswer> => {
      const { referralId } = parseInput(revealBody, request.body);
      return desk.reveal(personOf(request), referralId, staffOf(request));
    });
    app.put('/api/persons/:personId/protection', async (request): Promise<{ readonly at: string }> => {
      const { isProtected } = parseInput(protectionBody, request.body);
      const referralIds = await desk.protect(personOf(request), isProtected, staffOf(request));
      for (const referralId of referralIds) events.publish({ type: 'referral', referralId });
      return { at: at() };
    });
    app.post('/api/persons/:personId/correct', async (request): Promise<IdentityAnswer> => {
      const right = parseInput(correctBody, request.body);
      const personId = personOf(request);
      return answer(await correctIdentity(database, { personId }, right, maker(request)), request);
    });
    app.post('/api/persons/merge', async (request): Promise<IdentityAnswer> => {
      const { fromPersonId, intoPersonId } = parseInput(mergeBody, request.body);
      const from = { personId: fromPersonId };
      const into = { personId: intoPersonId };
      return answer(await mergePersons(database, from, into, maker(request)), request);
    });
  };
}
