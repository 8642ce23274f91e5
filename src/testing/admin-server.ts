import { join } from 'node:path';
import type { Kysely } from 'kysely';
import type { AccessGate } from '../access/access-gate.ts';
import { openWithoutSignIn } from '../access/open-gate.ts';
import type { Clock } from '../clock.ts';
import { type Config, readConfig } from '../config.ts';
import type { Database } from '../database/schema.ts';
import { openHealth } from '../health.ts';
import { serveAdministration } from '../http/admin-routes.ts';
import { serveAudit } from '../http/audit-routes.ts';
import type { HttpServerOptions, RouteGroup } from '../http/server.ts';
import { openModelDesk } from '../model-desk.ts';
import { openSiteRegistry, type SiteRegistry } from '../site-registry.ts';
import { silentLog } from '../telemetry.ts';
import { ScriptedWorklist } from './scripted-worklist.ts';
import { servedOperations } from './served-operations.ts';

/** A server of audit and administration over a real record, with a data folder of its own. */
export interface AdminStage {
  readonly options: HttpServerOptions;
  readonly config: Config;
  readonly sites: SiteRegistry;
  /** Where its sites file is, or would be. */
  readonly sitesPath: string;
}

/** Sets it up; nobody signs in, so that everybody is the operator. */
export function openAdminStage(parts: {
  readonly folder: string;
  readonly database: Kysely<Database>;
  readonly clock: Clock;
  readonly environment?: Readonly<Record<string, string>>;
  readonly pagesFolder?: string;
  readonly access?: AccessGate;
  readonly routes?: readonly RouteGroup[];
}): AdminStage {
  const { folder, database, clock, environment = {}, routes = [] } = parts;
  const { config } = readConfig({ data: folder }, environment);
  const worklist = new ScriptedWorklist();
  const sites = openSiteRegistry(config, clock, silentLog);
  const late = { name: 'objects', look: () => Promise.resolve('the store does not answer') };
  const health = openHealth(clock, { ready: [{ ...late, isRemark: true }], vital: [] });
  const common = { config, database, sites, clock, log: silentLog };
  const options: HttpServerOptions = {
    ...{ host: '127.0.0.1', port: 0, clock, log: silentLog, pagesFolder: parts.pagesFolder ?? folder },
    ...{ reader: worklist, pictures: worklist, events: worklist, deliveries: worklist },
    access: parts.access ?? openWithoutSignIn(() => undefined),
    operations: servedOperations(),
    routes: [
      serveAudit(common),
      serveAdministration({
        ...{ ...common, health, version: '9.9.9', models: openModelDesk(common) },
        events: { publish: (event) => worklist.tell(event) },
      }),
      ...routes,
    ],
    limits: { bodyBytesMax: 65_536, eventStreamsMax: 10 },
  };
  return { options, config, sites, sitesPath: join(folder, 'sites.json') };
}
