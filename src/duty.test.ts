import type { Kysely } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from './clock.ts';
import { migrate } from './database/migrations.ts';
import { openPostgres } from './database/postgres.ts';
import type { Database } from './database/schema.ts';
import { type DutyWork, mayTakeDuty, openDuties, watchDuty } from './duty.ts';
import { silentLog } from './telemetry.ts';
import { until } from './testing/delivery-fixtures.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { requirePostgres, startPostgres, type TestPostgres } from './testing/postgres.ts';
import { openTestRecord } from './testing/test-record.ts';

const postgres = requirePostgres();
let server: TestPostgres | undefined;
beforeAll(async () => {
  if (postgres.available) server = await startPostgres();
});
afterAll(() => server?.stop());

const ENGINES = {
  'a record of one machine': openTestRecord,
  'a record on PostgreSQL': async () => {
    const database = await openPostgres({ url: (await server?.makeDatabase()) ?? '', passwordFile: '' });
    await migrate(database);
    return database;
  },
};

/** One process: it says when it works. */
interface Process {
  readonly clock: ManualClock;
  readonly duty: DutyWork;
  works: boolean;
  begun: number;
}

describe('a duty that is watched', () => {
  const row = { token: 'a', until_ms: 1 };

  it('may be taken when its row has not changed for as long as a lease lasts, whatever time it names', () => {
    const seen = watchDuty(undefined, row, 500);
    expect(mayTakeDuty(watchDuty(seen, row, 8_499), undefined, 8_499)).toBe(false);
    expect(mayTakeDuty(watchDuty(seen, row, 8_500), undefined, 8_500)).toBe(true);
    const renewed = watchDuty(seen, { ...row, until_ms: 2 }, 8_000);
    expect(mayTakeDuty(renewed, undefined, 15_999)).toBe(false);
  });

  it('may be taken at once when it was given back, or is one’s own of before', () => {
    expect(mayTakeDuty(watchDuty(undefined, { token: 'a', until_ms: 0 }, 0), undefined, 0)).toBe(true);
    expect(mayTakeDuty(watchDuty(undefined, row, 0), 'a', 0)).toBe(true);
  });
});

for (const [engine, open] of Object.entries(ENGINES)) {
  const isMissing = engine.includes('PostgreSQL') && !postgres.available;
  describe.skipIf(isMissing)(`a duty in ${engine}`, () => {
    let database: Kysely<Database>;
    let processes: Process[];
    beforeEach(async () => {
      database = await open();
      processes = [];
    });
    afterEach(async () => {
      for (const { duty } of processes) await duty.close();
      await database.destroy();
    });

    /** Their clocks differ by a day, as those of badly kept machines may. */
    const start = async (record = database): Promise<Process> => {
      const clock = new ManualClock(1_700_000_000_000 + processes.length * 86_400_000);
      const parts = { database: record, clock, log: silentLog, holder: `process ${processes.length}` };
      const process: { -readonly [Key in keyof Process]: Process[Key] } = {
        ...{ clock, works: false, begun: 0, duty: { close: () => Promise.resolve() } },
      };
      process.duty = await openDuties(parts).hold('reporting', () => {
        process.works = true;
        process.begun += 1;
        const close = () => Promise.resolve(void (process.works = false));
        return Promise.resolve({ close });
      });
      processes.push(process);
      return process;
    };
    const advance = async (ms: number, ...moved: readonly Process[]): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 500) {
        for (const { clock } of moved) clock.advance(500);
        await systemClock.sleep(15);
      }
    };

    it('is done by one process, which goes on for as long as it renews', async () => {
      const first = await start();
      await until('the first works', () => first.works);
      const second = await start();
      await advance(30_000, first, second);
      expect([first.works, first.begun, second.begun]).toEqual([true, 1, 0]);
    });

    it('is taken over within ten seconds when its holder is gone, and the holder had stopped before', async () => {
      const first = await start();
      await until('the first works', () => first.works);
      const second = await start();
      await advance(3_000, first, second);
      // A process that is stopped and goes on has a clock that went on without it.
      await advance(10_000, second);
      expect(second.works).toBe(true);
      first.clock.advance(10_000);
      await until('the first has stopped', () => !first.works);
      await advance(20_000, first, second);
      expect([first.works, second.works, second.begun]).toEqual([false, true, 1]);
    });

    it('is taken over at once when it is given back', async () => {
      const first = await start();
      await until('the first works', () => first.works);
      const second = await start();
      await advance(1_000, second);
      await first.duty.close();
      expect(first.works).toBe(false);
      await advance(1_500, second);
      expect(second.works).toBe(true);
    });

    it('ends before its lease does while the record cannot be reached, and goes on when it can', async () => {
      const gate = { isOpen: true };
      const record = new Proxy(database, {
        get: (target, name) => {
          if (!gate.isOpen && name === 'updateTable') throw new Error('the record is gone');
          const member: unknown = Reflect.get(target, name);
          return typeof member === 'function' ? (member.bind(target) as unknown) : member;
        },
      });
      const first = await start(record);
      await until('the first works', () => first.works);
      gate.isOpen = false;
      await advance(5_500, first);
      expect(first.works).toBe(true);
      await advance(1_000, first);
      expect(first.works).toBe(false);
      gate.isOpen = true;
      await advance(3_000, first);
      expect([first.works, first.begun]).toEqual([true, 2]);
    });
  });
}
