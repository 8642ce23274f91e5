import type { FastifyInstance, HTTPMethods } from 'fastify';
import type { Kysely } from 'kysely';
import { type Access, openAccess } from '../access/access.ts';
import { Passwords } from '../access/passwords.ts';
import { type ConfigOptions, readConfig } from '../config.ts';
import type { Database } from '../database/schema.ts';
import { buildHttpServer, type HttpServerOptions } from '../http/server.ts';
import { serveSignIn } from '../http/sign-in-routes.ts';
import { serveUsers } from '../http/user-routes.ts';
import type { Log } from '../telemetry.ts';
import { openWorklist } from '../worklist/worklist.ts';
import { ManualClock } from './manual-clock.ts';
import { ScriptedWorklist } from './scripted-worklist.ts';
import { servedOperations } from './served-operations.ts';

/** A key of another system that the server of `openAccessServer` knows. */
export const SYSTEM_KEY = 'key-of-another-system';

/** The worklist's server with its real sign-in on a record, without a port. */
export interface AccessServer {
  readonly app: FastifyInstance;
  readonly access: Access;
  readonly clock: ManualClock;
  /** Every line of the log. */
  readonly lines: string[];
  close(): Promise<void>;
}

/** What a browser keeps between requests, and what its pages were told. */
export interface Browser {
  readonly cookies: Map<string, string>;
  csrfToken: string;
}

/** Opens the server; passwords cost nothing there. */
export async function openAccessServer(
  database: Kysely<Database>,
  settings: ConfigOptions,
  changes: Partial<HttpServerOptions> = {},
): Promise<AccessServer> {
  const { config } = readConfig({ signIn: 'local', ...settings }, {});
  const clock = new ManualClock(Date.now());
  const lines: string[] = [];
  const write = (fields: object, message: string): void =>
    void lines.push(JSON.stringify({ ...fields, message }));
  const log = { info: write, warn: write, error: write } as unknown as Log;
  const sites = {
    book: () => null,
    findSystem: (key: string) =>
      key === SYSTEM_KEY ? { name: 'region', apiKeySha256: [], rights: ['fhir' as const] } : undefined,
  };
  const passwords = new Passwords({ log2N: 4, blockSize: 8, parallelization: 1 });
  const access = await openAccess({ config, database, sites, clock, log }, passwords);
  const worklist = new ScriptedWorklist();
  const { app, streams } = buildHttpServer({
    ...{ host: '127.0.0.1', port: 0, access: access.gate, publicUrl: config.publicUrl },
    ...{ reader: openWorklist(database), pictures: worklist, events: worklist, deliveries: worklist },
    routes: [serveSignIn(access), serveUsers(access.users, clock)],
    ...{ clock, log, pagesFolder: config.data, operations: servedOperations() },
    limits: { bodyBytesMax: 10_000, eventStreamsMax: 2 },
    ...changes,
  });
  const close = async (): Promise<void> => {
    streams.close();
    await app.close();
  };
  return { app, access, clock, lines, close };
}

/** A browser that was never here. */
export function openBrowser(): Browser {
  return { cookies: new Map(), csrfToken: '' };
}

/** One request as a page of this service makes it; cookies and the session's token are kept. */
export async function request(
  { app }: Pick<AccessServer, 'app'>,
  browser: Browser,
  method: HTTPMethods,
  url: string,
  body?: object,
  headers: Readonly<Record<string, string>> = {},
) {
  const answer = await app.inject({
    method,
    url,
    headers: {
      host: '127.0.0.1',
      cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(method === 'GET' ? {} : { 'x-csrf-token': browser.csrfToken }),
      ...headers,
    },
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  });
  for (const { name, value } of answer.cookies) {
    if (value === '') browser.cookies.delete(name);
    else browser.cookies.set(name, value);
  }
  const told =
    answer.headers['content-type']?.toString().includes('json') === true ? answer.json<unknown>() : {};
  const { csrfToken } = told as { readonly csrfToken?: string | null };
  if (typeof csrfToken === 'string') browser.csrfToken = csrfToken;
  return answer;
}
