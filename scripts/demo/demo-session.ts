import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { recordIn } from '../../src/commands/open-record.ts';
import { addOne } from '../../src/commands/user.ts';

/** What a person who tries the demo signs in with. */
export interface FirstSignIn {
  readonly login: string;
  readonly oneTimePassword: string;
}

/**
 * Signs the demo in as a coordinator of its own, as a person would: with a one-time password, which is changed.
 * Returns the cookie that its requests carry.
 */
export async function signInDemo(dataFolder: string, url: string): Promise<string> {
  const login = 'demo-watch';
  const roles = ['coordinator'] as const;
  const account = await addOne(recordIn(dataFolder), { login, name: 'Demo', roles, siteIds: null });
  const password = account.oneTimePassword;
  const first = await post(new URL('/api/session', url), { login, password }, {});
  const newPassword = randomBytes(24).toString('base64url');
  const headers = { cookie: first.cookie, 'x-csrf-token': first.csrfToken };
  return (await post(new URL('/api/session/password', url), { password, newPassword }, headers)).cookie;
}

/** The login of the first administrator, from the file that the service wrote at its first start. */
export async function readFirstSignIn(dataFolder: string): Promise<FirstSignIn> {
  const text = await readFile(join(dataFolder, 'first-sign-in.txt'), 'utf8');
  const [, login = '', oneTimePassword = ''] = /^login: (\S+)\none-time password: (\S+)$/m.exec(text) ?? [];
  return { login, oneTimePassword };
}

async function post(
  url: URL,
  body: object,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly cookie: string; readonly csrfToken: string }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`the demo could not sign in: HTTP ${response.status}`);
  const { csrfToken } = (await response.json()) as { readonly csrfToken: string };
  const [cookie = ''] = response.headers.getSetCookie().map((text) => text.split(';')[0] ?? '');
  return { cookie, csrfToken };
}
