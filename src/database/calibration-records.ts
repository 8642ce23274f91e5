import type { Connection } from './exam-records.ts';

/** A batch size that was measured to be best. */
export interface Calibration {
  readonly modelSha256: string;
  /** Execution provider, processor and version of the runtime. */
  readonly device: string;
  readonly itemsMax: number;
  readonly measured: readonly { readonly items: number; readonly runMs: number }[];
}

/** The remembered batch size of a model on a device; undefined where it was never measured. */
export async function findCalibration(
  database: Connection,
  { modelSha256, device }: Pick<Calibration, 'modelSha256' | 'device'>,
): Promise<number | undefined> {
  const row = await database
    .selectFrom('calibrations')
    .select('items_max')
    .where('model_sha256', '=', modelSha256)
    .where('device', '=', device)
    .executeTakeFirst();
  return row?.items_max;
}

/** Remembers a batch size; the newest measurement counts. */
export async function recordCalibration(
  database: Connection,
  { modelSha256, device, itemsMax, measured }: Calibration,
  nowMs: number,
): Promise<void> {
  const found = { items_max: itemsMax, measured_json: JSON.stringify(measured), measured_at_ms: nowMs };
  await database
    .insertInto('calibrations')
    .values({ model_sha256: modelSha256, device, ...found })
    .onConflict((conflict) => conflict.columns(['model_sha256', 'device']).doUpdateSet(found))
    .execute();
}
