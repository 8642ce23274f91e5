import type { Config } from '../config.ts';
import { TriageError } from '../errors.ts';
import { isLoopbackHost } from '../site-registry.ts';

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

/** The address that the identity provider sends people back to. Throws configuration-invalid without one. */
export function requirePublicUrl({ publicUrl }: Config): URL {
  if (publicUrl !== null) return publicUrl;
  throw new TriageError(
    'configuration-invalid',
    'TRIAGE_SIGN_IN = oidc needs TRIAGE_PUBLIC_URL: the identity provider sends people back to it',
  );
}
