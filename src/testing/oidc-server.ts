import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import Provider, { type Configuration } from 'oidc-provider';
import { freePort } from './free-port.ts';

/** A person that the provider knows, by what it says of the person. */
export type Claims = Readonly<Record<string, unknown>>;

/** A real identity provider in this process. */
export interface OidcServer {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** People by the login that is typed at the provider. */
  readonly people: Map<string, Claims>;
  /** Goes the way of a browser from our address of sign-in until the provider sends it back; returns that address. */
  visit(url: string, login: string): Promise<string>;
  close(): Promise<void>;
}

/** Starts a provider that sends people back to a service, and asks nobody for consent. */
export async function startOidcServer(publicUrl: string): Promise<OidcServer> {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const [clientId, clientSecret] = ['osteotriage', `client-secret-${randomUUID()}`];
  const people = new Map<string, Claims>();
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const configuration: Configuration = {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [new URL('/sign-in/oidc/callback', publicUrl).href],
        post_logout_redirect_uris: [new URL('/', publicUrl).href],
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'test' }] },
    ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, IdToken: 600 },
    cookies: { keys: ['cookie-key-of-a-test'] },
    claims: { profile: ['name', 'preferred_username', 'groups', 'clinics'] },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ ...people.get(id), sub: id }),
    }),
    async loadExistingGrant({ oidc }) {
      const { client, session, provider } = oidc;
      const grant = new provider.Grant({ clientId: client!.clientId, accountId: session!.accountId! });
      grant.addOIDCScope('openid profile');
      await grant.save();
      return grant;
    },
  };
  const provider = new Provider(issuer, configuration);
  const server = provider.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  const visit = (url: string, login: string): Promise<string> => goThrough(issuer, url, login);
  return { issuer, clientId, clientSecret, people, visit, close };
}

async function goThrough(issuer: string, start: string, login: string): Promise<string> {
  const cookies = new Map<string, string>();
  let url = start;
  for (let step = 0; step < 10; step += 1) {
    const isForm = new URL(url).pathname.startsWith('/interaction/');
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(isForm
        ? { method: 'POST', body: new URLSearchParams({ prompt: 'login', login, password: 'any' }) }
        : {}),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    const location = answer.headers.get('location');
    if (location === null) throw new Error(`the provider did not go on: HTTP ${answer.status}`);
    url = new URL(location, url).href;
    if (new URL(url).origin !== issuer) return url;
  }
  throw new Error('the provider sent the browser round and round');
}
