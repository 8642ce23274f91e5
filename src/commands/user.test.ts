import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from '../database/migrations.ts';
import { databasePath, openSqlite } from '../database/sqlite.ts';
import { recordIn } from './open-record.ts';
import { addOne, changeOne, describeUser, listUsers, resetOne } from './user.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-user-'));
  const database = openSqlite(databasePath(folder));
  await migrate(database);
  await database.destroy();
});
afterEach(() => rm(folder, { recursive: true }));

describe('the commands on users', () => {
  it('add, list, disable, enable, unlock and reset by the login', async () => {
    const place = recordIn(folder);
    const user = { login: 'kerstin', name: 'Kerstin Ek', roles: ['coordinator'] as const, siteIds: null };
    const added = await addOne(place, user);
    expect(added.oneTimePassword).toMatch(/^(\w{4}-){4}\w{4}$/);
    expect((await listUsers(place)).map(describeUser)).toEqual([
      `${'kerstin'.padEnd(20)} Kerstin Ek: coordinator; never signed in`,
    ]);
    expect(describeUser(await changeOne(place, 'Kerstin', 'disable'))).toContain('; disabled;');
    expect((await changeOne(place, 'kerstin', 'enable')).isDisabled).toBe(false);
    expect((await changeOne(place, 'kerstin', 'unlock')).lockedUntil).toBeNull();
    expect((await resetOne(place, 'kerstin')).oneTimePassword).not.toBe(added.oneTimePassword);
    await expect(changeOne(place, 'nobody', 'disable')).rejects.toMatchObject({ code: 'not-found' });
    await expect(addOne(place, user)).rejects.toMatchObject({ code: 'state-conflict' });
  });

  it('add nobody to a site that the sites file of the data folder does not have', async () => {
    const sites = [{ id: 'clinic-7', name: 'Clinic 7' }];
    await writeFile(join(folder, 'sites.json'), JSON.stringify({ sites }));
    const add = (siteId: string) =>
      addOne(recordIn(folder), { login: 'bo', name: 'Bo Ek', roles: ['site-user'], siteIds: [siteId] });
    await expect(add('clinic-8')).rejects.toMatchObject({
      code: 'request-invalid',
      message: 'siteIds: the sites file has no site clinic-8; it has clinic-7',
    });
    expect((await add('clinic-7')).user.siteIds).toEqual(['clinic-7']);
  });
});
