import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../database/migrations.ts';
import { type Config, readConfig } from '../config.ts';
import { openPostgres } from '../database/postgres.ts';
import { requirePostgres, startPostgres, type TestPostgres } from '../testing/postgres.ts';
import { insertTestReferral } from '../testing/scanner-fixtures.ts';
import { backUp, restore } from './backup.ts';
import { changeOptOut, readOptOuts } from './identity.ts';
import { migrateRecord } from './migrate.ts';
import { acceptOne, listReferrals } from './referral.ts';
import { readStatus } from './status.ts';

const tool = requirePostgres();

describe.skipIf(!tool.available)(
  `commands in distributed mode${tool.available ? '' : `: ${tool.reason}`}`,
  () => {
    let server: TestPostgres;
    let config: Config;
    beforeAll(async () => {
      server = await startPostgres();
      const settings = { TRIAGE_MODE: 'distributed', TRIAGE_DATABASE_URL: await server.makeDatabase() };
      ({ config } = readConfig({}, settings));
    });
    afterAll(() => server.stop());

    it('refuse a database without the newest schema and say how it gets it', async () => {
      await expect(readStatus(config)).rejects.toMatchObject({
        code: 'configuration-invalid',
        message:
          'the database of TRIAGE_DATABASE_URL is older than this program: stop its service and run "osteotriage migrate"',
      });
      expect(await migrateRecord(config)).toMatchObject({
        applied: { length: Object.keys(MIGRATIONS).length },
        copyPath: null,
      });
      expect(await migrateRecord(config)).toEqual({ applied: [], copyPath: null });
      expect(await readStatus(config)).toMatchObject({ received: 0, referrals: 0 });
    });

    it('work on the record that all machines share', async () => {
      const database = await openPostgres({ url: config.databaseUrl, passwordFile: '' });
      const referralId = await insertTestReferral(database, 1);
      await database.destroy();
      expect(await acceptOne(config, referralId, {})).toMatchObject({ state: 'dxa-ordered' });
      expect(await listReferrals(config, 'dxa-ordered')).toMatchObject([{ referralId }]);
      const name = { patientId: 'T-9' };
      expect(await changeOptOut(config, 'add', name)).toBe(true);
      expect(await changeOptOut(config, 'add', name)).toBe(false);
      expect(await readOptOuts(config)).toMatchObject([{ patientId: 'T-9' }]);
      expect(await readStatus(config)).toMatchObject({ received: 1, referrals: 1 });
    });

    it('leave backups to the tools of the database and the object store, and say which', () => {
      expect(() => backUp(config, 'backup')).toThrow(/pg_dump.*bucket/);
      expect(() => restore('backup', config)).toThrow(/pg_restore/);
    });

    it('say which setting is missing', async () => {
      const { config: without } = readConfig({}, { TRIAGE_MODE: 'distributed' });
      await expect(readStatus(without)).rejects.toThrow(/TRIAGE_DATABASE_URL/);
    });
  },
);
