import * as client from 'openid-client';
import type { Config } from '../config.ts';
import { TriageError } from '../errors.ts';
import { ROLES, type Role } from '../exam/staff.ts';
import { readSecretFile } from '../secret-file.ts';
import { isLoopbackHost } from '../site-registry.ts';
import type { Log } from '../telemetry.ts';

const ANSWER_SECONDS_MAX = 10;
const LISTED_MAX = 1_000;

/** What binds a return from the provider to the browser that left for it. */
export interface SignInSecrets {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** A person as the provider vouches for. */
export interface VouchedPerson {
  /** Issuer and subject. */
  readonly identity: string;
  readonly login: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly siteIds: readonly string[] | null;
}

/** What of the configuration is said of the provider. */
export type ProviderSettings = Pick<
  Config,
  | 'oidcIssuer'
  | 'oidcClientId'
  | 'oidcClientSecretFile'
  | 'oidcScope'
  | 'oidcRolesClaim'
  | 'oidcRoles'
  | 'oidcSitesClaim'
>;

/** The identity provider: authorization code with PKCE (RFC 7636, S256), state and nonce; ID tokens are verified. */
export class IdentityProvider {
  readonly #settings: ProviderSettings;
  readonly #publicUrl: URL;
  readonly #log: Log;
  #discovered: client.Configuration | undefined;

  constructor(settings: ProviderSettings, publicUrl: URL, log: Log) {
    this.#settings = settings;
    this.#publicUrl = publicUrl;
    this.#log = log;
  }

  /** Where the browser goes to sign in, and what must come back. Throws peer-unreachable. */
  async begin(): Promise<SignInSecrets & { readonly url: string }> {
    const provider = await this.#discover();
    const secrets = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      codeVerifier: client.randomPKCECodeVerifier(),
    };
    const url = client.buildAuthorizationUrl(provider, {
      redirect_uri: this.#redirectUrl('').href,
      scope: this.#settings.oidcScope,
      ...{ state: secrets.state, nonce: secrets.nonce, code_challenge_method: 'S256' },
      code_challenge: await client.calculatePKCECodeChallenge(secrets.codeVerifier),
    });
    return { ...secrets, url: url.href };
  }

  /**
   * Who came back with these parameters. Throws unauthorised where the answer does not fit what was sent, and
   * peer-unreachable where the provider does not answer.
   */
  async finish(search: string, secrets: SignInSecrets): Promise<VouchedPerson> {
    const provider = await this.#discover();
    try {
      const tokens = await client.authorizationCodeGrant(provider, this.#redirectUrl(search), {
        expectedState: secrets.state,
        expectedNonce: secrets.nonce,
        pkceCodeVerifier: secrets.codeVerifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (claims === undefined) throw new TriageError('unauthorised', 'the provider sent no ID token');
      return this.#personOf(await this.#allClaims(provider, tokens.access_token, claims));
    } catch (thrown) {
      throw this.#translate(thrown);
    }
  }

  /** Where the browser goes to sign out at the provider; null where it does not offer that. */
  async signOutUrl(): Promise<string | null> {
    const provider = await this.#discover().catch(() => undefined);
    if (provider?.serverMetadata().end_session_endpoint === undefined) return null;
    return client.buildEndSessionUrl(provider, { post_logout_redirect_uri: this.#publicUrl.href }).href;
  }

  /** Looked for at the first sign-in and, while it is away, at each one after it. */
  async #discover(): Promise<client.Configuration> {
    if (this.#discovered !== undefined) return this.#discovered;
    const { oidcIssuer, oidcClientId, oidcClientSecretFile } = this.#settings;
    const issuer = new URL(oidcIssuer);
    const secret = oidcClientSecretFile === '' ? undefined : readSecretFile(oidcClientSecretFile);
    const isHttp = issuer.protocol === 'http:';
    if (isHttp && !isLoopbackHost(issuer.hostname.replace(/^\[|\]$/g, ''))) {
      throw new TriageError('configuration-invalid', 'TRIAGE_OIDC_ISSUER: https only, but for this machine');
    }
    try {
      this.#discovered = await client.discovery(
        issuer,
        oidcClientId,
        secret,
        secret === undefined ? client.None() : client.ClientSecretBasic(secret),
        {
          timeout: ANSWER_SECONDS_MAX,
          // Signatures are checked although the token comes straight from the provider.
          execute: [
            client.enableNonRepudiationChecks,
            // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to be noticed; loopback only
            ...(isHttp ? [client.allowInsecureRequests] : []),
          ],
        },
      );
      return this.#discovered;
    } catch (thrown) {
      throw this.#translate(thrown);
    }
  }

  /** Some providers tell groups in the ID token, others only when they are asked for more. */
  async #allClaims(
    provider: client.Configuration,
    accessToken: string,
    claims: client.IDToken,
  ): Promise<Readonly<Record<string, unknown>> & { readonly iss: string; readonly sub: string }> {
    const isTold = claims[this.#settings.oidcRolesClaim] !== undefined;
    if (isTold || provider.serverMetadata().userinfo_endpoint === undefined) return claims;
    const more = await client.fetchUserInfo(provider, accessToken, claims.sub);
    return { ...more, ...claims };
  }

  #personOf(
    claims: Readonly<Record<string, unknown>> & { readonly iss: string; readonly sub: string },
  ): VouchedPerson {
    const { oidcRolesClaim, oidcRoles, oidcSitesClaim } = this.#settings;
    const groups = textsOf(claims[oidcRolesClaim]);
    const given = new Set(oidcRoles.filter(({ group }) => groups.includes(group)).map(({ role }) => role));
    // Who may see the films of every site is not held to those of some.
    if (given.has('coordinator') || given.has('radiologist')) given.delete('site-user');
    const roles = ROLES.filter((role) => given.has(role));
    const login = textsOf(claims['preferred_username'])[0] ?? textsOf(claims['email'])[0] ?? claims.sub;
    return {
      identity: `${claims.iss} ${claims.sub}`,
      login: login.trim().toLowerCase(),
      name: textsOf(claims['name'])[0] ?? login,
      roles,
      siteIds: !given.has('site-user') ? null : oidcSitesClaim === '' ? [] : textsOf(claims[oidcSitesClaim]),
    };
  }

  #redirectUrl(search: string): URL {
    return new URL(`/sign-in/oidc/callback${search}`, this.#publicUrl);
  }

  /** Only codes go on: messages and answers of the provider may hold what was typed there. */
  #translate(thrown: unknown): TriageError {
    if (thrown instanceof TriageError) return thrown;
    const code = codeOf(thrown) ?? 'unknown';
    const isAway = AWAY.has(code) || (thrown instanceof TypeError && code === 'unknown');
    this.#log.warn(
      { code },
      isAway ? 'the identity provider does not answer' : 'a return from the identity provider was refused',
    );
    return isAway
      ? new TriageError('peer-unreachable', 'the identity provider does not answer')
      : new TriageError('unauthorised', 'the sign-in did not come back as it was sent');
  }
}

/** What openid-client names failures to reach or to understand the provider. */
const AWAY = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_PARSE_ERROR',
  'ECONNREFUSED',
  'ENOTFOUND',
]);

function codeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const inner = codeOf(thrown.cause);
  return 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : inner;
}

function textsOf(claim: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(claim) ? claim.slice(0, LISTED_MAX) : [claim];
  return values.filter((value): value is string => typeof value === 'string' && value !== '');
}
