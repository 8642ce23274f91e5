import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Database } from '../database/schema.ts';
import { isFilmOf } from '../database/site-films.ts';
import { TriageError } from '../errors.ts';
import { isLoopbackHost, type SiteDirectory } from '../site-registry.ts';
import type { Log } from '../telemetry.ts';
import type { AccessGate } from './access-gate.ts';
import { Accounts } from './accounts.ts';
import { forgetFirstSignIn, makeFirstAdministrator } from './first-administrator.ts';
import { IdentityProvider } from './identity-provider.ts';
import { openWithoutSignIn } from './open-gate.ts';
import { ProviderSignIn } from './provider-sign-in.ts';
import { Sessions } from './sessions.ts';
import { UserDesk } from './user-desk.ts';

/** What sign-in stands on. */
export interface AccessParts {
  readonly config: Config;
  readonly database: Kysely<Database>;
  readonly sites: Pick<SiteDirectory, 'findSystem'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** What the server asks and what its routes for sign-in and users work with. */
export interface Access {
  readonly gate: AccessGate;
  readonly users: UserDesk;
  /** null where nobody signs in. */
  readonly sessions: Sessions | null;
  /** null where people sign in elsewhere, or not at all. */
  readonly accounts: Accounts | null;
  /** null where people sign in here, or not at all. */
  readonly provider: ProviderSignIn | null;
}

/** Sign-in as the configuration says it. Throws configuration-invalid where its settings contradict each other. */
export async function openAccess(parts: AccessParts): Promise<Access> {
  const { config, database, sites, clock, log } = parts;
  checkAccessSettings(config);
  const users = new UserDesk(database, clock);
  const findSystem: AccessGate['findSystem'] = (key) => sites.findSystem(key);
  if (config.signIn === 'off') {
    log.warn(
      {},
      'nobody signs in (TRIAGE_SIGN_IN=off): everybody on this machine may see and change everything',
    );
    return { gate: openWithoutSignIn(findSystem), users, sessions: null, accounts: null, provider: null };
  }
  const sessions = new Sessions(database, clock, {
    idleMs: config.sessionIdleMinutesMax * 60_000,
    absoluteMs: config.sessionHoursMax * 3_600_000,
  });
  const gate: AccessGate = {
    way: config.signIn,
    identify: (token, isAttended) => sessions.identify(token, isAttended),
    findSystem,
    isFilmOf: (examId, siteIds) => isFilmOf(database, examId, siteIds),
  };
  if (config.signIn === 'oidc') {
    const provider = new IdentityProvider(config, requirePublicUrl(config), log);
    const signIn = new ProviderSignIn({ database, clock, sessions, provider });
    return { gate, users, sessions, accounts: null, provider: signIn };
  }
  await makeFirstAdministrator(parts);
  const accounts = new Accounts({
    ...{ database, clock, sessions, failuresMax: config.signInFailuresMax },
    passwordChanged: (login) => forgetFirstSignIn(config.data, login),
  });
  return { gate, users, sessions, accounts, provider: null };
}

/** Throws configuration-invalid where pages with people's names would be open to more than those who signed in. */
export function checkAccessSettings(config: Config): void {
  const { signIn, httpHost, httpCertificateFile, httpKeyFile, trustedProxies, publicUrl } = config;
  if ((httpCertificateFile === '') !== (httpKeyFile === '')) {
    throw new TriageError(
      'configuration-invalid',
      'TRIAGE_HTTP_CERTIFICATE_FILE and TRIAGE_HTTP_KEY_FILE go together',
    );
  }
  if (signIn === 'oidc') checkProviderSettings(config);
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

function checkProviderSettings(config: Config): void {
  requirePublicUrl(config);
  const needed = [
    ['TRIAGE_OIDC_ISSUER', config.oidcIssuer === ''],
    ['TRIAGE_OIDC_CLIENT_ID', config.oidcClientId === ''],
    ['TRIAGE_OIDC_ROLES', config.oidcRoles.length === 0],
  ] as const;
  const missing = needed.filter(([, isMissing]) => isMissing).map(([variable]) => variable);
  if (missing.length === 0) return;
  throw new TriageError('configuration-invalid', `TRIAGE_SIGN_IN = oidc needs ${missing.join(', ')}`);
}

function requirePublicUrl({ publicUrl }: Config): URL {
  if (publicUrl !== null) return publicUrl;
  throw new TriageError(
    'configuration-invalid',
    'TRIAGE_SIGN_IN = oidc needs TRIAGE_PUBLIC_URL: the identity provider sends people back to it',
  );
}
