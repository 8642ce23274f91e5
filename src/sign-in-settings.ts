/** The settings of the worklist's door: where it listens, who signs in, and how. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { ROLES, type Role } from './exam/staff.ts';
import { amount, count, list, setting } from './setting-rules.ts';

/** Which group of the identity provider is which role here. */
export interface RoleOfGroup {
  readonly group: string;
  readonly role: Role;
}

// The name of a group in a directory has commas of its own: CN=DXA,OU=Groups,DC=example.
const commasOrJson = z.string().transform((text): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return list.parse(text);
  }
});

const rolesOfGroups = commasOrJson.pipe(
  z.array(
    z
      .string()
      .regex(
        new RegExp(`^.+=(${ROLES.join('|')})$`),
        `write each as group=role, a JSON list where names have commas; roles: ${ROLES.join(', ')}`,
      )
      .transform((text): RoleOfGroup => {
        const at = text.lastIndexOf('=');
        return { group: text.slice(0, at), role: text.slice(at + 1) as Role };
      }),
  ),
);

const proxies = list.pipe(
  z.array(
    z
      .string()
      .refine((text) => isIP(text.replace(/\/\d{1,3}$/, '')) !== 0, 'an address or a network: 10.0.0.0/24'),
  ),
);

/** Settings by name, as in config.ts. */
export const SIGN_IN_SETTINGS = {
  httpHost: setting(
    'TRIAGE_HTTP_HOST',
    z.string().min(1),
    '127.0.0.1',
    'address of the worklist; other than loopback only with sign-in and https: TRIAGE_HTTP_CERTIFICATE_FILE, ' +
      'or a proxy in TRIAGE_TRUSTED_PROXIES and an https TRIAGE_PUBLIC_URL',
  ),
  httpCertificateFile: setting(
    'TRIAGE_HTTP_CERTIFICATE_FILE',
    z.string(),
    '',
    'PEM file of the worklist’s certificate and its chain; empty: http',
  ),
  httpKeyFile: setting(
    'TRIAGE_HTTP_KEY_FILE',
    z.string(),
    '',
    'PEM file of the private key of TRIAGE_HTTP_CERTIFICATE_FILE',
  ),
  trustedProxies: setting(
    'TRIAGE_TRUSTED_PROXIES',
    proxies,
    '',
    'addresses or networks of the proxies that end https before the worklist, separated by commas; only their ' +
      'X-Forwarded headers are believed',
  ),
  publicUrl: setting(
    'TRIAGE_PUBLIC_URL',
    z.union([
      z.literal('').transform(() => null),
      z
        .url({ protocol: /^https?$/ })
        .transform((text) => new URL(text))
        .refine((url) => url.pathname === '/', 'without a path'),
    ]),
    '',
    'address at which people open the worklist, such as https://triage.example.se; needed for oidc',
  ),
  signIn: setting(
    'TRIAGE_SIGN_IN',
    z.enum(['local', 'oidc', 'off']),
    'local',
    'local: accounts of this node; oidc: an identity provider; off: everybody on this machine is one operator who ' +
      'may do everything (benches and tests of the engine; loopback only)',
  ),
  sessionIdleMinutesMax: setting(
    'TRIAGE_SESSION_IDLE_MINUTES_MAX',
    amount(1, 1440),
    '30',
    'minutes without a touch after which a session ends',
  ),
  sessionHoursMax: setting(
    'TRIAGE_SESSION_HOURS_MAX',
    amount(0.1, 168),
    '12',
    'hours after which a session ends whatever is done',
  ),
  signInFailuresMax: setting(
    'TRIAGE_SIGN_IN_FAILURES_MAX',
    count(1, 100),
    '5',
    'wrong passwords after which an account waits a minute, and twice as long for each further one, up to an hour',
  ),
  oidcIssuer: setting(
    'TRIAGE_OIDC_ISSUER',
    z.union([z.literal(''), z.url({ protocol: /^https?$/ })]),
    '',
    'address of the identity provider; http only on loopback',
  ),
  oidcClientId: setting(
    'TRIAGE_OIDC_CLIENT_ID',
    z.string(),
    '',
    'name of this service at the identity provider',
  ),
  oidcClientSecretFile: setting(
    'TRIAGE_OIDC_CLIENT_SECRET_FILE',
    z.string(),
    '',
    'file with the secret of TRIAGE_OIDC_CLIENT_ID',
  ),
  oidcScope: setting(
    'TRIAGE_OIDC_SCOPE',
    z.string().regex(/\bopenid\b/, 'openid must be in it'),
    'openid profile',
    'scopes that are asked for, separated by spaces; some providers tell groups only in one of their own',
  ),
  oidcRolesClaim: setting(
    'TRIAGE_OIDC_ROLES_CLAIM',
    z.string().min(1),
    'groups',
    'claim of the ID token that lists a person’s groups',
  ),
  oidcRoles: setting(
    'TRIAGE_OIDC_ROLES',
    rolesOfGroups,
    '',
    'group=role, separated by commas, or a JSON list of them where names have commas: ["CN=DXA,OU=Groups=coordinator"]; ' +
      'a person without a role is not let in',
  ),
  oidcSitesClaim: setting(
    'TRIAGE_OIDC_SITES_CLAIM',
    z.string(),
    '',
    'claim of the ID token that lists the sites of a site user; empty: site users see no film',
  ),
} as const;
