import { type Clock, systemClock } from './clock.ts';
import type { Config } from './config.ts';
import { TriageError } from './errors.ts';
import { type Health, type HealthCheck, openHealth } from './health.ts';
import { startOperationsServer } from './http/operations-server.ts';
import { type RunningPart, stopAll } from './lifecycle.ts';
import { type Foundation, openFoundation } from './roles/foundation.ts';
import type { IntakeRole } from './roles/intake-role.ts';
import type { WebRole } from './roles/web-role.ts';
import type { Log } from './telemetry.ts';

/** What a process does: takes films in, reads them, shows them. */
export type RoleName = Config['roles'][number];

/** A service that runs. */
export interface Service {
  readonly roles: readonly RoleName[];
  /** null where intake is another process. */
  readonly dimse: IntakeRole['dimse'] | null;
  /** null where the pages are served by another process. */
  readonly http: WebRole['http'] | null;
  /** null where DICOMweb is not served, or by another process. */
  readonly dicomweb: IntakeRole['dicomweb'] | null;
  /** Ends everything; true when all of it ended in time. */
  stop(): Promise<boolean>;
}

/**
 * Starts the roles of this process: what they stand on first, then workers, pages and, last, the DICOM node, so that
 * nothing is taken in before there is somewhere to put it. Throws what kept a part from starting, after stopping
 * the parts that ran.
 */
export async function startService(config: Config, log: Log, clock: Clock = systemClock): Promise<Service> {
  checkRoles(config);
  const parts: RunningPart[] = [];
  try {
    return await startRoles(config, log, clock, parts);
  } catch (thrown) {
    await stopAll(parts, clock, log);
    throw thrown;
  }
}

async function startRoles(config: Config, log: Log, clock: Clock, parts: RunningPart[]): Promise<Service> {
  const foundation = await openFoundation(config, clock, log, parts);
  const checks: HealthCheck[] = [...foundation.checks];
  // A role that another process has is not even loaded.
  const has = (role: RoleName): boolean => config.roles.includes(role);
  if (has('worker')) {
    const { startWorkerRole } = await import('./roles/worker-role.ts');
    checks.push(...(await startWorkerRole(foundation, parts)).checks);
  }
  const health = openHealth(clock, { ready: checks, vital: foundation.vitals });
  const web = has('web')
    ? await (await import('./roles/web-role.ts')).startWebRole(foundation, health, parts)
    : null;
  // The pages answer before the doors are open: until then this process must be given no film.
  const opening = { name: 'intake', look: () => Promise.resolve('the doors are not open yet') };
  if (has('intake')) checks.push(opening);
  const intake = has('intake')
    ? await (await import('./roles/intake-role.ts')).startIntakeRole(foundation, parts)
    : null;
  if (intake !== null) checks.splice(checks.indexOf(opening), 1, ...intake.checks);
  foundation.meter.gauge('osteotriage_ready', async () => {
    const report = await health.readiness();
    return Object.entries(report.checks).map(([check, wrong]) => ({
      labels: { check },
      value: wrong === null ? 1 : 0,
    }));
  });
  await openOperationsPort(foundation, health, parts);
  return {
    roles: config.roles,
    dimse: intake?.dimse ?? null,
    http: web?.http ?? null,
    dicomweb: intake?.dicomweb ?? null,
    stop: () => {
      checks.push({ name: 'service', look: () => Promise.resolve('it is ending') });
      return stopAll(parts, clock, log);
    },
  };
}

/** A process without pages is watched and routed too; the last thing to open, for it says that the rest is there. */
async function openOperationsPort(
  { config, meter, clock, log }: Foundation,
  health: Health,
  parts: RunningPart[],
): Promise<void> {
  if (config.operationsPort === null) return;
  const server = await startOperationsServer({
    ...{ health, metrics: meter, clock, log },
    host: config.operationsHost,
    port: config.operationsPort,
  });
  parts.push({ name: 'operations', stop: () => server.close() });
  log.info({ url: server.url }, 'health and metrics are served');
}

/** One process holds an embedded record, so it must do all that is done with it. */
function checkRoles({ mode, roles }: Config): void {
  if (mode === 'distributed' || new Set(roles).size === 3) return;
  throw new TriageError(
    'configuration-invalid',
    `TRIAGE_ROLES = ${roles.join(',')}: in embedded mode one process has every role (intake,worker,web); ` +
      'set TRIAGE_MODE=distributed for processes beside each other, or TRIAGE_WORKERS=0 to receive and hold only',
  );
}
