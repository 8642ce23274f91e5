import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AnalysisResult, type Outcome, unreadAnalysis } from '../exam/analysis.ts';
import { insertTestExam } from '../testing/record-fixtures.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { reassessExam } from './revision-records.ts';
import {
  comparedFilms,
  countAgreement,
  listChoices,
  listComparedPairs,
  listModelFailures,
  recordChoice,
  recordModelFailure,
  recordShadow,
  recordTakeUp,
} from './model-records.ts';
import type { Database } from './schema.ts';
import { transact } from './transact.ts';

const NAME = 'mandible-contour';
const NOW_MS = 1_700_000_100_000;
const PAIR = { name: NAME, activeVersion: '1.0.0', shadowVersion: '1.1.0' };

let database: Kysely<Database>;
beforeEach(async () => {
  database = await openTestRecord();
});
afterEach(() => database.destroy());

function readingOf(outcome: Outcome, version: string): AnalysisResult {
  const reading = unreadAnalysis('film', { outcome, reason: { code: 'x', text: 'x' }, problems: [] });
  return { ...reading, models: [{ name: NAME, version, sha256: 'a' }] };
}

/** A film with a result, which a shadow has read too. */
async function addFilm(number: number, outcome: Outcome, ofShadow: Outcome): Promise<string> {
  const active = readingOf(outcome, '1.0.0');
  const examId = await transact(database, (transaction) => insertTestExam(transaction, number));
  await database
    .updateTable('exams')
    .set({ state: outcome === 'refused' ? 'failed' : outcome, analysis_json: JSON.stringify(active) })
    .where('exam_id', '=', examId)
    .execute();
  const shadow = readingOf(ofShadow, '1.1.0');
  // Several in each millisecond, so that a page can end between two of the same time.
  await recordShadow(database, {
    ...{ examId, revision: 0, active, shadow, nowMs: NOW_MS + Math.floor(number / 3) },
  });
  return examId;
}

async function comparedIds(): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { examId } of comparedFilms(database, PAIR)) ids.push(examId);
  return ids;
}

function chosen(activeVersion: string | null, previousVersion: string | null = null) {
  const choice = { name: NAME, activeVersion, previousVersion, shadowVersion: null };
  return recordChoice(database, choice, { actor: 'operator', action: 'model use', nowMs: NOW_MS });
}

describe('the record of a choice', () => {
  it('is not replaced by one that was thought of before it', async () => {
    const nobody = { name: NAME, activeVersion: null, previousVersion: null, shadowVersion: null };
    const late = { actor: 'operator', action: 'model use', nowMs: NOW_MS, seen: nobody };
    await recordChoice(database, { ...nobody, activeVersion: '1.0.0' }, late);
    await expect(recordChoice(database, { ...nobody, shadowVersion: '1.1.0' }, late)).rejects.toMatchObject({
      code: 'state-conflict',
    });
    expect(await listChoices(database)).toMatchObject([{ activeVersion: '1.0.0', shadowVersion: null }]);
  });

  it('forgets what was known against the newest version when the newest is chosen and was loaded', async () => {
    const failure = { name: NAME, version: '1.1.0', sha256: 'a', code: 'model-invalid' as const };
    await recordModelFailure(database, { ...failure, detail: 'x', atMs: NOW_MS });
    const newest = { name: NAME, activeVersion: null, previousVersion: null, shadowVersion: null };
    const by = { actor: 'operator', action: 'model use newest', nowMs: NOW_MS, proved: '1.1.0' };
    await recordChoice(database, newest, by);
    expect(await listModelFailures(database)).toEqual([]);
  });

  it('keeps the latest choice and every one in the audit trail', async () => {
    await chosen('1.0.0');
    await chosen('1.1.0', '1.0.0');
    expect(await listChoices(database)).toEqual([
      { name: NAME, activeVersion: '1.1.0', previousVersion: '1.0.0', shadowVersion: null },
    ]);
    const trail = await database.selectFrom('audit_trail').select(['subject', 'at_ms']).execute();
    expect(trail).toEqual(Array(2).fill({ subject: `model ${NAME}`, at_ms: NOW_MS }));
  });

  it('forgets what stood against the version that is chosen, and against no other', async () => {
    const failure = { name: NAME, sha256: 'a', code: 'model-invalid', detail: 'x', atMs: NOW_MS };
    for (const version of ['1.0.0', '1.1.0'])
      for (const detail of ['first', 'then'])
        await recordModelFailure(database, { ...failure, version, detail });
    await chosen('1.1.0');
    expect(await listModelFailures(database)).toEqual([{ ...failure, version: '1.0.0', detail: 'then' }]);
  });

  it('notes once that the newest was taken up, however many workers notice, and not where a version is chosen', async () => {
    const taken = { name: NAME, version: '1.1.0', previousVersion: '1.0.0' };
    await Promise.all([recordTakeUp(database, taken, NOW_MS), recordTakeUp(database, taken, NOW_MS)]);
    expect(await listChoices(database)).toMatchObject([{ activeVersion: null, previousVersion: '1.0.0' }]);
    expect(await database.selectFrom('audit_trail').selectAll().execute()).toHaveLength(1);
    await chosen('1.0.0');
    await recordTakeUp(database, taken, NOW_MS);
    expect(await listChoices(database)).toMatchObject([{ activeVersion: '1.0.0', previousVersion: null }]);
  });
});

describe('the record of a shadow', () => {
  it('holds each film once for each version, and touches nothing else', async () => {
    const examId = await addFilm(1, 'negative', 'positive');
    const before = await database.selectFrom('exams').selectAll().execute();
    const [active, shadow] = [readingOf('negative', '1.0.0'), readingOf('positive', '1.1.0')];
    await recordShadow(database, { examId, revision: 0, active, shadow, nowMs: NOW_MS });
    const rows = await database.selectFrom('shadow_results').selectAll().execute();
    expect(rows).toMatchObject([{ version: '1.1.0', active_version: '1.0.0', outcome: 'positive' }]);
    expect(await database.selectFrom('exams').selectAll().execute()).toEqual(before);
    expect(await database.selectFrom('referrals').selectAll().execute()).toEqual([]);
  });

  it('says nothing of a film whose own result is of no model, as of one that was declined meanwhile', async () => {
    const examId = await transact(database, (transaction) => insertTestExam(transaction, 1));
    const active = { ...readingOf('not-eligible', '1.0.0'), models: [] };
    const shadow = readingOf('positive', '1.1.0');
    await recordShadow(database, { examId, revision: 0, active, shadow, nowMs: NOW_MS });
    expect(await database.selectFrom('shadow_results').selectAll().execute()).toEqual([]);
  });

  it('is read page by page with no film left out or doubled, and counted by the database', async () => {
    const ids: string[] = [];
    for (let number = 0; number < 20; number++)
      ids.push(await addFilm(number, 'negative', number % 4 === 0 ? 'positive' : 'negative'));
    const pages: string[] = [];
    for await (const { examId } of comparedFilms(database, PAIR, 4)) pages.push(examId);
    expect([...pages].sort()).toEqual([...ids].sort());
    expect(await countAgreement(database, PAIR)).toEqual({ films: 20, sameOutcome: 15 });
    expect(await listComparedPairs(database, NAME)).toMatchObject([PAIR]);
    expect(await countAgreement(database, { ...PAIR, activeVersion: '2.0.0' })).toEqual({
      films: 0,
      sameOutcome: 0,
    });
  });

  it('leaves out a film that is being read anew: its result of now is of another revision', async () => {
    const examId = await addFilm(1, 'negative', 'negative');
    await addFilm(2, 'negative', 'negative');
    await reassessExam(database, examId, NOW_MS);
    expect(await comparedIds()).toHaveLength(1);
    expect(await countAgreement(database, PAIR)).toEqual({ films: 1, sameOutcome: 1 });
  });
});
