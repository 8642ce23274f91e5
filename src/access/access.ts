import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Database } from '../database/schema.ts';
import { isFilmOf } from '../database/site-films.ts';
import { TriageError } from '../errors.ts';
import { isLoopbackHost, type SiteDirectory } from '../site-registry.ts';
import type { Log } from '../telemetry.ts';
import type { AccessGate } from './access-gate.ts';
import { openWithoutSignIn } from './open-gate.ts';

/** What sign-in stands on. */
export interface AccessParts {
  readonly config: Config;
  readonly database: Kysely<Database>;
  readonly sites: Pick<SiteDirectory, 'findSystem'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Sign-in as the configuration says it. Throws configuration-invalid where its settings contradict each other. */
export async function openAccess({
  config,
  database,
  sites,
  log,
}: AccessParts): Promise<{ readonly gate: AccessGate }> {
  checkAccessSettings(config);
  const findSystem: AccessGate['findSystem'] = (key) => sites.findSystem(key);
  if (config.signIn === 'off') {
    log.warn(
      {},
      'nobody signs in (TRIAGE_SIGN_IN=off): everybody on this machine may see and change everything',
    );
    return { gate: openWithoutSignIn(findSystem) };
  }
  await Promise.resolve();
  // Until accounts are opened here, nobody is known and so nobody is let in.
  return {
    gate: {
      way: config.signIn,
      identify: () => Promise.resolve(null),
      findSystem,
      isFilmOf: (examId, siteIds) => isFilmOf(database, examId, siteIds),
    },
  };
}

/** Throws configuration-invalid where pages with people's names would be open to more than those who signed in. */
export function checkAccessSettings(config: Config): void {
  const { signIn, httpHost, httpCertificateFile, trustedProxies, publicUrl } = config;
  if (isLoopbackHost(httpHost)) return;
  const isSafe =
    httpCertificateFile !== '' || (trustedProxies.length > 0 && publicUrl?.protocol === 'https:');
  if (signIn !== 'off' && isSafe) return;
  throw new TriageError(
    'configuration-invalid',
    `TRIAGE_HTTP_HOST = ${JSON.stringify(httpHost)}: ` +
      (signIn === 'off'
        ? 'without sign-in (TRIAGE_SIGN_IN=off) only loopback is listened on: 127.0.0.1, ::1 or localhost'
        : 'names of people go over the network by https only: set TRIAGE_HTTP_CERTIFICATE_FILE and TRIAGE_HTTP_KEY_FILE, ' +
          'or name the proxy that does it in TRIAGE_TRUSTED_PROXIES and its https address in TRIAGE_PUBLIC_URL'),
  );
}
