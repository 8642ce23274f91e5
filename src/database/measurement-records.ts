/** What people enter of a person's bones: T-scores of a DXA and risk factors. A correction is a new row. */
import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { RiskFactors } from '../exam/risk-factors.ts';
import type { TScores } from '../exam/t-scores.ts';
import type { Connection } from './exam-records.ts';
import type { ReferralActor } from './referral-events.ts';
import type { DxaMeasurementTable } from './referral-tables.ts';

/** T-scores as they were entered. */
export interface DxaEntry {
  /** YYYY-MM-DD */
  readonly measuredOn: string;
  readonly tScores: TScores;
}

/** The measurement of a referral that counts; undefined where none was entered. */
export function findMeasurement(
  database: Connection,
  referralId: string,
): Promise<Selectable<DxaMeasurementTable> | undefined> {
  return database
    .selectFrom('dxa_measurements')
    .selectAll()
    .where('referral_id', '=', referralId)
    .where('is_superseded', '=', 0)
    .orderBy('measured_on', 'desc')
    .orderBy('at_ms', 'desc')
    .executeTakeFirst();
}

/** Writes T-scores down in the place of those before; returns its identifier. */
export async function insertMeasurement(
  database: Connection,
  referralId: string,
  entry: DxaEntry,
  { actor, actorName = actor, nowMs }: ReferralActor,
): Promise<string> {
  const dxaId = randomUUID();
  await markSuperseded(database, { referral_id: referralId }, 1);
  await database
    .insertInto('dxa_measurements')
    .values({
      dxa_id: dxaId,
      referral_id: referralId,
      measured_on: entry.measuredOn,
      lumbar_spine_t: entry.tScores.lumbarSpine,
      femoral_neck_t: entry.tScores.femoralNeck,
      total_hip_t: entry.tScores.totalHip,
      actor,
      actor_name: actorName,
      at_ms: nowMs,
    })
    .execute();
  return dxaId;
}

/** Takes T-scores back; those that they took the place of count again. */
export async function withdrawMeasurement(
  database: Connection,
  { dxaId, insteadOf }: { readonly dxaId: string; readonly insteadOf: string | null },
): Promise<void> {
  await markSuperseded(database, { dxa_id: dxaId }, 1);
  if (insteadOf !== null) await markSuperseded(database, { dxa_id: insteadOf }, 0);
}

async function markSuperseded(
  database: Connection,
  of: { readonly referral_id: string } | { readonly dxa_id: string },
  isSuperseded: 0 | 1,
): Promise<void> {
  await database
    .updateTable('dxa_measurements')
    .set({ is_superseded: isSuperseded })
    .where((where) => where.and(of))
    .execute();
}

/** What is known of a person's risk factors; null where nobody entered any. */
export async function findRiskFactors(database: Connection, personId: string): Promise<RiskFactors | null> {
  const row = await database
    .selectFrom('risk_factors')
    .select('factors_json')
    .where('person_id', '=', personId)
    .orderBy('at_ms', 'desc')
    .executeTakeFirst();
  return row === undefined ? null : (JSON.parse(row.factors_json) as RiskFactors);
}

/** Writes risk factors down in the place of those before. */
export async function insertRiskFactors(
  database: Connection,
  personId: string,
  factors: RiskFactors,
  { actor, actorName = actor, nowMs }: ReferralActor,
): Promise<void> {
  await database
    .insertInto('risk_factors')
    .values({
      ...{ risk_id: randomUUID(), person_id: personId, factors_json: JSON.stringify(factors) },
      ...{ actor, actor_name: actorName, at_ms: nowMs },
    })
    .execute();
}
