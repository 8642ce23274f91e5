import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../../src/database/schema.ts';

/** The last moment of the invented record; films come a minute apart before it. */
export const GROWN_UNTIL_MS = 1_790_000_000_000;
const MINUTE_MS = 60_000;
/** The newest films wait to be read, as many whatever came before them. */
const PENDING_FILMS = 500;
const SITES = 4;
const HEADER = JSON.stringify({
  studyInstanceUid: '1.2.3',
  seriesInstanceUid: '1.2.3.1',
  sopInstanceUid: '1.2.3.1.1',
  sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1',
  transferSyntaxUid: '1.2.840.10008.1.2.4.70',
  modality: 'PX',
  patientName: 'Påhittad^Åsa',
  studyDate: '20260101',
  rows: 1300,
  columns: 2600,
  // As long as the header of a panoramic film is.
  protocolName: 'x'.repeat(1_300),
});
/** As long as that of a film that was measured, 12 KB, and as hard to compress: most of it is coordinates. */
const ANALYSIS = JSON.stringify({
  schema: 'osteotriage.analysis/1',
  outcome: 'negative',
  ...{ spacing: { mmPerPx: null, source: 'none' }, reasons: [], models: [] },
  border: Array.from({ length: 2_000 }, (_, index) => ((index * 7_919) % 10_007) / 10),
});

/**
 * Fills an empty record as years of films would: four of five are of a person who is new, one in eight is positive with
 * its referral, each that ended has three reports that were delivered, and the newest ones wait, to be read or
 * to be sent.
 */
export async function fillRecord(database: Kysely<Database>, exams: number): Promise<void> {
  const run = async (statement: RawBuilder<unknown>): Promise<void> => {
    await statement.execute(database);
  };
  const numbers = sql`WITH RECURSIVE n(i) AS (SELECT CAST(1 AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i < ${sql.lit(exams)})`;
  const atMs = sql`(${sql.lit(GROWN_UNTIL_MS)} - (${sql.lit(exams)} - i) * ${sql.lit(MINUTE_MS)})`;
  const personOf = sql`'p' || (i - i / 5)`;
  const state = sql`CASE WHEN i > ${sql.lit(exams - PENDING_FILMS)} THEN 'pending' WHEN i % 8 = 0 THEN 'positive'
    WHEN i % 8 = 1 THEN 'not-assessable' WHEN i % 200 = 2 THEN 'failed' ELSE 'negative' END`;
  const day = sql`CAST(20200101 + i % 28 + 100 * (i % 12) + 10000 * (i * 6 / ${sql.lit(exams + 1)}) AS TEXT)`;
  await run(sql`INSERT INTO persons (person_id, identity_key, issuer, patient_id, name, birth_date, sex) ${numbers}
    SELECT 'p' || i, 'k' || i, 'TEST', 'T-' || i, 'Namn' || i || '^Åsa', '19500101', 'F' FROM n`);
  await run(sql`INSERT INTO exams (exam_id, person_id, study_uid, series_uid, sop_uid, sop_class_uid, transfer_syntax_uid,
      data_set_sha256, object_key, object_bytes, calling_ae_title, header_json, study_date, accession_number, modality,
      view_name, age_years, state, reasons_json, analysis_json, received_at_ms, finished_at_ms, site_id) ${numbers}
    SELECT 'e' || i, ${personOf}, '1.2.840.99.' || i, '1.2.840.99.' || i || '.1', '1.2.840.99.' || i || '.1.1',
      '1.2.840.10008.5.1.4.1.1.1.1', '1.2.840.10008.1.2.4.70', ${'a'.repeat(64)}, 'objects/aa/' || i || ${'b'.repeat(60)},
      5000000, 'CLINIC', ${HEADER}, ${day}, 'A' || i, 'PX', 'panoramic', 60, ${state}, '[]',
      CASE WHEN i > ${sql.lit(exams - PENDING_FILMS)} THEN NULL ELSE ${ANALYSIS} END, ${atMs},
      CASE WHEN i > ${sql.lit(exams - PENDING_FILMS)} THEN NULL ELSE ${atMs} + 1000 END, 'site' || (i % ${sql.lit(SITES)})
    FROM n`);
  await run(sql`INSERT INTO jobs (exam_id, state, attempts, due_at_ms, rank_ms, priority)
    SELECT exam_id, CASE state WHEN 'pending' THEN 'waiting' WHEN 'failed' THEN 'dead' ELSE 'done' END, 1,
      received_at_ms, received_at_ms, 'routine' FROM exams`);
  const kinds = sql`(SELECT 'SR' AS kind UNION ALL SELECT 'SC' UNION ALL SELECT 'GSPS') AS k`;
  await run(sql`INSERT INTO reports (exam_id, revision, kind, sop_class_uid, series_uid, sop_uid, object_key, object_bytes, created_at_ms)
    SELECT exam_id, 0, kind, '1.2.840.10008.5.1.4.1.1.88.34', '2.25.1' || kind || exam_id, '2.25.2' || kind || exam_id,
      'reports/aa/' || kind || exam_id, 20000, finished_at_ms FROM exams, ${kinds} WHERE state NOT IN ('pending', 'failed')`);
  await run(sql`INSERT INTO deliveries (exam_id, revision, kind, destination, state, attempts, due_at_ms, first_try_at_ms,
      delivered_at_ms, commitment)
    SELECT exam_id, 0, kind, CASE created_at_ms / 60000 % 2 WHEN 0 THEN 'pacs' ELSE 'archive' END, CASE
        WHEN created_at_ms > ${sql.lit(GROWN_UNTIL_MS - (PENDING_FILMS + 40) * MINUTE_MS)} THEN 'pending'
        WHEN created_at_ms > ${sql.lit(GROWN_UNTIL_MS - (PENDING_FILMS + 60) * MINUTE_MS)} THEN 'dead' ELSE 'delivered' END, 1, created_at_ms, created_at_ms,
      created_at_ms, 'committed' FROM reports`);
  await run(sql`INSERT INTO referrals (referral_id, person_id, state, policy_version, created_at_ms, updated_at_ms)
    SELECT 'r' || exam_id, person_id, 'closed', '1', received_at_ms, received_at_ms FROM exams WHERE state = 'positive'`);
  // Of what is referred a tenth waits for the coordinator and two tenths for the scanner.
  for (const [of, to] of [
    [3, 'flagged'],
    [7, 'dxa-ordered'],
    [8, 'dxa-ordered'],
  ] as const) {
    await run(sql`UPDATE referrals SET state = ${to} WHERE referral_id IN (SELECT min(referral_id) FROM referrals
      WHERE (created_at_ms / ${sql.lit(MINUTE_MS * 8)}) % 10 = ${of} GROUP BY person_id)`);
  }
  // What has not ended is due about the last moment, and half of it is led by the one who asks.
  await run(sql`UPDATE referrals SET arrived_at_ms = created_at_ms, kind = 'fracture', grade = 1 + urgency % 3,
    urgency = 500, age_years = 60, site_id = 'site' || (created_at_ms / 60000 % ${sql.lit(SITES)})`);
  await run(sql`UPDATE referrals SET due_at_ms = created_at_ms + ${sql.lit(7 * 1_440 * MINUTE_MS)}, owner_id = CASE
    created_at_ms / 60000 % 16 WHEN 8 THEN 'u1' END WHERE state <> 'closed'`);
  await run(sql`INSERT INTO person_terms (term, person_id) SELECT lower(patient_id), person_id FROM persons
    UNION ALL SELECT 'namn' || substr(person_id, 2), person_id FROM persons UNION ALL SELECT 'åsa', person_id FROM persons`);
  await run(
    sql`INSERT INTO referral_exams (referral_id, exam_id) SELECT referral_id, substr(referral_id, 2) FROM referrals`,
  );
  await run(sql`INSERT INTO procedure_steps (step_id, referral_id, study_uid, requested_procedure_id, accession_number,
      scheduled_date, scheduled_time, state, created_at_ms, updated_at_ms)
    SELECT 'S' || referral_id, referral_id, '2.25.3' || referral_id, 'R' || referral_id, 'A' || referral_id,
      CAST(20260100 + (created_at_ms / 60000) % 28 AS TEXT), '090000',
      CASE state WHEN 'dxa-ordered' THEN 'scheduled' ELSE 'completed' END, created_at_ms, created_at_ms
    FROM referrals WHERE state IN ('dxa-ordered', 'closed')`);
  await run(sql`INSERT INTO audit_trail (at_ms, actor, action, subject)
    SELECT finished_at_ms, 'triage', 'exam ' || state, exam_id FROM exams WHERE finished_at_ms IS NOT NULL`);
  await run(
    sql`INSERT INTO tallies (name, amount) SELECT 'exam ' || state, count(*) FROM exams GROUP BY state
      UNION ALL SELECT 'referral', count(*) FROM referrals`,
  );
  await run(sql`ANALYZE`);
}
