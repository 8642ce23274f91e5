import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { openAccess } from '../access/access.ts';
import type { Clock } from '../clock.ts';
import { type Config, readConfig } from '../config.ts';
import type { Database } from '../database/schema.ts';
import { openHealth } from '../health.ts';
import { serveAdministration } from '../http/admin-routes.ts';
import { serveAudit } from '../http/audit-routes.ts';
import type { HttpServerOptions } from '../http/server.ts';
import { serveSignIn } from '../http/sign-in-routes.ts';
import { serveUsers } from '../http/user-routes.ts';
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
export async function openAdminStage(parts: {
  readonly folder: string;
  readonly database: Kysely<Database>;
  readonly clock: Clock;
  readonly environment?: Readonly<Record<string, string>>;
  readonly pagesFolder?: string;
}): Promise<AdminStage> {
  const { folder, database, clock, environment = {} } = parts;
  const { config } = readConfig({ data: folder }, { TRIAGE_SIGN_IN: 'off', ...environment });
  const worklist = new ScriptedWorklist();
  const sites = openSiteRegistry(config, clock, silentLog);
  const late = { name: 'objects', look: () => Promise.resolve('the store does not answer') };
  const health = openHealth(clock, { ready: [{ ...late, isRemark: true }], vital: [] });
  const access = await openAccess({ config, database, sites, clock, log: silentLog });
  const common = { config, database, sites, clock, log: silentLog };
  const options: HttpServerOptions = {
    ...{ host: '127.0.0.1', port: 0, clock, log: silentLog, pagesFolder: parts.pagesFolder ?? folder },
    ...{ reader: worklist, pictures: worklist, events: worklist, deliveries: worklist },
    access: access.gate,
    operations: servedOperations(),
    routes: [
      serveSignIn(access),
      serveUsers(access.users, clock),
      serveAudit(common),
      serveAdministration({
        ...{ ...common, health, version: '9.9.9', models: openModelDesk(common) },
        events: { publish: (event) => worklist.tell(event) },
      }),
    ],
    limits: { bodyBytesMax: 65_536, eventStreamsMax: 10 },
  };
  return { options, config, sites, sitesPath: join(folder, 'sites.json') };
}
