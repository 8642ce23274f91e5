import { afterEach, describe, expect, it } from 'vitest';
import type { Kysely } from 'kysely';
import type { PointsCorrection } from '../exam/correction.ts';
import { exampleReport } from '../testing/example-report.ts';
import { insertTestExam } from '../testing/record-fixtures.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { findCorrection, listCorrections, recordCorrection } from './correction-records.ts';
import { listOtherFilms, requireFilm } from './film-records.ts';
import type { Database } from './schema.ts';
import { findTriageInput } from './triage-records.ts';

const BY = { userId: 'u1', name: 'Påhittad Radiolog', role: 'radiologist' } as const;
const POINTS: PointsCorrection = {
  sides: [
    {
      ...{ side: 'R', assessable: true, outerPx: [10, 20], innerPx: [10, 12.5] },
      ...{ foramenPx: null, foramenMarginPx: null },
    },
  ],
  vertebrae: [],
};
const NONE: PointsCorrection = { sides: [], vertebrae: [] };

let database: Kysely<Database>;
afterEach(() => database.destroy());

/** An exam that was read. */
async function readExam(number = 1): Promise<string> {
  const examId = await insertTestExam(database, number);
  const analysis = JSON.stringify(exampleReport().analysis);
  await database
    .updateTable('exams')
    .set({ state: 'positive', analysis_json: analysis })
    .where('exam_id', '=', examId)
    .execute();
  return examId;
}

async function finish(examId: string): Promise<void> {
  await database.updateTable('exams').set({ state: 'negative' }).where('exam_id', '=', examId).execute();
}

describe('a correction of points', () => {
  it('is kept with what was measured before, asks for the next revision, and is part of what triage starts from', async () => {
    database = await openTestRecord();
    const examId = await readExam();
    const order = { examId, seenRevision: 0, points: POINTS, note: 'a lip', by: BY, nowMs: 5000 };
    expect(await recordCorrection(database, order)).toBe(1);
    const input = await findTriageInput(database, examId);
    expect(input).toMatchObject({ revision: 1, correction: { ...POINTS, by: BY, atMs: 5000 } });
    const row = await database.selectFrom('corrections').selectAll().executeTakeFirstOrThrow();
    expect(JSON.parse(row.before_json)).toEqual(exampleReport().analysis);
    expect(await listCorrections(database, examId)).toMatchObject([
      { revision: 1, byName: BY.name, note: 'a lip', points: POINTS },
    ]);
    const job = await database.selectFrom('jobs').select(['state', 'priority']).executeTakeFirstOrThrow();
    expect(job).toEqual({ state: 'waiting', priority: 'urgent' });
  });

  it('is refused while the film is read, by who saw an older revision, and of a film without a result', async () => {
    database = await openTestRecord();
    const examId = await readExam();
    const order = { examId, seenRevision: 0, points: POINTS, note: null, by: BY, nowMs: 1 };
    const unread = await insertTestExam(database, 2);
    await finish(unread);
    await expect(recordCorrection(database, { ...order, examId: unread })).rejects.toMatchObject({
      code: 'state-conflict',
    });
    // Of two who correct the same sight one is told.
    const both = await Promise.allSettled([
      recordCorrection(database, order),
      recordCorrection(database, order),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await finish(examId);
    await expect(recordCorrection(database, order)).rejects.toMatchObject({ code: 'state-conflict' });
    expect(await listCorrections(database, examId)).toHaveLength(1);
  });

  it('holds until another takes its place or it is taken back', async () => {
    database = await openTestRecord();
    const examId = await readExam();
    const order = { examId, note: null, by: BY, nowMs: 1 };
    await recordCorrection(database, { ...order, seenRevision: 0, points: POINTS });
    await finish(examId);
    const [side] = POINTS.sides;
    const moved = { ...POINTS, sides: [{ ...side!, innerPx: [10, 14] as const }] };
    await recordCorrection(database, { ...order, seenRevision: 1, points: moved });
    expect(await findCorrection(database, examId)).toMatchObject(moved);
    await finish(examId);
    await recordCorrection(database, { ...order, seenRevision: 2, points: NONE });
    expect(await findCorrection(database, examId)).toBeUndefined();
    expect(await listCorrections(database, examId)).toHaveLength(3);
  });
});

describe('a film that is held', () => {
  it('is there for its own sites only, and other films of the person with it', async () => {
    database = await openTestRecord();
    const [examId, other] = [await readExam(1), await readExam(2)];
    expect(await requireFilm(database, examId, null)).toMatchObject({ examId, revision: 0 });
    expect(await requireFilm(database, examId, ['loopback'])).toMatchObject({ examId });
    for (const siteIds of [['elsewhere'], []]) {
      await expect(requireFilm(database, examId, siteIds)).rejects.toMatchObject({ code: 'not-found' });
    }
    const film = await requireFilm(database, examId, null);
    expect((await listOtherFilms(database, film, null)).map((each) => each.examId)).toEqual([other]);
    expect(await listOtherFilms(database, film, ['elsewhere'])).toEqual([]);
    await database
      .updateTable('exams')
      .set({ object_removed_at_ms: 7 })
      .where('exam_id', '=', examId)
      .execute();
    await expect(requireFilm(database, examId, null)).rejects.toMatchObject({ code: 'not-found' });
  });
});
