/** The film as a viewer shows it, and the points that a person sets on it. */
import type { FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { ObjectStore } from '../archive/object-store.ts';
import type { Clock } from '../clock.ts';
import { recordAudit } from '../database/audit-trail.ts';
import { listCorrections, recordCorrection } from '../database/correction-records.ts';
import { type HeldFilm, listOtherFilms, requireFilm } from '../database/film-records.ts';
import type { Database } from '../database/schema.ts';
import { TriageError } from '../errors.ts';
import { VERTEBRA_POINTS, type AnalysisResult } from '../exam/analysis.ts';
import type { Corrector, PointsCorrection } from '../exam/correction.ts';
import { actorOf, type Staff } from '../exam/staff.ts';
import type { DisplayReader } from '../imaging/display-process.ts';
import { areLevelsInOrder } from '../measure/corrected-vertebra.ts';
import type { CorrectedAnswer, CorrectionsAnswer } from '../worklist/film-views.ts';
import { parseExamId, parseInput } from '../worklist/worklist-routes.ts';
import type { WorklistEvent } from '../worklist/worklist-views.ts';
import { staffOf } from './caller.ts';
import type { RouteGroup } from './server.ts';

/** What the routes stand on. */
export interface FilmParts {
  readonly database: Kysely<Database>;
  readonly objects: Pick<ObjectStore, 'readablePath' | 'makeScratch' | 'removeScratch'>;
  readonly reader: DisplayReader;
  readonly clock: Clock;
  readonly publish: (event: WorklistEvent) => void;
}

const NOTE_CHARACTERS_MAX = 500;
const VERTEBRAE_MAX = 24;

const point = z.tuple([z.number(), z.number()]).readonly();
const sideSchema = z.strictObject({
  side: z.enum(['R', 'L']),
  assessable: z.boolean(),
  outerPx: point.nullable(),
  innerPx: point.nullable(),
  foramenPx: point.nullable(),
  foramenMarginPx: point.nullable(),
});
const vertebraSchema = z.strictObject({
  measuredAtPx: point,
  level: z.string().regex(/^[TLV]\d{1,2}$/, 'is no level'),
  assessable: z.boolean(),
  pointsPx: z.record(z.enum(VERTEBRA_POINTS), point),
});
const orderSchema = z.strictObject({
  revision: z.number().int().min(0),
  note: z.string().trim().max(NOTE_CHARACTERS_MAX).nullable(),
  points: z.strictObject({
    sides: z.array(sideSchema).max(2),
    vertebrae: z.array(vertebraSchema).max(VERTEBRAE_MAX),
  }),
});

/** Serves GET /film, and GET and POST /corrections of an exam. */
export function serveFilms(parts: FilmParts): RouteGroup {
  return (app) => {
    serveSamples(app, parts);
    serveCorrections(app, parts);
  };
}

function serveSamples(app: FastifyInstance, { database, objects, reader, clock }: FilmParts): void {
  app.get('/api/exams/:examId/film', async (request, reply) => {
    const staff = staffOf(request);
    const film = await requireFilm(database, parseExamId(request.params), staff.siteIds);
    const scratchFolder = await objects.makeScratch();
    try {
      const answer = await reader.read(await objects.readablePath(film.objectKey, scratchFolder));
      await recordAudit(database, {
        ...{ atMs: clock.nowMs(), actor: actorOf(staff), action: 'film seen', subject: film.examId },
        personId: film.personId,
      });
      return await reply
        .type('application/octet-stream')
        .header('content-encoding', 'gzip')
        .header('cache-control', 'no-store')
        .send(answer);
    } finally {
      await objects.removeScratch(scratchFolder);
    }
  });
}

function serveCorrections(app: FastifyInstance, { database, clock, publish }: FilmParts): void {
  app.get('/api/exams/:examId/corrections', async (request): Promise<CorrectionsAnswer> => {
    const staff = staffOf(request);
    const { examId, personId, revision } = await requireFilm(
      database,
      parseExamId(request.params),
      staff.siteIds,
    );
    const corrections = await listCorrections(database, examId);
    const otherFilms = await listOtherFilms(database, { examId, personId }, staff.siteIds);
    return { revision, corrections, otherFilms };
  });

  app.post('/api/exams/:examId/corrections', async (request): Promise<CorrectedAnswer> => {
    const staff = staffOf(request);
    const film = await requireFilm(database, parseExamId(request.params), staff.siteIds);
    const { revision, note, points } = parseInput(orderSchema, request.body);
    requireFitting(points, film);
    const seenRevision = await recordCorrection(database, {
      ...{ examId: film.examId, seenRevision: revision, points, by: correctorOf(staff) },
      note: note === '' ? null : note,
      nowMs: clock.nowMs(),
    });
    publish({ type: 'exam', examId: film.examId });
    return { revision: seenRevision };
  });
}

/** A person of both roles acts as the one that knows films best. */
function correctorOf({ userId, name, roles }: Staff): Corrector {
  return { userId, name, role: roles.includes('radiologist') ? 'radiologist' : 'coordinator' };
}

/** Points must be those of what was measured on the film, and lie on it. Throws request-invalid. */
function requireFitting({ sides, vertebrae }: PointsCorrection, { analysis }: HeldFilm): void {
  const deny = (message: string): never => {
    throw new TriageError('request-invalid', message);
  };
  const image = analysis?.image ?? deny('nothing was measured on this film');
  if (sides.length > 0 && analysis?.panoramic == null) deny('the film has no sides of a mandible');
  if (vertebrae.length > 0 && analysis?.spine == null) deny('the film has no vertebrae');
  if (new Set(sides.map(({ side }) => side)).size < sides.length) deny('a side stands there twice');
  if (sides.some(({ assessable, outerPx, innerPx }) => assessable && (outerPx === null || innerPx === null)))
    deny('an assessable side needs a point on the border and one on the endosteal margin');
  const points = [
    ...sides.flatMap(({ outerPx, innerPx, foramenPx, foramenMarginPx }) => [
      outerPx,
      innerPx,
      foramenPx,
      foramenMarginPx,
    ]),
    ...vertebrae.flatMap(({ measuredAtPx, pointsPx }) => [measuredAtPx, ...Object.values(pointsPx)]),
  ];
  for (const place of points) {
    if (place === null) continue;
    const [x, y] = place;
    if (x < 0 || y < 0 || x > image.columns - 1 || y > image.rows - 1) deny('a point lies beyond the film');
  }
  if (analysis?.spine != null) requireOrder(vertebrae, analysis);
}

/** Levels run from top to bottom, each once; two bodies at one place cannot be told apart. */
function requireOrder(vertebrae: PointsCorrection['vertebrae'], analysis: AnalysisResult): void {
  const sorted = [...vertebrae].sort((a, b) => a.measuredAtPx[1] - b.measuredAtPx[1]);
  const named = sorted.map(({ level }) => level).filter((level) => !level.startsWith('V'));
  if (!areLevelsInOrder(named)) {
    throw new TriageError('request-invalid', 'levels must run from top to bottom, each of them once');
  }
  const measured = analysis.correction?.measured.spine?.vertebrae ?? analysis.spine?.vertebrae ?? [];
  if (vertebrae.length > measured.length)
    throw new TriageError('request-invalid', 'there are more vertebrae than were measured');
}
