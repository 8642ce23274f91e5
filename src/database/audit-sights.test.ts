import { expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { AuditSights } from './audit-sights.ts';

it('notes a look once in ten minutes for each person and thing', async () => {
  const database = await openTestRecord();
  const clock = new ManualClock();
  const sights = new AuditSights(database, clock);
  const look = { actor: 'user anna', action: 'exam seen', subject: 'e1' };
  await sights.note(look);
  clock.advance(599_999);
  await sights.note(look);
  await sights.note({ ...look, subject: 'e2' });
  await sights.note({ ...look, actor: 'user bo' });
  clock.advance(1);
  await sights.note(look);
  const rows = await database.selectFrom('audit_trail').select(['actor', 'subject']).execute();
  expect(rows.map(({ actor, subject }) => `${actor} ${subject}`)).toEqual([
    ...['user anna e1', 'user anna e2', 'user bo e1', 'user anna e1'],
  ]);
  await database.destroy();
});
