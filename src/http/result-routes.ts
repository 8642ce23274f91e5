/** The poll of a clinic that sends by STOW and has no PACS: what became of its films. */
import type { FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import type { ObjectStore } from '../archive/object-store.ts';
import type { Clock } from '../clock.ts';
import { type ExamStanding, findStandings, listFinished } from '../database/dicomweb-records.ts';
import type { Database } from '../database/schema.ts';
import { isValidUid } from '../dicom/uids.ts';
import { TriageError } from '../errors.ts';
import { resultJson } from '../report/result-json.ts';
import { pageOf, queryOf } from './dicomweb-request.ts';
import { rootOf, siteOf } from './dicomweb-caller.ts';

/** A result may come into the record a little after its time: so long back a list is given again. */
const OVERLAP_MS = 60_000;

/** What the poll reads. */
export interface ResultParts {
  readonly database: Kysely<Database>;
  readonly objects: ObjectStore;
  readonly clock: Clock;
}

/** Adds `GET /results?since=`, `GET /results/{SOP Instance UID}` and its PDF. */
export function serveResults(app: FastifyInstance, parts: ResultParts): void {
  const { database, objects, clock } = parts;
  app.get('/results', async (request) => {
    const query = queryOf(request.query);
    const sinceMs = sinceOf(query['since']);
    const { limit } = pageOf(query);
    const nowMs = clock.nowMs();
    const finished = await listFinished(database, siteOf(request), sinceMs, limit);
    const root = rootOf(request);
    return {
      results: finished.map((standing) => resultJson(standing, pdfUrl(standing, root))),
      next: new Date(nextSinceMs(finished, limit, sinceMs, nowMs)).toISOString(),
    };
  });
  app.get('/results/:instance', async (request) => {
    const standing = await requireStanding(siteOf(request), request.params);
    return resultJson(standing, pdfUrl(standing, rootOf(request)));
  });
  app.get('/results/:instance/pdf', async (request, reply) => {
    const { pdfKey } = await requireStanding(siteOf(request), request.params);
    if (pdfKey === null) throw new TriageError('not-found', 'there is no PDF of this film yet');
    return reply.type('application/pdf').send(await objects.read(pdfKey));
  });

  async function requireStanding(siteId: string, params: unknown): Promise<ExamStanding> {
    const { instance = '' } = params as { readonly instance?: string };
    if (!isValidUid(instance)) throw new TriageError('request-invalid', 'the address holds no valid UID');
    const standings = await findStandings(database, siteId, instance);
    const latest = standings.toSorted((a, b) => b.receivedAtMs - a.receivedAtMs)[0];
    if (latest === undefined) throw new TriageError('not-found', 'no film of this name came from this site');
    return latest;
  }
}

/**
 * Where the next poll begins. A caller may be given a result twice within a minute and never misses one: two
 * results of the same moment can come into the record in either order. A list that was full is gone on with behind
 * its last moment, which is whole, so that even a short one comes to its end.
 */
export function nextSinceMs(
  finished: readonly { readonly knownAtMs: number }[],
  limit: number,
  sinceMs: number,
  nowMs: number,
): number {
  const lastMs = finished.at(-1)?.knownAtMs ?? sinceMs;
  const behindMs = limit > 0 && finished.length >= limit ? lastMs + 1 : lastMs;
  return Math.max(sinceMs, Math.min(behindMs, nowMs - OVERLAP_MS));
}

function sinceOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const sinceMs = Date.parse(text);
  if (Number.isNaN(sinceMs)) {
    throw new TriageError(
      'request-invalid',
      'since must be a time in ISO 8601, such as the `next` of an answer',
    );
  }
  return sinceMs;
}

function pdfUrl({ pdfKey, sopInstanceUid }: ExamStanding, root: string): string | null {
  return pdfKey === null ? null : `${root}/results/${sopInstanceUid}/pdf`;
}
