import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { recordAudit } from '../database/audit-trail.ts';
import { transact } from '../database/transact.ts';
import { findUser, insertUser, listUsers } from '../database/user-records.ts';
import type { Role } from '../exam/staff.ts';
import type { AccessParts } from './access.ts';
import { makeOneTimePassword, type Passwords } from './passwords.ts';

const LOGIN = 'admin';
/** What a clinic with one person needs on its first day; the administrator gives these away later. */
const ROLES: readonly Role[] = ['administrator', 'coordinator', 'auditor'];

/**
 * Makes the account `admin` where nobody can sign in yet. Its one-time password is in a file of the data folder that
 * only the service's own user can read; the log names the file alone.
 */
export async function makeFirstAdministrator(parts: AccessParts, passwords: Passwords): Promise<void> {
  const { config, database, clock, log } = parts;
  const path = firstSignInFile(config.data);
  if ((await listUsers(database, 1)).length > 0) {
    const admin = await findUser(database, 'login', LOGIN);
    if (admin?.must_change_password !== 1) await rm(path, { force: true });
    return;
  }
  const password = makeOneTimePassword();
  const passwordHash = await passwords.hash(password);
  // First the file: an account whose password nobody knows would be worse than a password without one.
  await rm(path, { force: true });
  await writeFile(path, `login: ${LOGIN}\none-time password: ${password}\n`, { mode: 0o600, flag: 'wx' });
  const userId = randomUUID();
  const isMade = await transact(database, async (transaction) => {
    if ((await listUsers(transaction, 1)).length > 0) return false;
    const atMs = clock.nowMs();
    await insertUser(transaction, {
      ...{ userId, login: LOGIN, name: 'Administrator', roles: ROLES, siteIds: null, passwordHash },
      ...{ mustChangePassword: true, oidcIdentity: null, atMs },
    });
    const subject = `user ${userId}`;
    await recordAudit(transaction, { atMs, actor: 'service', action: 'user added', subject });
    return true;
  });
  if (isMade)
    log.warn(
      { file: path },
      'nobody can sign in yet: the first login and its one-time password are in the file',
    );
  // Another process of the same record was faster, and has the file.
  else await rm(path, { force: true });
}

/** Takes the file away once its password is worth nothing. */
export async function forgetFirstSignIn(dataFolder: string, login: string): Promise<void> {
  if (login === LOGIN) await rm(firstSignInFile(dataFolder), { force: true });
}

function firstSignInFile(dataFolder: string): string {
  return join(dataFolder, 'first-sign-in.txt');
}
