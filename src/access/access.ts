import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Database } from '../database/schema.ts';
import { listSitesOfFilm } from '../database/site-films.ts';
import type { SiteDirectory } from '../site-registry.ts';
import type { Log } from '../telemetry.ts';
import type { AccessGate } from './access-gate.ts';
import { checkAccessSettings, requirePublicUrl } from './access-settings.ts';
import { Accounts } from './accounts.ts';
import { forgetFirstSignIn, makeFirstAdministrator } from './first-administrator.ts';
import { IdentityProvider } from './identity-provider.ts';
import { openWithoutSignIn } from './open-gate.ts';
import { Passwords } from './passwords.ts';
import { ProviderSignIn } from './provider-sign-in.ts';
import { Sessions } from './sessions.ts';
import { UserDesk } from './user-desk.ts';

/** What sign-in stands on. */
export interface AccessParts {
  readonly config: Config;
  readonly database: Kysely<Database>;
  readonly sites: Pick<SiteDirectory, 'book' | 'findSystem'>;
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
export async function openAccess(
  parts: AccessParts,
  passwords: Passwords = new Passwords(),
): Promise<Access> {
  const { config, database, sites, clock, log } = parts;
  checkAccessSettings(config);
  const users = new UserDesk(parts, passwords);
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
    sitesOfFilm: (examId) => listSitesOfFilm(database, examId),
  };
  if (config.signIn === 'oidc') {
    const provider = new IdentityProvider(config, requirePublicUrl(config), log);
    const signIn = new ProviderSignIn({ database, clock, sessions, provider });
    return { gate, users, sessions, accounts: null, provider: signIn };
  }
  await makeFirstAdministrator(parts, passwords);
  const accounts = new Accounts({
    ...{ database, clock, sessions, passwords, failuresMax: config.signInFailuresMax },
    passwordChanged: (login) => forgetFirstSignIn(config.data, login),
  });
  return { gate, users, sessions, accounts, provider: null };
}
