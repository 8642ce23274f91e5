/** Administration: sites, models, failures, health, settings and their history. None of it shows a patient. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { type Config, originsOf } from '../config.ts';
import { reassessExam } from '../database/revision-records.ts';
import type { Database } from '../database/schema.ts';
import { listSettingChanges } from '../database/setting-records.ts';
import type { EventBus } from '../event-bus.ts';
import { actorOf } from '../exam/staff.ts';
import type { Health } from '../health.ts';
import { readFailures } from '../operations/admin-failures.ts';
import { readHealth } from '../operations/admin-health.ts';
import { SitesDesk } from '../operations/admin-sites.ts';
import type {
  AdminHealthAnswer,
  Administrator,
  FailuresAnswer,
  HistoryAnswer,
  ModelChange,
  ModelChoiceReport,
  ModelDesk,
  ModelsAnswer,
  RetriedAnswer,
  SettingsAnswer,
  SitesAnswer,
} from '../operations/admin-views.ts';
import type { SiteRegistry } from '../site-registry.ts';
import { parseExamId, parseInput } from '../worklist/worklist-routes.ts';
import { staffOf } from './caller.ts';
import type { RouteGroup } from './server.ts';

/** What the routes stand on. */
export interface AdminParts {
  readonly config: Config;
  readonly database: Kysely<Database>;
  readonly sites: SiteRegistry;
  readonly models: ModelDesk;
  readonly events: Pick<EventBus, 'publish'>;
  readonly health: Health;
  readonly clock: Clock;
  readonly version: string;
}

const SITES_BYTES_MAX = 1024 * 1024;
const note = z.string().trim().max(500).nullable().default(null);
const sitesBody = z.strictObject({
  text: z.string().min(1).max(SITES_BYTES_MAX),
  version: z.string().max(64).nullable(),
  note,
});
const historyQuery = z.strictObject({
  before: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(30),
});
const name = z.string().regex(/^[A-Za-z0-9._-]{1,100}$/, 'is no name of a model or a version');
const modelParams = z.object({ name });
const modelBody: z.ZodType<ModelChange> = z.union([
  z.strictObject({ use: name }),
  z.strictObject({ rollBack: z.literal(true) }),
  z.strictObject({ shadow: name.nullable() }),
]);

/** Serves the addresses below /api/admin. */
export function serveAdministration(parts: AdminParts): RouteGroup {
  return (app) => {
    serveSites(app, parts);
    serveModels(app, parts);
    serveFailures(app, parts);
    serveStanding(app, parts);
  };
}

function administratorOf(request: FastifyRequest): Administrator {
  const staff = staffOf(request);
  return { actor: actorOf(staff), name: staff.name };
}

function serveSites(app: FastifyInstance, parts: AdminParts): void {
  const desk = new SitesDesk(parts);
  app.get('/api/admin/sites', (): Promise<SitesAnswer> => desk.read());
  app.put('/api/admin/sites', { bodyLimit: SITES_BYTES_MAX * 2 }, (request): Promise<SitesAnswer> =>
    desk.change(parseInput(sitesBody, request.body), administratorOf(request)),
  );
  app.get('/api/admin/history', async (request): Promise<HistoryAnswer> => {
    const { before = null, limit } = parseInput(historyQuery, request.query);
    const changes = await listSettingChanges(parts.database, { beforeId: before, limit });
    const last = changes.length < limit ? undefined : changes.at(-1);
    return { at: new Date(parts.clock.nowMs()).toISOString(), changes, cursor: last?.changeId ?? null };
  });
}

function serveModels(app: FastifyInstance, { models }: AdminParts): void {
  app.get('/api/admin/models', async (): Promise<ModelsAnswer> => ({ models: await models.list() }));
  app.post('/api/admin/models/:name', (request): Promise<ModelChoiceReport> => {
    const change = parseInput(modelBody, request.body);
    return models.change(parseInput(modelParams, request.params).name, change, administratorOf(request));
  });
}

function serveFailures(app: FastifyInstance, { database, events, clock }: AdminParts): void {
  app.get('/api/admin/failures', async (): Promise<FailuresAnswer> => ({
    at: new Date(clock.nowMs()).toISOString(),
    ...(await readFailures(database)),
  }));
  app.post('/api/admin/failures/:examId/retry', async (request): Promise<RetriedAnswer> => {
    const examId = parseExamId(request.params);
    const revision = await reassessExam(database, examId, clock.nowMs(), actorOf(staffOf(request)));
    events.publish({ type: 'exam', examId });
    return { revision };
  });
}

function serveStanding(app: FastifyInstance, parts: AdminParts): void {
  app.get('/api/admin/health', (): Promise<AdminHealthAnswer> => readHealth(parts));
  app.get('/api/admin/settings', (): SettingsAnswer => ({
    settings: originsOf(parts.config).map(({ variable, value, source, meaning }) => ({
      ...{ variable, value, source, meaning },
    })),
  }));
}
